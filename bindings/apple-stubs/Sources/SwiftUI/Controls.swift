/// A key of a string catalogue: words with a place for each value, `%@` for a text and `%lld` for a whole number.
public struct LocalizedStringKey: ExpressibleByStringInterpolation, Equatable, Sendable {
    let key: String
    private let values: [String]
    public init(_ value: String) { (key, values) = (value, []) }
    public init(stringLiteral value: String) { self.init(value) }
    public init(stringInterpolation: StringInterpolation) {
        (key, values) = (stringInterpolation.key, stringInterpolation.values)
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        var key = ""
        var values: [String] = []
        public init(literalCapacity: Int, interpolationCount: Int) {}
        public mutating func appendLiteral(_ literal: String) { key += literal }
        public mutating func appendInterpolation(_ value: String) { place("%@", value) }
        public mutating func appendInterpolation(_ value: Int) { place("%lld", "\(value)") }
        private mutating func place(_ place: String, _ value: String) {
            key += place
            values.append(value)
        }
    }

    /// What a person reads: the key's words in the test's language, with the values in their places.
    var text: String {
        var words = StubStrings.translate?(key, values) ?? key
        for (index, value) in values.enumerated() {
            for place in ["%\(index + 1)$@", "%\(index + 1)$lld", "%@", "%lld"] {
                guard let range = words.range(of: place) else { continue }
                words.replaceSubrange(range, with: value)
                break
            }
        }
        return words
    }
}

public struct Text: StubView {
    let text: String
    var style: [String] = []

    public init(_ key: LocalizedStringKey, tableName: String? = nil, bundle: Bundle? = nil, comment: StaticString? = nil) {
        text = key.text
    }
    @_disfavoredOverload public init<S: StringProtocol>(_ text: S) { self.text = String(text) }
    public init(verbatim text: String) { self.text = text }

    public func stubShown(in place: StubPlace) -> [StubNode] {
        var node = StubNode("Text", text: text)
        node.style = style
        return [node]
    }

    private func with(_ style: String) -> Text {
        var changed = self
        changed.style.append(style)
        return changed
    }

    public func font(_ font: Font?) -> Text { font.map { with($0.name) } ?? self }
    public func bold() -> Text { with("bold") }
    public func italic() -> Text { with("italic") }
    public func fontWeight(_ weight: Font.Weight?) -> Text { self }
    public func foregroundColor(_ color: Color?) -> Text { self }
    public func monospaced() -> Text { with("monospaced") }
    public static func + (one: Text, other: Text) -> Text { Text(verbatim: one.text + other.text) }
}

/// Looks a key of the string catalogue up, if a test sets it; the values decide between one and several. Not Apple's.
public enum StubStrings {
    nonisolated(unsafe) public static var translate: ((_ key: String, _ values: [String]) -> String?)?
}

extension String {
    /// In Foundation this is a type by itself, of the same literals.
    public typealias LocalizationValue = LocalizedStringKey

    public init(
        localized keyAndValue: String.LocalizationValue, table: String? = nil, bundle: Bundle? = nil, locale: Locale = .current,
        comment: StaticString? = nil
    ) { self = keyAndValue.text }
}

public struct Image: StubView {
    private let name: String
    public enum TemplateRenderingMode: Sendable { case original, template }
    public enum Scale: Sendable { case small, medium, large }
    public init(systemName: String) { name = systemName }
    public init(_ name: String) { self.name = name }
    public init(decorative name: String) { self.name = "" }
    public init(uiImage: UIImage) { self.name = "picture" }
    public func resizable() -> Image { self }
    public func stubShown(in place: StubPlace) -> [StubNode] { [StubNode("Image", text: name)] }
}

public struct Label<Title: View, Icon: View>: StubView {
    private let title: Title
    private let icon: Icon
    public init(@ViewBuilder title: () -> Title, @ViewBuilder icon: () -> Icon) { (self.title, self.icon) = (title(), icon()) }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(icon, "icon") + place.shown(title, "title") }
}

extension Label where Title == Text, Icon == Image {
    public init(_ title: LocalizedStringKey, systemImage: String) {
        self.init(title: { Text(title) }, icon: { Image(systemName: systemImage) })
    }
    @_disfavoredOverload public init(_ title: some StringProtocol, systemImage: String) {
        self.init(title: { Text(title) }, icon: { Image(systemName: systemImage) })
    }
}

