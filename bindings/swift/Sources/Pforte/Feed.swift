import Foundation
import PforteGenerated

/// Hands the core's observations to any number of iterators.
final class Feed: Observer, @unchecked Sendable {
    // Guarded by `lock`, which is never held while foreign code runs.
    private let lock = NSLock()
    private var current: Status
    private var nextID = 0
    private var statusListeners: [Int: AsyncStream<Status>.Continuation] = [:]
    private var eventListeners: [Int: AsyncStream<TouchpointEvent>.Continuation] = [:]
    private var resumedListeners: [Int: AsyncStream<Resumed>.Continuation] = [:]
    /// Ends that came before anybody listened; the first listener gets them.
    private var unheard: [Resumed] = []

    init(current: Status) {
        self.current = current
    }

    func onStatus(status: Status) throws {
        let listeners = lock.withLock {
            current = status
            return Array(statusListeners.values)
        }
        listeners.forEach { $0.yield(status) }
    }

    func onEvent(event: TouchpointEvent) throws {
        lock.withLock { Array(eventListeners.values) }.forEach { $0.yield(event) }
    }

    func onResumed(resumed: Resumed) throws {
        let listeners = lock.withLock {
            if resumedListeners.isEmpty { unheard.append(resumed) }
            return Array(resumedListeners.values)
        }
        listeners.forEach { $0.yield(resumed) }
    }

    /// Starts with the present status; one that is not read in time gives way to the newest.
    func statuses() -> AsyncStream<Status> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let (id, status) = lock.withLock {
                nextID += 1
                statusListeners[nextID] = continuation
                return (nextID, current)
            }
            continuation.yield(status)
            continuation.onTermination = { [weak self] _ in
                self?.lock.withLock { _ = self?.statusListeners.removeValue(forKey: id) }
            }
        }
    }

    func events() -> AsyncStream<TouchpointEvent> {
        AsyncStream { continuation in
            let id = lock.withLock {
                nextID += 1
                eventListeners[nextID] = continuation
                return nextID
            }
            continuation.onTermination = { [weak self] _ in
                self?.lock.withLock { _ = self?.eventListeners.removeValue(forKey: id) }
            }
        }
    }

    /// Starts with what nobody has heard yet.
    func resumed() -> AsyncStream<Resumed> {
        AsyncStream { continuation in
            let (id, earlier) = lock.withLock {
                nextID += 1
                resumedListeners[nextID] = continuation
                defer { unheard = [] }
                return (nextID, unheard)
            }
            earlier.forEach { continuation.yield($0) }
            continuation.onTermination = { [weak self] _ in
                self?.lock.withLock { _ = self?.resumedListeners.removeValue(forKey: id) }
            }
        }
    }
}
