import Foundation

#if canImport(UIKit)
    import UIKit

    /// The app's windows: looked up when one is needed, and never held.
    @MainActor
    enum Front {
        /// The window in front; nothing while the app is in the background.
        static var window: UIWindow? {
            let scenes = UIApplication.shared.connectedScenes.compactMap { $0 as? UIWindowScene }
            let active = scenes.first { $0.activationState == .foregroundActive }
            let visible = active ?? scenes.first { $0.activationState == .foregroundInactive }
            return visible.flatMap { scene in scene.windows.first(where: \.isKeyWindow) ?? scene.windows.first }
        }

        /// The screen on top of all others.
        static var topmost: UIViewController? {
            var top = window?.rootViewController
            while let above = top?.presentedViewController, !above.isBeingDismissed { top = above }
            return top
        }
    }
#else
    import AppKit

    /// The app's windows: looked up when one is needed, and never held.
    @MainActor
    enum Front {
        /// The window in front.
        static var window: NSWindow? {
            NSApplication.shared.keyWindow ?? NSApplication.shared.mainWindow
                ?? NSApplication.shared.windows.first(where: \.isVisible)
        }

        /// The screen that a sheet is put over.
        static var topmost: NSViewController? { window?.contentViewController }
    }
#endif
