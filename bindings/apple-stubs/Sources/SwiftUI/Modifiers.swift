public struct Font: Sendable, Equatable {
    let name: String
    public enum Weight: Sendable { case regular, medium, semibold, bold }
    public static let largeTitle = Font(name: "largeTitle"), title = Font(name: "title"), title2 = Font(name: "title2")
    public static let title3 = Font(name: "title3"), headline = Font(name: "headline"), subheadline = Font(name: "subheadline")
    public static let body = Font(name: "body"), callout = Font(name: "callout"), footnote = Font(name: "footnote")
    public static let caption = Font(name: "caption")
    public func bold() -> Font { Font(name: "\(name) bold") }
    public func monospaced() -> Font { Font(name: "\(name) monospaced") }
    public func weight(_ weight: Weight) -> Font { Font(name: "\(name) \(weight)") }
}

public struct Color: StubView, Sendable, Equatable {
    public nonisolated static let red = Color(), secondary = Color(), primary = Color(), accentColor = Color(), green = Color()
    public nonisolated static let yellow = Color(), orange = Color(), blue = Color(), gray = Color(), clear = Color()
    public nonisolated static let white = Color(), black = Color()
    nonisolated init() {}
    public nonisolated init(red: Double, green: Double, blue: Double, opacity: Double = 1) {}
    public nonisolated init(_ name: String, bundle: Bundle? = nil) {}
    public func opacity(_ opacity: Double) -> Color { self }
    public func stubShown(in place: StubPlace) -> [StubNode] { [] }
}

public protocol ShapeStyle: Sendable {}
extension Color: ShapeStyle {}
public struct Material: ShapeStyle { public static let regular = Material(), thin = Material(), bar = Material() }
extension ShapeStyle where Self == Material { public static var regularMaterial: Material { .regular } }
extension ShapeStyle where Self == Material { public static var thinMaterial: Material { .thin } }
extension ShapeStyle where Self == Color {
    public static var red: Color { .red }
    public static var white: Color { .white }
    public static var green: Color { .green }
    public static var orange: Color { .orange }
    public static var yellow: Color { .yellow }
    public static var secondary: Color { .secondary }
    public static var primary: Color { .primary }
}

public enum Axis: Sendable {
    case horizontal, vertical
    public struct Set: OptionSet, Sendable {
        public let rawValue: Int8
        public init(rawValue: Int8) { self.rawValue = rawValue }
        public static let horizontal = Set(rawValue: 1), vertical = Set(rawValue: 2)
    }
}
public enum Visibility: Sendable { case automatic, visible, hidden }
public enum ContentMode: Sendable { case fit, fill }
public enum TextAlignment: Sendable { case leading, center, trailing }
public struct Edge {
    public struct Set: OptionSet, Sendable {
        public let rawValue: Int8
        public init(rawValue: Int8) { self.rawValue = rawValue }
        public static let top = Set(rawValue: 1), leading = Set(rawValue: 2), bottom = Set(rawValue: 4),
            trailing = Set(rawValue: 8)
        public static let all = Set(rawValue: 15), horizontal = Set(rawValue: 10), vertical = Set(rawValue: 5)
    }
}
public struct AccessibilityTraits: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let isHeader = Self(rawValue: 1), isButton = Self(rawValue: 2), isSelected = Self(rawValue: 4)
    public static let updatesFrequently = Self(rawValue: 8)
}
public enum AccessibilityActionKind: Sendable { case `default`, escape, magicTap }
public struct AccessibilityChildBehavior: Sendable { public static let combine = Self(), contain = Self(), ignore = Self() }

