import Foundation
import Pforte
import SwiftUI

/// One ready-made ask: headline, why, what is asked, and buttons. From top to bottom in the order in which VoiceOver reads it.
///
/// To refuse is a button like the one to agree: the same kind, the same size, and before it. Nothing is chosen beforehand. Texts
/// are the ask's own; sizes and colours follow the person's settings. An app with a presenter of its own may embed it.
public struct AskView: View {
    private let ask: Ask
    private let words: AskWords
    private let give: @MainActor (Answer) -> Void
    @State private var warning = ""
    @State private var choices: [String: Bool] = [:]
    @State private var values: [String: String] = [:]

    /// - Parameter give: takes the person's answer; called once for each press of a button that answers.
    public init(_ ask: Ask, give: @escaping @MainActor (Answer) -> Void) {
        self.ask = ask
        self.give = give
        words = .of(ask.locale)
    }

    public var body: some View {
        ScrollView {
            VStack(alignment: .leading, spacing: 16) {
                heading(ask.title, .title)
                Text(verbatim: ask.text)
                content
                if !warning.isEmpty {
                    Text(verbatim: warning).bold().accessibilityIdentifier("warning")
                }
            }
            .frame(maxWidth: 600, alignment: .leading)
            .padding()
        }
        .accessibilityAction(.escape) { give(.dismissed) }
    }

    @ViewBuilder private var content: some View {
        switch ask.kind {
        case .inform(let notices): inform(notices)
        case .unlock(let loginHint):
            if let loginHint { Text(verbatim: loginHint).font(.headline) }
            proceed(words.unlock, declined: .dismissed)
        case .signIn(let routes):
            ForEach(routes, id: \.id) { route in
                button(route.label, "route:\(route.id)") { give(.proceed(route: route.id)) }
            }
            button(words.notNow, "not-now") { give(.dismissed) }
        case .stepUp: proceed(words.goOn, declined: .dismissed)
        case .profile(let fields): profile(fields)
        case .consent(let questions): consent(questions)
        case .enrolBiometrics, .enrolPasskey: proceed(words.turnOn, declined: .skipped)
        }
    }

    @ViewBuilder private func inform(_ notices: [Notice]) -> some View {
        ForEach(notices, id: \.purpose) { notice in
            heading(notice.title, .headline)
            Text(verbatim: notice.text)
        }
        button(words.close, "close") { give(.dismissed) }
        button(words.goOn, "continue") { give(.acknowledged(act: .pressed("continue"))) }
    }

    @ViewBuilder private func proceed(_ yes: String, declined: Answer) -> some View {
        button(words.notNow, "not-now") { give(declined) }
        button(yes, "proceed") { give(.proceed(route: nil)) }
    }

    // MARK: Consent

    @ViewBuilder private func consent(_ questions: [ConsentQuestion]) -> some View {
        ForEach(questions, id: \.purpose) { question in
            heading(question.title, .headline)
            Text(verbatim: question.text)
            details(question)
            // A question that stands alone is answered by the buttons below.
            if questions.count > 1 {
                picker(question.title, "choice:\(question.purpose)", [words.refuse, words.agree], chosen(question.purpose))
            }
        }
        button(words.refuseAll, "refuse-all") { choose(questions, "refuse-all") { _ in false } }
        button(words.agreeAll, "agree-all") { choose(questions, "agree-all") { _ in true } }
        if questions.count > 1 {
            button(words.save, "save") { choose(questions, "save") { choices[$0.purpose] } }
        }
    }

    @ViewBuilder private func details(_ question: ConsentQuestion) -> some View {
        if let recipient = question.recipient { small("\(words.receives) \(recipient)") }
        if !question.fields.isEmpty { small("\(words.concerns) \(question.fields.joined(separator: ", "))") }
        if let reason = question.requiredBecause { small("\(words.required) \(reason)") }
    }

    private func choose(_ questions: [ConsentQuestion], _ control: String, by granted: (ConsentQuestion) -> Bool?) {
        let made = questions.compactMap { question in
            granted(question).map { ConsentChoice(purpose: question.purpose, granted: $0) }
        }
        guard made.count == questions.count else { return warn(words.choose) }
        give(.consent(choices: made, act: .pressed(control)))
    }

