/// What has been pushed onto a stack of screens. Not Apple's.
@MainActor
final class StubNavigation {
    var pushed: [@MainActor (StubPlace) -> [StubNode]] = []
    var destinations: [ObjectIdentifier: @MainActor (Any, StubPlace) -> [StubNode]] = [:]
}

public struct NavigationPath: Equatable {
    var elements: [AnyHashable] = []
    public init() {}
    public var count: Int { elements.count }
    public var isEmpty: Bool { elements.isEmpty }
    public mutating func append<V: Hashable>(_ value: V) { elements.append(AnyHashable(value)) }
    public mutating func removeLast(_ count: Int = 1) { elements.removeLast(count) }
}

public struct NavigationStack<Root: View>: StubView {
    private let root: Root
    private let path: Binding<[AnyHashable]>?

    public init(@ViewBuilder root: () -> Root) {
        self.root = root()
        path = nil
    }

    public init(path: Binding<NavigationPath>, @ViewBuilder root: () -> Root) {
        self.root = root()
        self.path = Binding(get: { path.wrappedValue.elements }, set: { path.wrappedValue.elements = $0 })
    }

    public init<Element: Hashable>(path: Binding<[Element]>, @ViewBuilder root: () -> Root) {
        self.root = root()
        self.path = Binding(
            get: { path.wrappedValue.map(AnyHashable.init) }, set: { path.wrappedValue = $0.compactMap { $0.base as? Element } })
    }

    /// The screen on top, and a way back where there is one below it.
    public func stubShown(in place: StubPlace) -> [StubNode] {
        let key = "\(place.path).stack"
        let stack = place.screen.boxes[key] as? StubNavigation ?? StubNavigation()
        place.screen.boxes[key] = stack
        var inside = place
        inside.navigation = stack
        let path = path
        inside.environment.dismiss = DismissAction {
            if !stack.pushed.isEmpty {
                stack.pushed.removeLast()
            } else if path?.wrappedValue.isEmpty == false {
                path?.wrappedValue.removeLast()
            }
        }
        // Read first: it names the destinations.
        let root = inside.shown(root, "root")
        let bound = path?.wrappedValue ?? []
        guard !stack.pushed.isEmpty || !bound.isEmpty else { return root }
        var back = StubNode("Button")
        back.identifier = "back"
        let dismiss = inside.environment.dismiss
        back.press = { dismiss() }
        let depth = stack.pushed.count + bound.count
        if let top = stack.pushed.last { return [back] + top(inside.below("pushed\(depth)")) }
        let value = bound[bound.count - 1].base
        let destination = stack.destinations[ObjectIdentifier(type(of: value))]
        return [back] + (destination?(value, inside.below("pushed\(depth)")) ?? [])
    }
}

public struct NavigationLink<Label: View, Destination: View>: StubView {
    private let label: Label
    private let destination: (() -> Destination)?
    private let value: AnyHashable?

    public init(@ViewBuilder destination: @escaping () -> Destination, @ViewBuilder label: () -> Label) {
        (self.label, self.destination, value) = (label(), destination, nil)
    }

    public func stubShown(in place: StubPlace) -> [StubNode] {
        var node = StubNode("Button", children: place.shown(label, "label"))
        node.isEnabled = place.isEnabled
        let (stack, destination, value) = (place.navigation, destination, value)
        node.press = {
            if let destination { stack?.pushed.append { $0.shown(destination(), "destination") } }
            if let value, let show = stack?.destinations[ObjectIdentifier(type(of: value.base))] {
                stack?.pushed.append { show(value.base, $0) }
            }
        }
        return [node]
    }
}

extension NavigationLink where Label == Text {
    public init(_ title: LocalizedStringKey, @ViewBuilder destination: @escaping () -> Destination) {
        self.init(destination: destination) { Text(title) }
    }
}

extension NavigationLink where Destination == Never {
    public init<V: Hashable>(value: V?, @ViewBuilder label: () -> Label) {
        (self.label, destination, self.value) = (label(), nil, value.map(AnyHashable.init))
    }
}

extension NavigationLink where Label == Text, Destination == Never {
    public init<V: Hashable>(_ title: LocalizedStringKey, value: V?) { self.init(value: value) { Text(title) } }
}

extension View {
    public func navigationDestination<V: Hashable, Destination: View>(
        for type: V.Type, @ViewBuilder destination: @escaping (V) -> Destination
    ) -> some View {
        StubModified(content: self) { place, show in
            place.navigation?.destinations[ObjectIdentifier(type)] = { value, place in
                (value as? V).map { place.shown(destination($0), "destination") } ?? []
            }
            return show(place)
        }
    }