/// A style by its name.
public struct StubStyle: Sendable { let name: String }
public protocol PrimitiveButtonStyle { var stubName: String { get } }
public struct BorderedButtonStyle: PrimitiveButtonStyle { public let stubName = "bordered" }
public struct BorderedProminentButtonStyle: PrimitiveButtonStyle { public let stubName = "borderedProminent" }
public struct BorderlessButtonStyle: PrimitiveButtonStyle { public let stubName = "borderless" }
public struct PlainButtonStyle: PrimitiveButtonStyle { public let stubName = "plain" }
extension PrimitiveButtonStyle where Self == BorderedButtonStyle { public static var bordered: Self { .init() } }
extension PrimitiveButtonStyle where Self == BorderedProminentButtonStyle {
    public static var borderedProminent: Self { .init() }
}
extension PrimitiveButtonStyle where Self == BorderlessButtonStyle { public static var borderless: Self { .init() } }
extension PrimitiveButtonStyle where Self == PlainButtonStyle { public static var plain: Self { .init() } }
public struct StubPickerStyle: Sendable {
    let name: String
    public static let segmented = Self(name: "segmented"), menu = Self(name: "menu"), inline = Self(name: "inline")
    public static let automatic = Self(name: "automatic")
}
public struct StubTextFieldStyle: Sendable { public static let roundedBorder = Self(), plain = Self(), automatic = Self() }
public struct StubListStyle: Sendable { public static let insetGrouped = Self(), plain = Self(), automatic = Self() }
public struct StubTitleMode: Sendable { public static let inline = Self(), large = Self(), automatic = Self() }
public struct ControlSize: Sendable { public static let large = Self(), regular = Self(), small = Self() }
public struct TextInputAutocapitalization: Sendable { public static let never = Self(), words = Self(), sentences = Self() }
public struct SubmitLabel: Sendable { public static let done = Self(), next = Self(), send = Self(), go = Self() }
public protocol Shape: Sendable {}
public struct RoundedRectangle: Shape { public init(cornerRadius: CGFloat) {} }
public struct Circle: Shape { public init() {} }
public struct Capsule: Shape { public init() {} }
public struct PresentationDetent: Hashable, Sendable { let n: Int; public static let medium = Self(n: 1), large = Self(n: 2) }

extension View {
    /// Shown as it is.
    private func plain() -> some View { StubModified(content: self) { place, show in show(place) } }

    /// Every node that this view itself is, changed.
    private func each(_ change: @escaping @MainActor (inout StubNode) -> Void) -> some View {
        StubModified(content: self) { place, show in
            show(place).map { node in
                var node = node
                change(&node)
                return node
            }
        }
    }

