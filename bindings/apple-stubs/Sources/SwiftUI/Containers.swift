public enum HorizontalAlignment: Sendable { case leading, center, trailing }
public enum VerticalAlignment: Sendable { case top, center, bottom, firstTextBaseline }
public struct Alignment: Sendable, Equatable {
    let name: String
    public static let center = Self(name: "center"), leading = Self(name: "leading"), trailing = Self(name: "trailing")
    public static let top = Self(name: "top"), bottom = Self(name: "bottom"), topLeading = Self(name: "topLeading")
    public static let bottomTrailing = Self(name: "bottomTrailing"), topTrailing = Self(name: "topTrailing")
}

public struct VStack<Content: View>: StubView {
    private let content: Content
    public init(alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content) {
        self.content = content()
    }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(content, "v") }
}

public struct LazyVStack<Content: View>: StubView {
    private let content: Content
    public init(alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content) {
        self.content = content()
    }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(content, "v") }
}

public struct HStack<Content: View>: StubView {
    private let content: Content
    public init(alignment: VerticalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content) {
        self.content = content()
    }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(content, "h") }
}

public struct ZStack<Content: View>: StubView {
    private let content: Content
    public init(alignment: Alignment = .center, @ViewBuilder content: () -> Content) { self.content = content() }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(content, "z") }
}

public struct ScrollView<Content: View>: StubView {
    private let content: Content
    public init(@ViewBuilder content: () -> Content) { self.content = content() }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(content, "scroll") }
}

public struct Form<Content: View>: StubView {
    private let content: Content
    public init(@ViewBuilder content: () -> Content) { self.content = content() }
    public func stubShown(in place: StubPlace) -> [StubNode] { [StubNode("Form", children: place.shown(content, "form"))] }
}

public struct Section<Header: View, Content: View, Footer: View>: StubView {
    private let header: Header
    private let content: Content
    private let footer: Footer
    public init(@ViewBuilder content: () -> Content, @ViewBuilder header: () -> Header, @ViewBuilder footer: () -> Footer) {
        (self.header, self.content, self.footer) = (header(), content(), footer())
    }
    public func stubShown(in place: StubPlace) -> [StubNode] {
        place.shown(header, "header") + place.shown(content, "section") + place.shown(footer, "footer")
    }
}

extension Section where Header == EmptyView, Footer == EmptyView {
    public init(@ViewBuilder content: () -> Content) {
        self.init(content: content, header: { EmptyView() }, footer: { EmptyView() })
    }
}

extension Section where Footer == EmptyView {
    public init(@ViewBuilder content: () -> Content, @ViewBuilder header: () -> Header) {
        self.init(content: content, header: header, footer: { EmptyView() })
    }
}

extension Section where Header == EmptyView {
    public init(@ViewBuilder content: () -> Content, @ViewBuilder footer: () -> Footer) {
        self.init(content: content, header: { EmptyView() }, footer: footer)
    }
}

extension Section where Header == Text, Footer == EmptyView {
    public init(_ title: LocalizedStringKey, @ViewBuilder content: () -> Content) {
        self.init(content: content, header: { Text(title) }, footer: { EmptyView() })
    }
    @_disfavoredOverload public init(_ title: some StringProtocol, @ViewBuilder content: () -> Content) {
        self.init(content: content, header: { Text(title) }, footer: { EmptyView() })
    }
}

public struct List<Content: View>: StubView {
    private let content: Content
    public init(@ViewBuilder content: () -> Content) { self.content = content() }
    public init<Data: RandomAccessCollection, Row: View>(
        _ data: Data, @ViewBuilder rowContent: @escaping (Data.Element) -> Row
    ) where Content == ForEach<Data, Data.Element.ID, Row>, Data.Element: Identifiable {
        content = ForEach(data, content: rowContent)
    }
    public init<Data: RandomAccessCollection, ID: Hashable, Row: View>(
        _ data: Data, id: KeyPath<Data.Element, ID>, @ViewBuilder rowContent: @escaping (Data.Element) -> Row
    ) where Content == ForEach<Data, ID, Row> {
        content = ForEach(data, id: id, content: rowContent)
    }
    public func stubShown(in place: StubPlace) -> [StubNode] { [StubNode("List", children: place.shown(content, "list"))] }
}

public struct ForEach<Data: RandomAccessCollection, ID: Hashable, Content: View>: StubView {
    private let data: Data
    private let id: KeyPath<Data.Element, ID>
    private let content: (Data.Element) -> Content

    public init(_ data: Data, @ViewBuilder content: @escaping (Data.Element) -> Content)
    where Data.Element: Identifiable, ID == Data.Element.ID {
        self.init(data, id: \.id, content: content)
    }

    public init(
        _ data: Data, id: KeyPath<Data.Element, ID>, @ViewBuilder content: @escaping (Data.Element) -> Content
    ) {
        (self.data, self.id, self.content) = (data, id, content)
    }

    public func stubShown(in place: StubPlace) -> [StubNode] {
        data.flatMap { place.shown(content($0), "\($0[keyPath: id])") }
    }

    public func onDelete(perform action: ((IndexSet) -> Void)?) -> Self { self }
}

public struct LabeledContent<Label: View, Content: View>: StubView {
    private let label: Label
    private let content: Content
    public init(@ViewBuilder content: () -> Content, @ViewBuilder label: () -> Label) {
        (self.label, self.content) = (label(), content())
    }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(label, "label") + place.shown(content, "content") }
}

extension LabeledContent where Label == Text {
    public init(_ title: LocalizedStringKey, @ViewBuilder content: () -> Content) {
        self.init(content: content) { Text(title) }
    }
}

extension LabeledContent where Label == Text, Content == Text {
    public init(_ title: LocalizedStringKey, value: some StringProtocol) {
        self.init(content: { Text(value) }, label: { Text(title) })
    }
}

public struct DisclosureGroup<Content: View>: StubView {
    private let title: Text
    private let content: Content
    public init(_ title: LocalizedStringKey, @ViewBuilder content: @escaping () -> Content) {
        (self.title, self.content) = (Text(title), content())
    }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(title, "title") + place.shown(content, "content") }
}

public struct TabView<Content: View>: StubView {
    private let content: Content
    private let selection: StubBox<AnyHashable?>
    private let bound: Binding<AnyHashable?>?
    public init(@ViewBuilder content: () -> Content) {
        self.content = content()
        selection = StubBox(nil)
        bound = nil
    }
    public init<Value: Hashable>(selection: Binding<Value>, @ViewBuilder content: () -> Content) {
        self.content = content()
        self.selection = StubBox(nil)
        bound = Binding(
            get: { AnyHashable(selection.wrappedValue) },
            set: { if let value = $0?.base as? Value { selection.wrappedValue = value } })
    }

    /// The tabs' labels as buttons, and the content of the one that is chosen.
    public func stubShown(in place: StubPlace) -> [StubNode] {
        selection.find("\(place.path).tab", in: place)
        let tabs = place.shown(content, "tabs").filter { $0.kind == "Tab" }
        let chosen = bound.map(\.wrappedValue) ?? selection.value
        let tab = tabs.first { $0.tag != nil && $0.tag == chosen } ?? tabs.first
        let bar = tabs.map { tab in
            var button = StubNode("Button", children: tab.everything.first { $0.kind == "TabItem" }?.children ?? [])
            button.identifier = tab.identifier
            let (selection, bound, tag) = (selection, bound, tab.tag)
            button.press = { if let bound { bound.wrappedValue = tag } else { selection.value = tag } }
            return button
        }
        return (tab?.children.filter { $0.kind != "TabItem" } ?? []) + bar
    }
}
