import Foundation
import Pforte

#if canImport(UIKit)
    import UIKit
#else
    import AppKit
#endif

/// Tells a client when the app leaves the front and comes back, never when it is merely inactive: a call, the control centre and
/// Face ID's own prompt make it that. What it means is decided in the core: it knows the policy, and which departures (browser,
/// prompt, `announceDeparture`) are exempt.
///
/// A client that was let go of is told nothing any more: it is not held here.
@MainActor
final class SessionLock {
    private weak var client: Pforte?
    private var observers: [(NotificationCenter, any NSObjectProtocol)] = []
    /// In order: what came first is told first.
    private var told = Task<Void, Never> {}

    static func follow(_ pforte: Pforte) {
        let lock = SessionLock()
        lock.client = pforte
        #if canImport(UIKit)
            lock.observe(.default, UIApplication.didEnterBackgroundNotification, inFront: false)
            lock.observe(.default, UIApplication.willEnterForegroundNotification, inFront: true)
        #else
            // A Mac's windows stay visible: left is the Mac itself, when it sleeps or another person's session is shown.
            let workspace = NSWorkspace.shared.notificationCenter
            lock.observe(workspace, NSWorkspace.willSleepNotification, inFront: false)
            lock.observe(workspace, NSWorkspace.sessionDidResignActiveNotification, inFront: false)
            lock.observe(workspace, NSWorkspace.didWakeNotification, inFront: true)
            lock.observe(workspace, NSWorkspace.sessionDidBecomeActiveNotification, inFront: true)
        #endif
    }

    /// The observers hold this object; it lets go of them once the client is gone.
    private func observe(_ center: NotificationCenter, _ name: Notification.Name, inFront: Bool) {
        // The system tells it on the main thread, and at once: afterwards the app may be frozen.
        let observer = center.addObserver(forName: name, object: nil, queue: nil) { _ in
            if Thread.isMainThread {
                MainActor.assumeIsolated { self.tell(inFront) }
            } else {
                Task { @MainActor in self.tell(inFront) }
            }
        }
        observers.append((center, observer))
    }

    private func tell(_ inFront: Bool) {
        guard let client else {
            for (center, observer) in observers { center.removeObserver(observer) }
            observers = []
            return
        }
        let before = told
        // Locking is over in no time, and still must not be frozen half-way.
        let time = AppleBackgroundTime()
        time.prepare()
        let grant = inFront ? nil : try? time.begin(task: "lock")
        told = Task {
            await before.value
            // What went wrong stands in the status; a next departure is told again.
            try? await inFront ? client.enteredForeground() : client.enteredBackground()
            if let grant { try? time.finish(grant: grant) }
        }
    }
}