    // What a person sees.
    public func font(_ font: Font?) -> some View { each { $0.style.append(font?.name ?? "") } }
    public func bold(_ isActive: Bool = true) -> some View { each { if isActive { $0.style.append("bold") } } }
    public func frame(
        width: CGFloat? = nil, height: CGFloat? = nil, alignment: Alignment = .center
    ) -> some View { plain() }
    public func frame(
        minWidth: CGFloat? = nil, idealWidth: CGFloat? = nil, maxWidth: CGFloat? = nil, minHeight: CGFloat? = nil,
        idealHeight: CGFloat? = nil, maxHeight: CGFloat? = nil, alignment: Alignment = .center
    ) -> some View {
        let frame = "frame \(maxWidth.map { "\($0)" } ?? "-") \(minHeight.map { "\($0)" } ?? "-")"
        return each { $0.style.append(frame) }
    }
    public func padding(_ edges: Edge.Set = .all, _ length: CGFloat? = nil) -> some View { plain() }
    public func padding(_ length: CGFloat) -> some View { plain() }
    public func foregroundStyle(_ style: some ShapeStyle) -> some View { plain() }
    public func foregroundColor(_ color: Color?) -> some View { plain() }
    public func tint(_ color: Color?) -> some View { plain() }
    public func background(_ style: some ShapeStyle) -> some View { plain() }
    public func background(_ style: some ShapeStyle, in shape: some Shape) -> some View { plain() }
    public func background<V: View>(@ViewBuilder content: () -> V) -> some View { plain() }
    public func overlay<V: View>(alignment: Alignment = .center, @ViewBuilder content: () -> V) -> some View {
        let content = content()
        return StubModified(content: self) { place, show in show(place) + place.shown(content, "overlay") }
    }
    public func cornerRadius(_ radius: CGFloat) -> some View { plain() }
    public func clipShape(_ shape: some Shape) -> some View { plain() }
    /// What can't be seen at all can be neither read nor pressed. It stays on the screen, and so does what it presents.
    public func opacity(_ opacity: Double) -> some View {
        StubModified(content: self) { place, show in
            let nodes = show(place)
            return opacity > 0 ? nodes : nodes.flatMap(\.everything).filter(\.isPresented)
        }
    }
    public func lineLimit(_ number: Int?) -> some View { plain() }
    public func lineLimit(_ range: PartialRangeFrom<Int>) -> some View { plain() }
    public func multilineTextAlignment(_ alignment: TextAlignment) -> some View { plain() }
    public func fixedSize(horizontal: Bool = true, vertical: Bool = true) -> some View { plain() }
    public func scaledToFit() -> some View { plain() }
    public func scaledToFill() -> some View { plain() }
    public func imageScale(_ scale: Image.Scale) -> some View { plain() }
    public func aspectRatio(_ ratio: CGFloat? = nil, contentMode: ContentMode) -> some View { plain() }
    public func textSelection(_ selectability: Bool) -> some View { plain() }
    public func buttonStyle(_ style: some PrimitiveButtonStyle) -> some View {
        let name = style.stubName
        return each { $0.style.append(name) }
    }
    public func controlSize(_ size: ControlSize) -> some View { plain() }
    public func pickerStyle(_ style: StubPickerStyle) -> some View { each { $0.style.append(style.name) } }
    public func textFieldStyle(_ style: StubTextFieldStyle) -> some View { plain() }
    public func listStyle(_ style: StubListStyle) -> some View { plain() }
    public func labelsHidden() -> some View { plain() }
    public func interactiveDismissDisabled(_ isDisabled: Bool = true) -> some View { plain() }
    public func presentationDetents(_ detents: Set<PresentationDetent>) -> some View { plain() }
    public func navigationTitle(_ title: LocalizedStringKey) -> some View { titled(Text(title)) }
    @_disfavoredOverload public func navigationTitle(_ title: some StringProtocol) -> some View { titled(Text(title)) }
    private func titled(_ title: Text) -> some View {
        StubModified(content: self) { place, show in place.shown(title, "title") + show(place) }
    }
    public func navigationBarTitleDisplayMode(_ mode: StubTitleMode) -> some View { plain() }
    public func keyboardType(_ type: UIKeyboardType) -> some View { plain() }
    public func textContentType(_ type: UITextContentType?) -> some View { plain() }
    public func textInputAutocapitalization(_ way: TextInputAutocapitalization?) -> some View { plain() }
    public func autocorrectionDisabled(_ isDisabled: Bool = true) -> some View { plain() }
    public func submitLabel(_ label: SubmitLabel) -> some View { plain() }
    public func onSubmit(_ action: @escaping () -> Void) -> some View { plain() }
    public func focused(_ condition: FocusState<Bool>.Binding) -> some View { plain() }
    public func privacySensitive(_ isSensitive: Bool = true) -> some View { plain() }
    public func redacted(_ isRedacted: Bool) -> some View { plain() }
    public func animation<V: Equatable>(_ animation: Animation?, value: V) -> some View { plain() }
    public func contentShape(_ shape: some Shape) -> some View { plain() }
    public func badge(_ count: Int) -> some View { plain() }

    public func tag<V: Hashable>(_ tag: V) -> some View { each { $0.tag = AnyHashable(tag) } }
    public func id<V: Hashable>(_ id: V) -> some View {
        StubModified(content: self) { place, show in show(place.below("id\(id)")) }
    }
    public func disabled(_ isDisabled: Bool) -> some View {
        StubModified(content: self) { place, show in
            var inside = place
            inside.isEnabled = place.isEnabled && !isDisabled
            return show(inside)
        }
    }
    public func tabItem<V: View>(@ViewBuilder _ label: () -> V) -> some View {
        let label = label()
        return StubModified(content: self) { place, show in
            let item = StubNode("TabItem", children: place.shown(label, "item"))
            var tab = StubNode("Tab", children: show(place) + [item])
            tab.tag = AnyHashable(item.texts)
            return [tab]
        }
    }

