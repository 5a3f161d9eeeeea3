import Foundation
import Pforte

#if canImport(UIKit)
    import UIKit

    /// Time to finish work: while a grant is held, iOS does not freeze the process between a token's rotation and its write.
    /// The system decides: some 30 seconds after the app left the front, and less for one that has used them up.
    public final class AppleBackgroundTime: BackgroundTime, @unchecked Sendable {
        private let lock = NSLock()
        // Guarded by `lock`.
        private var application: UIApplication?
        private var held: [UInt64: UIBackgroundTaskIdentifier] = [:]
        private var last: UInt64 = 0

        public init() {}

        /// Finds the app, for calls from other threads. They must not wait for the main thread: it may be waiting for them, as
        /// while a client is let go of.
        @MainActor
        func prepare() {
            let found = UIApplication.shared
            lock.withLock { application = found }
        }

        public func begin(task: String) throws -> Grant {
            guard let application = lock.withLock({ application }) else {
                throw BackgroundError.Failed(reason: "the client was opened without AppleHost")
            }
            let number = lock.withLock {
                last += 1
                return last
            }
            // The system ends the app where a grant that ran out is not given back.
            let identifier = application.beginBackgroundTask(withName: "pforte \(task)") { [weak self] in
                self?.giveBack(number)
            }
            guard identifier != .invalid else { throw BackgroundError.NotGranted }
            lock.withLock { held[number] = identifier }
            return Grant(id: number)
        }

        public func finish(grant: Grant) throws { giveBack(grant.id) }

        private func giveBack(_ number: UInt64) {
            guard let identifier = lock.withLock({ held.removeValue(forKey: number) }) else { return }
            lock.withLock { application }?.endBackgroundTask(identifier)
        }
    }
#else
    /// Time to finish work: while a grant is held, a Mac does not put the app to sleep, nor end it without a word.
    public final class AppleBackgroundTime: BackgroundTime, @unchecked Sendable {
        private let lock = NSLock()
        // Guarded by `lock`.
        private var held: [UInt64: any NSObjectProtocol] = [:]
        private var last: UInt64 = 0

        public init() {}

        @MainActor
        func prepare() {}

        public func begin(task: String) throws -> Grant {
            let options: ProcessInfo.ActivityOptions = [
                .background, .suddenTerminationDisabled, .automaticTerminationDisabled,
            ]
            let activity = ProcessInfo.processInfo.beginActivity(options: options, reason: "pforte \(task)")
            return lock.withLock {
                last += 1
                held[last] = activity
                return Grant(id: last)
            }
        }

        public func finish(grant: Grant) throws {
            guard let activity = lock.withLock({ held.removeValue(forKey: grant.id) }) else { return }
            ProcessInfo.processInfo.endActivity(activity)
        }
    }
#endif
