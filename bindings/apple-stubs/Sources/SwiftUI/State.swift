@propertyWrapper @dynamicMemberLookup
public struct Binding<Value> {
    private let read: () -> Value
    private let write: (Value) -> Void

    public init(get: @escaping () -> Value, set: @escaping (Value) -> Void) {
        read = get
        write = set
    }

    public static func constant(_ value: Value) -> Self { Self(get: { value }, set: { _ in }) }

    public var wrappedValue: Value {
        get { read() }
        nonmutating set { write(newValue) }
    }
    public var projectedValue: Self { self }

    public subscript<T>(dynamicMember path: WritableKeyPath<Value, T>) -> Binding<T> {
        Binding<T>(
            get: { wrappedValue[keyPath: path] },
            set: {
                var whole = wrappedValue
                whole[keyPath: path] = $0
                wrappedValue = whole
            })
    }
}

/// A value that two looks at a view share.
final class StubBox<Value> {
    private var own: Value
    private var found: StubBox<Value>?

    init(_ value: Value) { own = value }

    var value: Value {
        get { found?.value ?? own }
        set { if let found { found.value = newValue } else { own = newValue } }
    }

    @MainActor func find(_ key: String, in place: StubPlace) {
        if let kept = place.screen.boxes[key] as? StubBox<Value> {
            if kept !== self { found = kept }
        } else {
            place.screen.boxes[key] = self
        }
    }
}

@propertyWrapper
public struct State<Value>: StubStateful {
    private let box: StubBox<Value>
    public init(wrappedValue: Value) { box = StubBox(wrappedValue) }
    public init(initialValue: Value) { box = StubBox(initialValue) }
    public var wrappedValue: Value {
        get { box.value }
        nonmutating set { box.value = newValue }
    }
    public var projectedValue: Binding<Value> { Binding(get: { box.value }, set: { box.value = $0 }) }
    func stubFind(_ key: String, in place: StubPlace) { box.find(key, in: place) }
}

extension State where Value: ExpressibleByNilLiteral {
    public init() { self.init(wrappedValue: nil) }
}

/// As in Combine, which is not on Linux. A screen here is looked at anew each time, so that nobody has to be told of changes.
public protocol ObservableObject: AnyObject {}

@propertyWrapper
public struct Published<Value> {
    public var wrappedValue: Value
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
    public init(initialValue: Value) { wrappedValue = initialValue }
}

@propertyWrapper
public struct StateObject<Object: ObservableObject>: StubStateful {
    private final class Lazy {
        let make: () -> Object
        lazy var object = make()
        init(_ make: @escaping () -> Object) { self.make = make }
    }

    private let box: StubBox<Lazy>
    public init(wrappedValue make: @autoclosure @escaping () -> Object) { box = StubBox(Lazy(make)) }
    @MainActor public var wrappedValue: Object { box.value.object }
    @MainActor public var projectedValue: ObservedObject<Object>.Wrapper { .init(object: wrappedValue) }
    func stubFind(_ key: String, in place: StubPlace) { box.find(key, in: place) }
}

@propertyWrapper
public struct ObservedObject<Object: ObservableObject> {
    @MainActor @dynamicMemberLookup
    public struct Wrapper {
        let object: Object
        public subscript<T>(dynamicMember path: ReferenceWritableKeyPath<Object, T>) -> Binding<T> {
            Binding(get: { object[keyPath: path] }, set: { object[keyPath: path] = $0 })
        }
    }

    public var wrappedValue: Object
    public init(wrappedValue: Object) { self.wrappedValue = wrappedValue }
    @MainActor public var projectedValue: Wrapper { Wrapper(object: wrappedValue) }
}

@propertyWrapper
public struct EnvironmentObject<Object: ObservableObject>: StubStateful {
    private let box = StubBox<Object?>(nil)
    public init() {}
    @MainActor public var wrappedValue: Object {
        guard let object = box.value else { fatalError("no \(Object.self) in the environment: add .environmentObject(_:)") }
        return object
    }
    @MainActor public var projectedValue: ObservedObject<Object>.Wrapper { .init(object: wrappedValue) }
    func stubFind(_ key: String, in place: StubPlace) {
        box.value = place.environment.objects[ObjectIdentifier(Object.self)] as? Object
    }
}

@MainActor
public struct DismissAction {
    let dismiss: () -> Void
    public func callAsFunction() { dismiss() }
}

@MainActor
public struct OpenURLAction {
    public func callAsFunction(_ url: URL) { EnvironmentValues.stubOpened.append(url) }
}

public enum ScenePhase: Sendable, Comparable { case background, inactive, active }
public enum ColorScheme: Sendable { case light, dark }

@MainActor
public struct EnvironmentValues {
    /// The addresses that were handed to the system.
    public static var stubOpened: [URL] = []
    var objects: [ObjectIdentifier: AnyObject] = [:]
    public var locale = Locale(identifier: "en")
    public var scenePhase = ScenePhase.active
    public var colorScheme = ColorScheme.light
    public var isPresented = false
    public var dismiss = DismissAction {}
    public var openURL: OpenURLAction { OpenURLAction() }
    public init() {}
}

@propertyWrapper
public struct Environment<Value>: StubStateful {
    private let path: KeyPath<EnvironmentValues, Value>
    private let box = StubBox<Value?>(nil)
    public init(_ path: KeyPath<EnvironmentValues, Value>) { self.path = path }
    @MainActor public var wrappedValue: Value { box.value ?? EnvironmentValues()[keyPath: path] }
    func stubFind(_ key: String, in place: StubPlace) { box.value = place.environment[keyPath: path] }
}

@propertyWrapper
public struct FocusState<Value: Hashable>: StubStateful {
    private let box: StubBox<Value>
    public init() where Value == Bool { box = StubBox(false) }
    public init<T>() where Value == T? { box = StubBox(nil) }
    public var wrappedValue: Value {
        get { box.value }
        nonmutating set { box.value = newValue }
    }
    public struct Binding { let set: (Value) -> Void }
    public var projectedValue: Binding { Binding(set: { box.value = $0 }) }
    func stubFind(_ key: String, in place: StubPlace) { box.find(key, in: place) }
}