    // What VoiceOver reads.
    public func accessibilityIdentifier(_ identifier: String) -> some View { each { $0.identifier = identifier } }
    public func accessibilityLabel(_ label: Text) -> some View { each { $0.label = label.text } }
    public func accessibilityLabel(_ label: LocalizedStringKey) -> some View { each { $0.label = Text(label).text } }
    @_disfavoredOverload public func accessibilityLabel(_ label: some StringProtocol) -> some View {
        let label = String(label)
        return each { $0.label = label }
    }
    public func accessibilityHint(_ hint: LocalizedStringKey) -> some View { plain() }
    public func accessibilityValue(_ value: LocalizedStringKey) -> some View { plain() }
    public func accessibilityAddTraits(_ traits: AccessibilityTraits) -> some View {
        each { if traits.contains(.isHeader) { $0.traits.insert("header") } }
    }
    public func accessibilityHidden(_ isHidden: Bool) -> some View { each { $0.isHidden = isHidden } }
    public func accessibilityElement(children: AccessibilityChildBehavior = .ignore) -> some View { plain() }
    public func accessibilityAction(_ kind: AccessibilityActionKind = .default, _ action: @escaping @MainActor () -> Void)
        -> some View
    {
        StubModified(content: self) { place, show in
            guard kind == .escape else { return show(place) }
            var escape = StubNode("Escape")
            escape.identifier = "(escape)"
            escape.press = action
            return show(place) + [escape]
        }
    }

    // What happens while it is on the screen.
    public func onAppear(perform action: (() -> Void)? = nil) -> some View {
        StubModified(content: self) { place, show in
            place.screen.begin("\(place.path).appear", id: nil) {
                action?()
                return nil
            }
            return show(place)
        }
    }
    public func onDisappear(perform action: (() -> Void)? = nil) -> some View { plain() }
    public func task(
        priority: TaskPriority = .userInitiated, _ action: @escaping @MainActor @Sendable () async -> Void
    ) -> some View { work(nil, action) }
    public func task<T: Hashable>(
        id: T, priority: TaskPriority = .userInitiated, _ action: @escaping @MainActor @Sendable () async -> Void
    ) -> some View { work(AnyHashable(id), action) }
    private func work(_ id: AnyHashable?, _ action: @escaping @MainActor @Sendable () async -> Void) -> some View {
        StubModified(content: self) { place, show in
            place.screen.begin("\(place.path).task", id: id) { Task { await action() } }
            return show(place)
        }
    }
    public func refreshable(action: @escaping @MainActor @Sendable () async -> Void) -> some View { plain() }
    public func onChange<V: Hashable>(of value: V, perform action: @escaping (V) -> Void) -> some View {
        StubModified(content: self) { place, show in
            let key = "\(place.path).change"
            let before = place.screen.running[key]?.id
            place.screen.begin(key, id: AnyHashable(value)) {
                if before != nil { action(value) }
                return nil
            }
            return show(place)
        }
    }
    public func onOpenURL(perform action: @escaping (URL) -> Void) -> some View {
        StubModified(content: self) { place, show in
            StubOpenedURLs.take = action
            return show(place)
        }
    }
    public func onTapGesture(count: Int = 1, perform action: @escaping @MainActor () -> Void) -> some View {
        each { $0.press = action }
    }
    public func environmentObject<Object: ObservableObject>(_ object: Object) -> some View {
        StubModified(content: self) { place, show in
            var inside = place
            inside.environment.objects[ObjectIdentifier(Object.self)] = object
            return show(inside)
        }
    }
    public func environment<V>(_ path: WritableKeyPath<EnvironmentValues, V>, _ value: V) -> some View {
        StubModified(content: self) { place, show in
            var inside = place
            inside.environment[keyPath: path] = value
            return show(inside)
        }
    }
}

public struct Animation: Sendable { public static let `default` = Animation() }
@MainActor public func withAnimation<Result>(_ animation: Animation? = .default, _ body: () throws -> Result) rethrows -> Result {
    try body()
}

/// Where a link to the app goes. Not Apple's.
@MainActor
public enum StubOpenedURLs { public static var take: (URL) -> Void = { _ in } }
