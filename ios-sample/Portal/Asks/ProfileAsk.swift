import PforteApple
import SwiftUI

/// Details about the person: only those that are still missing.
struct ProfileAsk: View {
    let fields: [FieldQuestion]
    let locale: String
    let give: @MainActor (Answer) -> Void
    @State private var values: [String: String] = [:]
    @State private var missing: String?

    var body: some View {
        ForEach(fields, id: \.name) { field in
            Text(verbatim: field.label).font(.headline).accessibilityHidden(true)
            control(field).accessibilityIdentifier("field:\(field.name)")
        }
        if let missing { Warning("Please fill this in: \(missing)") }
        MainButton("Continue", action: goOn)
        OtherButton("Cancel") { give(.dismissed) }
    }

    @ViewBuilder private func control(_ field: FieldQuestion) -> some View {
        switch field.kind {
        case .text: TextField(field.label, text: value(field.name)).textFieldStyle(.roundedBorder).textContentType(.name)
        case .email:
            TextField(field.label, text: value(field.name))
                .textFieldStyle(.roundedBorder)
                .textContentType(.emailAddress)
                .keyboardType(.emailAddress)
                .textInputAutocapitalization(.never)
        case .overAge:
            // Only whether the person is old enough is asked, and kept.
            Picker(field.label, selection: value(field.name)) {
                Text("No").tag("under")
                Text("Yes").tag("over")
            }
            .pickerStyle(.segmented)
        case .country:
            Picker(field.label, selection: value(field.name)) {
                Text("Please choose").tag("")
                ForEach(countries, id: \.code) { country in Text(verbatim: country.name).tag(country.code) }
            }
            .pickerStyle(.menu)
        }
    }

    private func value(_ name: String) -> Binding<String> {
        Binding(get: { values[name] ?? "" }, set: { values[name] = $0 })
    }

    private func goOn() {
        let filledIn = fields.map { field in
            let value = (values[field.name] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            return FieldValue(name: field.name, value: value)
        }
        let empty = filledIn.firstIndex(where: \.value.isEmpty)
        missing = empty.map { fields[$0].label }
        if empty == nil { give(.profile(values: filledIn)) }
    }

    /// By their names in the person's language; kept as codes (ISO 3166).
    private var countries: [(code: String, name: String)] {
        let language = Locale(identifier: locale)
        let codes = Locale.Region.isoRegions.map(\.identifier).filter { $0.count == 2 }
        let named = codes.compactMap { code in language.localizedString(forRegionCode: code).map { (code: code, name: $0) } }
        return named.sorted { $0.name.localizedStandardCompare($1.name) == .orderedAscending }
    }
}