    public func navigationDestination<Destination: View>(
        isPresented: Binding<Bool>, @ViewBuilder destination: @escaping () -> Destination
    ) -> some View { sheet(isPresented: isPresented, content: destination) }

    public func sheet<Content: View>(
        isPresented: Binding<Bool>, onDismiss: (() -> Void)? = nil, @ViewBuilder content: @escaping () -> Content
    ) -> some View {
        StubModified(content: self) { place, show in
            guard isPresented.wrappedValue else { return show(place) }
            var above = place.below("sheet")
            above.navigation = nil
            above.environment.dismiss = DismissAction {
                isPresented.wrappedValue = false
                onDismiss?()
            }
            return show(place) + [StubNode("Sheet", children: above.shown(content(), "content"))]
        }
    }

    public func sheet<Item: Identifiable, Content: View>(
        item: Binding<Item?>, onDismiss: (() -> Void)? = nil, @ViewBuilder content: @escaping (Item) -> Content
    ) -> some View {
        StubModified(content: self) { place, show in
            guard let shown = item.wrappedValue else { return show(place) }
            var above = place.below("sheet\(shown.id)")
            above.navigation = nil
            above.environment.dismiss = DismissAction {
                item.wrappedValue = nil
                onDismiss?()
            }
            return show(place) + [StubNode("Sheet", children: above.shown(content(shown), "content"))]
        }
    }

    public func fullScreenCover<Content: View>(
        isPresented: Binding<Bool>, onDismiss: (() -> Void)? = nil, @ViewBuilder content: @escaping () -> Content
    ) -> some View { sheet(isPresented: isPresented, onDismiss: onDismiss, content: content) }

    public func alert<Actions: View, Message: View>(
        _ title: LocalizedStringKey, isPresented: Binding<Bool>, @ViewBuilder actions: @escaping () -> Actions,
        @ViewBuilder message: @escaping () -> Message
    ) -> some View { asked(Text(title), isPresented, actions, message) }

    public func alert<Actions: View>(
        _ title: LocalizedStringKey, isPresented: Binding<Bool>, @ViewBuilder actions: @escaping () -> Actions
    ) -> some View { asked(Text(title), isPresented, actions) { EmptyView() } }

    public func confirmationDialog<Actions: View, Message: View>(
        _ title: LocalizedStringKey, isPresented: Binding<Bool>, titleVisibility: Visibility = .automatic,
        @ViewBuilder actions: @escaping () -> Actions, @ViewBuilder message: @escaping () -> Message
    ) -> some View { asked(Text(title), isPresented, actions, message) }

    public func confirmationDialog<Actions: View>(
        _ title: LocalizedStringKey, isPresented: Binding<Bool>, titleVisibility: Visibility = .automatic,
        @ViewBuilder actions: @escaping () -> Actions
    ) -> some View { asked(Text(title), isPresented, actions) { EmptyView() } }

    private func asked<Actions: View, Message: View>(
        _ title: Text, _ isPresented: Binding<Bool>, _ actions: @escaping () -> Actions, _ message: @escaping () -> Message
    ) -> some View {
        StubModified(content: self) { place, show in
            guard isPresented.wrappedValue else { return show(place) }
            let buttons = place.shown(actions(), "actions").map { node in
                var closing = node
                let press = node.press
                closing.press = {
                    isPresented.wrappedValue = false
                    press?()
                }
                return closing
            }
            let children = place.shown(title, "title") + place.shown(message(), "message") + buttons
            return show(place) + [StubNode("Alert", children: children)]
        }
    }

    public func toolbar<Content: View>(@ViewBuilder content: @escaping () -> Content) -> some View {
        StubModified(content: self) { place, show in show(place) + place.shown(content(), "toolbar") }
    }
}

public struct ToolbarItemPlacement: Sendable {
    public static let automatic = Self(), primaryAction = Self(), cancellationAction = Self(), confirmationAction = Self()
    public static let navigationBarLeading = Self(), navigationBarTrailing = Self(), bottomBar = Self(), principal = Self()
}

public struct ToolbarItem<Content: View>: StubView {
    private let content: Content
    public init(placement: ToolbarItemPlacement = .automatic, @ViewBuilder content: () -> Content) { self.content = content() }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(content, "item") }
}