    private func chosen(_ purpose: String) -> Binding<Int?> {
        Binding(
            get: { choices[purpose].map { $0 ? 1 : 0 } },
            set: { choices[purpose] = $0.map { $0 == 1 } })
    }

    // MARK: Profile

    @ViewBuilder private func profile(_ fields: [FieldQuestion]) -> some View {
        ForEach(fields, id: \.name) { field in
            // Read with the control below it.
            Text(verbatim: field.label).font(.headline).accessibilityHidden(true)
            control(field)
        }
        button(words.close, "close") { give(.dismissed) }
        button(words.goOn, "continue") { fillIn(fields) }
    }

    @ViewBuilder private func control(_ field: FieldQuestion) -> some View {
        switch field.kind {
        case .text: line(field).textContentType(.name)
        case .email:
            #if canImport(UIKit)
                line(field).textContentType(.emailAddress).keyboardType(.emailAddress).textInputAutocapitalization(.never)
            #else
                line(field)
            #endif
        case .overAge:
            picker(
                field.label, "field:\(field.name)", [words.no, words.yes],
                Binding(
                    get: { values[field.name].map { $0 == "over" ? 1 : 0 } },
                    set: { values[field.name] = $0.map { $0 == 1 ? "over" : "under" } }))
        case .country:
            Picker(field.label, selection: value(field.name)) {
                Text(verbatim: words.pleaseChoose).tag("")
                ForEach(Countries.named(in: ask.locale), id: \.code) { country in
                    Text(verbatim: country.name).tag(country.code)
                }
            }
            .pickerStyle(.menu)
            .accessibilityIdentifier("field:\(field.name)")
        }
    }

    private func line(_ field: FieldQuestion) -> some View {
        TextField(field.label, text: value(field.name))
            .textFieldStyle(.roundedBorder)
            .accessibilityLabel(Text(verbatim: field.label))
            .accessibilityIdentifier("field:\(field.name)")
    }

    private func value(_ name: String) -> Binding<String> {
        Binding(get: { values[name] ?? "" }, set: { values[name] = $0 })
    }

    private func fillIn(_ fields: [FieldQuestion]) {
        let filledIn = fields.map { field in
            let value = values[field.name] ?? ""
            return FieldValue(name: field.name, value: value.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        if let missing = filledIn.firstIndex(where: \.value.isEmpty) {
            return warn("\(words.fillIn) \(fields[missing].label)")
        }
        give(.profile(values: filledIn))
    }

    // MARK: Parts

    private func heading(_ text: String, _ font: Font) -> some View {
        Text(verbatim: text).font(font).bold().accessibilityAddTraits(.isHeader)
    }

    private func small(_ text: String) -> some View { Text(verbatim: text).font(.footnote) }

    /// Every button of an ask looks the same.
    private func button(_ label: String, _ control: String, press: @escaping @MainActor () -> Void) -> some View {
        Button(action: press) {
            Text(verbatim: label).frame(maxWidth: .infinity, minHeight: 44)
        }
        .buttonStyle(.bordered)
        .accessibilityIdentifier(control)
    }

    /// Answers side by side, of which none is chosen beforehand.
    private func picker(
        _ label: String, _ control: String, _ answers: [String], _ selection: Binding<Int?>
    ) -> some View {
        Picker(label, selection: selection) {
            ForEach(answers.indices, id: \.self) { index in Text(verbatim: answers[index]).tag(Int?.some(index)) }
        }
        .pickerStyle(.segmented)
        .accessibilityLabel(Text(verbatim: label))
        .accessibilityIdentifier(control)
    }

    private func warn(_ message: String) {
        warning = message
        #if canImport(UIKit)
            UIAccessibility.post(notification: .announcement, argument: message)
        #endif
    }
}

/// The countries of ISO 3166-1 by their names.
enum Countries {
    static func named(in locale: String) -> [(code: String, name: String)] {
        let language = Locale(identifier: locale)
        let codes = Locale.Region.isoRegions.map(\.identifier).filter { $0.count == 2 }
        let named = codes.compactMap { code in language.localizedString(forRegionCode: code).map { (code: code, name: $0) } }
        return named.sorted { $0.name.localizedStandardCompare($1.name) == .orderedAscending }
    }
}
