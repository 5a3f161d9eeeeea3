// Not Apple's SDK: see README.md.
@_exported import Foundation

public struct UIBackgroundTaskIdentifier: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let invalid = Self(rawValue: 0)
}

@MainActor
open class UIApplication: NSObject {
    public static let shared = UIApplication()
    nonisolated public static let didEnterBackgroundNotification = Notification.Name(
        "UIApplicationDidEnterBackgroundNotification")
    nonisolated public static let willEnterForegroundNotification = Notification.Name(
        "UIApplicationWillEnterForegroundNotification")
    nonisolated public static let willResignActiveNotification = Notification.Name("UIApplicationWillResignActiveNotification")
    nonisolated public static let didBecomeActiveNotification = Notification.Name("UIApplicationDidBecomeActiveNotification")

    open var connectedScenes: Set<UIScene> = []

    nonisolated open func beginBackgroundTask(
        withName taskName: String?, expirationHandler handler: (@MainActor @Sendable () -> Void)? = nil
    ) -> UIBackgroundTaskIdentifier {
        StubBackground.shared.begin(taskName ?? "", handler)
    }

    nonisolated open func endBackgroundTask(_ identifier: UIBackgroundTaskIdentifier) { StubBackground.shared.end(identifier) }

    /// A fresh app with one window in front.
    @discardableResult
    public func stubShowWindow() -> UIWindow {
        let window = UIWindow()
        window.rootViewController = UIViewController()
        window.isKeyWindow = true
        let scene = UIWindowScene()
        scene.windows = [window]
        connectedScenes = [scene]
        return window
    }
}

/// Background time, granted or not. Not Apple's.
public final class StubBackground: @unchecked Sendable {
    public static let shared = StubBackground()
    private let lock = NSLock()
    // Guarded by `lock`.
    private var handlers: [UIBackgroundTaskIdentifier: (@MainActor @Sendable () -> Void)?] = [:]
    private var last = 0
    private var isGranted = true
    private var kept: [String] = []

    /// What was begun and ended.
    public var log: [String] { lock.withLock { kept } }
    /// Whether the next wish is granted.
    public func grant(_ granted: Bool) { lock.withLock { isGranted = granted } }
    /// How many are under way.
    public var running: Int { lock.withLock { handlers.count } }

    /// Has the time of all that are under way run out.
    @MainActor public func expire() { lock.withLock { Array(handlers.values) }.forEach { $0?() } }

    func begin(_ name: String, _ handler: (@MainActor @Sendable () -> Void)?) -> UIBackgroundTaskIdentifier {
        lock.withLock {
            guard isGranted else { return .invalid }
            last += 1
            kept.append("begin \(name)")
            handlers[UIBackgroundTaskIdentifier(rawValue: last)] = .some(handler)
            return UIBackgroundTaskIdentifier(rawValue: last)
        }
    }

    func end(_ identifier: UIBackgroundTaskIdentifier) {
        lock.withLock {
            kept.append("end")
            handlers.removeValue(forKey: identifier)
        }
    }
}

@MainActor
open class UIScene: NSObject {
    public enum ActivationState: Int, Sendable { case unattached = -1, foregroundActive, foregroundInactive, background }
    open var activationState = ActivationState.foregroundActive
    public override init() { super.init() }
}

@MainActor
open class UIWindowScene: UIScene { open var windows: [UIWindow] = [] }

@MainActor
open class UIWindow: NSObject {
    open var rootViewController: UIViewController?
    open var isKeyWindow = false
    public override init() { super.init() }
}

@MainActor
open class UIViewController: NSObject {
    open private(set) var presentedViewController: UIViewController?
    open private(set) weak var presentingViewController: UIViewController?
    open private(set) var isBeingDismissed = false
    open var isModalInPresentation = false
    public override init() { super.init() }

    open func present(_ controller: UIViewController, animated: Bool, completion: (() -> Void)? = nil) {
        precondition(presentedViewController == nil, "UIKit presents one screen at a time")
        presentedViewController = controller
        controller.presentingViewController = self
        controller.viewDidAppear(animated)
        completion?()
    }

    open func dismiss(animated: Bool, completion: (() -> Void)? = nil) {
        guard let presented = presentedViewController else {
            presentingViewController?.dismiss(animated: animated, completion: completion)
            return
        }
        presented.isBeingDismissed = true
        presented.viewDidDisappear(animated)
        presented.presentingViewController = nil
        presentedViewController = nil
        // Not within the call, as on a device, where the animation comes between.
        if let completion { Task { @MainActor in completion() } }
    }

    open func viewDidAppear(_ animated: Bool) {}
    open func viewDidDisappear(_ animated: Bool) {}
}

@MainActor
public enum UIAccessibility {
    public struct Notification: Sendable { public static let announcement = Notification() }
    /// What VoiceOver was given to say.
    public private(set) static var stubAnnouncements: [String] = []
    public static func post(notification: Notification, argument: Any?) { stubAnnouncements.append("\(argument ?? "")") }
}

public enum UIKeyboardType: Int, Sendable { case `default`, emailAddress = 7 }

public struct UITextContentType: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public static let name = Self(rawValue: "name")
    public static let emailAddress = Self(rawValue: "email")
}

open class UIImage: NSObject, @unchecked Sendable {
    /// Any bytes are a picture.
    public init?(data: Data) { if data.isEmpty { return nil } }
}