public struct Spacer: StubView {
    public init(minLength: CGFloat? = nil) {}
    public func stubShown(in place: StubPlace) -> [StubNode] { [] }
}

public struct Divider: StubView {
    public init() {}
    public func stubShown(in place: StubPlace) -> [StubNode] { [] }
}

public struct ProgressView: StubView {
    private let title: Text?
    public init() { title = nil }
    public init(_ title: LocalizedStringKey) { self.title = Text(title) }
    public func stubShown(in place: StubPlace) -> [StubNode] {
        [StubNode("ProgressView", children: title.map { place.shown($0, "title") } ?? [])]
    }
}

public struct ButtonRole: Sendable, Equatable {
    let name: String
    public static let destructive = ButtonRole(name: "destructive"), cancel = ButtonRole(name: "cancel")
}

public struct Button<Label: View>: StubView {
    private let role: ButtonRole?
    private let action: @MainActor () -> Void
    private let label: Label

    public init(action: @escaping @MainActor () -> Void, @ViewBuilder label: () -> Label) {
        self.init(role: nil, action: action, label: label)
    }
    public init(role: ButtonRole?, action: @escaping @MainActor () -> Void, @ViewBuilder label: () -> Label) {
        (self.role, self.action, self.label) = (role, action, label())
    }

    public func stubShown(in place: StubPlace) -> [StubNode] {
        var node = StubNode("Button", children: place.shown(label, "label"))
        node.press = action
        node.isEnabled = place.isEnabled
        node.style = role.map { [$0.name] } ?? []
        return [node]
    }
}

extension Button where Label == Text {
    public init(_ title: LocalizedStringKey, action: @escaping @MainActor () -> Void) {
        self.init(action: action) { Text(title) }
    }
    @_disfavoredOverload public init(_ title: some StringProtocol, action: @escaping @MainActor () -> Void) {
        self.init(action: action) { Text(title) }
    }
    public init(_ title: LocalizedStringKey, role: ButtonRole?, action: @escaping @MainActor () -> Void) {
        self.init(role: role, action: action) { Text(title) }
    }
    @_disfavoredOverload
    public init(_ title: some StringProtocol, role: ButtonRole?, action: @escaping @MainActor () -> Void) {
        self.init(role: role, action: action) { Text(title) }
    }
}

extension Button where Label == SwiftUI.Label<Text, Image> {
    public init(_ title: LocalizedStringKey, systemImage: String, action: @escaping @MainActor () -> Void) {
        self.init(action: action) { SwiftUI.Label(title, systemImage: systemImage) }
    }
}

public struct Link<Label: View>: StubView {
    private let label: Label
    private let destination: URL
    public init(destination: URL, @ViewBuilder label: () -> Label) { (self.destination, self.label) = (destination, label()) }
    public func stubShown(in place: StubPlace) -> [StubNode] {
        place.shown(Button(action: { EnvironmentValues.stubOpened.append(destination) }, label: { label }), "link")
    }
}

extension Link where Label == Text {
    public init(_ title: LocalizedStringKey, destination: URL) { self.init(destination: destination) { Text(title) } }
}

public struct ShareLink<Label: View>: StubView {
    private let label: Label
    public init(item: String, @ViewBuilder label: () -> Label) { self.label = label() }
    public init(item: URL, @ViewBuilder label: () -> Label) { self.label = label() }
    public func stubShown(in place: StubPlace) -> [StubNode] {
        [StubNode("ShareLink", children: place.shown(label, "label"))]
    }
}

public struct TextField: StubView {
    private let title: String
    private let text: Binding<String>
    private let kind: String

    public init(_ title: LocalizedStringKey, text: Binding<String>, axis: Axis = .horizontal) {
        (self.title, self.text, kind) = (Text(title).text, text, "TextField")
    }
    @_disfavoredOverload public init(_ title: some StringProtocol, text: Binding<String>, axis: Axis = .horizontal) {
        (self.title, self.text, kind) = (String(title), text, "TextField")
    }

    public func stubShown(in place: StubPlace) -> [StubNode] {
        var node = StubNode(kind, text: text.wrappedValue)
        node.label = title
        node.entry = text
        node.isEnabled = place.isEnabled
        return [node]
    }
}

public struct SecureField: StubView {
    private let field: TextField
    public init(_ title: LocalizedStringKey, text: Binding<String>) { field = TextField(title, text: text) }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(field, "field") }
}

