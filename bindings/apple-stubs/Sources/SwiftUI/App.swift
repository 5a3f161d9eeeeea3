@MainActor @preconcurrency
public protocol Scene {
    associatedtype Body: Scene
    @MainActor @preconcurrency var body: Body { get }
}

extension Never: Scene {}

public struct WindowGroup<Content: View>: Scene {
    public let stubContent: Content
    public init(@ViewBuilder content: () -> Content) { stubContent = content() }
    public var body: Never { fatalError("a scene without a body") }
}

@MainActor @preconcurrency
public protocol App {
    associatedtype Body: Scene
    @MainActor @preconcurrency var body: Body { get }
    @MainActor @preconcurrency init()
}

extension App {
    @MainActor public static func main() { _ = Self().body }
}

@MainActor
open class UIHostingController<Content: View>: UIViewController {
    open var rootView: Content
    /// Its content, to be read and operated.
    public let stubScreen: StubScreen

    public init(rootView: Content) {
        self.rootView = rootView
        stubScreen = StubScreen(rootView)
        super.init()
    }
}
