/// Where a view is shown: its path from the root, by which its state is kept, and its environment. Not Apple's.
@MainActor
public struct StubPlace {
    let path: String
    let screen: StubMemory
    var environment: EnvironmentValues
    var navigation: StubNavigation?
    var isEnabled = true

    func below(_ name: String) -> StubPlace {
        StubPlace(path: "\(path)/\(name)", screen: screen, environment: environment, navigation: navigation, isEnabled: isEnabled)
    }

    /// What a view shows at a path below this one.
    public func shown(_ view: any View, _ name: String) -> [StubNode] {
        let place = below("\(name):\(type(of: view))")
        if let view = view as? any StubView { return view.stubShown(in: place) }
        for child in Mirror(reflecting: view).children {
            (child.value as? any StubStateful)?.stubFind("\(place.path).\(child.label ?? "")", in: place)
        }
        return place.bodyOf(view)
    }

    private func bodyOf<V: View>(_ view: V) -> [StubNode] { shown(view.body, "body") }
}

/// What a screen keeps between two looks at it. Not Apple's.
@MainActor
public final class StubMemory {
    var boxes: [String: AnyObject] = [:]
    var running: [String: (id: AnyHashable?, task: Task<Void, Never>?)] = [:]
    var seen: Set<String> = []

    /// Begins work when its view appears, and again when `id` changes.
    func begin(_ path: String, id: AnyHashable?, _ work: @escaping @MainActor () -> Task<Void, Never>?) {
        seen.insert(path)
        if let before = running[path] {
            guard before.id != id else { return }
            before.task?.cancel()
        }
        running[path] = (id, nil)
        running[path] = (id, work())
    }

    /// Ends the work of views that are gone.
    func settle() {
        for (path, before) in running where !seen.contains(path) {
            before.task?.cancel()
            running.removeValue(forKey: path)
        }
        seen = []
    }
}

/// A property wrapper whose value belongs to the place of its view, not to the view.
@MainActor
protocol StubStateful { func stubFind(_ key: String, in place: StubPlace) }

/// A view on the screen, to be read and operated by a test. Not Apple's.
@MainActor
public final class StubScreen {
    private let show: (StubPlace) -> [StubNode]
    private let memory = StubMemory()
    private let environment: EnvironmentValues

    public init(_ view: some View, environment: EnvironmentValues = EnvironmentValues()) {
        show = { $0.shown(view, "root") }
        self.environment = environment
    }

    /// What is on the screen now. Work that its views begin when they appear begins here.
    public var now: StubNode {
        let nodes = show(StubPlace(path: "", screen: memory, environment: environment))
        memory.settle()
        return StubNode("Screen", children: nodes)
    }

    /// Every node that can be met: what a sheet or a question covers can't.
    public var everything: [StubNode] {
        let all = now.everything
        return all.last(where: \.isPresented)?.everything ?? all
    }

    public var texts: [String] { everything.filter { $0.kind == "Text" }.map(\.text) }

    /// The buttons' identifiers, or their texts where they have none, from top to bottom.
    public var buttons: [String] {
        everything.filter { $0.press != nil }.map { $0.identifier.isEmpty ? $0.texts.joined(separator: " ") : $0.identifier }
    }

    /// The node with this identifier; nothing where there is none.
    public func find(_ identifier: String) -> StubNode? { everything.first { $0.identifier == identifier } }

    /// Presses the button with this identifier or text; whether there was one that could be pressed.
    @discardableResult
    public func press(_ name: String) -> Bool {
        let button = everything.first {
            $0.press != nil && $0.isEnabled
                && ($0.identifier == name || ($0.identifier.isEmpty && $0.texts.contains(name)) || $0.label == name)
        }
        guard let button else { return false }
        button.press?()
        return true
    }

    /// Types into the field with this identifier, in place of what was there.
    @discardableResult
    public func type(_ text: String, into identifier: String) -> Bool {
        guard let field = everything.first(where: { $0.identifier == identifier && $0.entry != nil }), field.isEnabled else {
            return false
        }
        field.entry?.wrappedValue = text
        return true
    }

    /// Turns the switch with this identifier.
    @discardableResult
    public func turn(_ identifier: String, on: Bool) -> Bool {
        guard let toggle = everything.first(where: { $0.identifier == identifier && $0.isOn != nil }), toggle.isEnabled else {
            return false
        }
        toggle.isOn?.wrappedValue = on
        return true
    }

    /// Chooses the answer with this text in the picker with this identifier.
    @discardableResult
    public func choose(_ text: String, in identifier: String) -> Bool {
        guard let picker = everything.first(where: { $0.identifier == identifier && $0.select != nil }), picker.isEnabled,
            let tag = picker.children.flatMap(\.everything).first(where: { $0.tag != nil && $0.texts.contains(text) })?.tag
        else { return false }
        picker.select?(tag)
        return true
    }

    /// VoiceOver's gesture to leave.
    public func escape() { everything.first { $0.kind == "Escape" }?.press?() }
}