public struct TextEditor: StubView {
    private let field: TextField
    public init(text: Binding<String>) { field = TextField("" as String, text: text) }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(field, "field") }
}

public struct Toggle<Label: View>: StubView {
    private let label: Label
    private let isOn: Binding<Bool>
    public init(isOn: Binding<Bool>, @ViewBuilder label: () -> Label) { (self.isOn, self.label) = (isOn, label()) }
    public func stubShown(in place: StubPlace) -> [StubNode] {
        var node = StubNode("Toggle", children: place.shown(label, "label"))
        node.isOn = isOn
        node.isEnabled = place.isEnabled
        return [node]
    }
}

extension Toggle where Label == Text {
    public init(_ title: LocalizedStringKey, isOn: Binding<Bool>) { self.init(isOn: isOn) { Text(title) } }
    @_disfavoredOverload public init(_ title: some StringProtocol, isOn: Binding<Bool>) { self.init(isOn: isOn) { Text(title) } }
}

public struct Stepper: StubView {
    private let title: Text
    private let value: Binding<Int>
    private let range: ClosedRange<Int>
    public init(_ title: LocalizedStringKey, value: Binding<Int>, in range: ClosedRange<Int>) {
        (self.title, self.value, self.range) = (Text(title), value, range)
    }
    public func stubShown(in place: StubPlace) -> [StubNode] {
        var node = StubNode("Stepper", text: "\(value.wrappedValue)", children: place.shown(title, "title"))
        node.entry = Binding(get: { "\(value.wrappedValue)" }, set: { Int($0).map { value.wrappedValue = $0 } })
        node.isEnabled = place.isEnabled
        return [node]
    }
}

public struct DatePicker: StubView {
    private let title: Text
    private let selection: Binding<Date>
    public struct Components: OptionSet, Sendable {
        public let rawValue: UInt
        public init(rawValue: UInt) { self.rawValue = rawValue }
        public static let date = Components(rawValue: 1), hourAndMinute = Components(rawValue: 2)
    }
    public init(
        _ title: LocalizedStringKey, selection: Binding<Date>, displayedComponents: Components = [.date, .hourAndMinute]
    ) { (self.title, self.selection) = (Text(title), selection) }
    public init(
        _ title: LocalizedStringKey, selection: Binding<Date>, in range: PartialRangeFrom<Date>,
        displayedComponents: Components = [.date, .hourAndMinute]
    ) { (self.title, self.selection) = (Text(title), selection) }
    public func stubShown(in place: StubPlace) -> [StubNode] {
        [StubNode("DatePicker", text: "\(selection.wrappedValue)", children: place.shown(title, "title"))]
    }
}

public struct Picker<Label: View, Selection: Hashable, Content: View>: StubView {
    private let selection: Binding<Selection>
    private let content: Content
    private let label: Label

    public init(selection: Binding<Selection>, @ViewBuilder content: () -> Content, @ViewBuilder label: () -> Label) {
        (self.selection, self.content, self.label) = (selection, content(), label())
    }

    public func stubShown(in place: StubPlace) -> [StubNode] {
        var node = StubNode("Picker", children: place.shown(content, "content"))
        node.label = place.shown(label, "label").flatMap(\.texts).joined(separator: " ")
        node.selected = AnyHashable(selection.wrappedValue)
        node.text = node.everything.first { $0.tag == node.selected }?.texts.first ?? ""
        node.select = { if let value = $0.base as? Selection { selection.wrappedValue = value } }
        node.isEnabled = place.isEnabled
        return [node]
    }
}

extension Picker where Label == Text {
    public init(_ title: LocalizedStringKey, selection: Binding<Selection>, @ViewBuilder content: () -> Content) {
        self.init(selection: selection, content: content) { Text(title) }
    }
    @_disfavoredOverload
    public init(_ title: some StringProtocol, selection: Binding<Selection>, @ViewBuilder content: () -> Content) {
        self.init(selection: selection, content: content) { Text(title) }
    }
}

public struct Menu<Label: View, Content: View>: StubView {
    private let label: Label
    private let content: Content
    public init(@ViewBuilder content: () -> Content, @ViewBuilder label: () -> Label) {
        (self.content, self.label) = (content(), label())
    }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(label, "label") + place.shown(content, "content") }
}
