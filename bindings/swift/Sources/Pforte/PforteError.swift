import Foundation
import PforteGenerated

/// What went wrong, named by what the app should do. `hint` is one or two plain sentences and never holds a secret.
public enum PforteError: Error, Equatable, Sendable {
    /// Passing trouble, such as no network: try again. The session is as it was.
    case retry(after: Duration, hint: String)
    /// The session is over: let the person sign in again.
    case signInAgain(hint: String)
    /// A server wants more assurance: `enter(challenge)`, then make the call again (RFC 9470).
    case stepUpNeeded(Challenge, hint: String)
    /// The session is locked: `unlock()`.
    case locked(hint: String)
    /// A setting is wrong; the hint names it and the place to change it. Retrying does not help.
    case fixConfiguration(hint: String)
    /// The device can't do this now, or what it kept can't be read. Never to be shown as "signed out".
    case unavailable(hint: String)
    /// The person, or the app, ended it. Nothing was changed.
    case cancelled(hint: String)
    /// Thrown by `call` alone: the touchpoint was not cleared, so there was nothing to run.
    case notCleared(Entry)

    /// What to do.
    public var hint: String {
        switch self {
        case .notCleared(.stopped(let reason)): reason
        case .notCleared(.abandoned(let place)): "The person gave up at \(place). Offer it again when they come back."
        case .notCleared(.cleared): "The touchpoint was cleared."
        case .retry(_, let hint), .stepUpNeeded(_, let hint), .signInAgain(let hint), .locked(let hint),
            .fixConfiguration(let hint), .unavailable(let hint), .cancelled(let hint):
            hint
        }
    }

    init(_ error: CoreError) {
        self =
            switch error {
            case .Retry(let afterSeconds, let hint): .retry(after: .seconds(afterSeconds), hint: hint)
            case .SignInAgain(let hint): .signInAgain(hint: hint)
            case .StepUpNeeded(let challenge, let hint): .stepUpNeeded(challenge, hint: hint)
            case .Locked(let hint): .locked(hint: hint)
            case .FixConfiguration(let hint): .fixConfiguration(hint: hint)
            case .Unavailable(let hint): .unavailable(hint: hint)
            case .Cancelled(let hint): .cancelled(hint: hint)
            }
    }

    /// Runs `work`; what the core throws comes out as a `PforteError`.
    static func rethrown<Result>(_ work: () async throws -> Result) async throws -> Result {
        do {
            return try await work()
        } catch let error as CoreError {
            throw PforteError(error)
        }
    }
}

extension PforteError: LocalizedError {
    public var errorDescription: String? { hint }
}

extension Entry {
    func orNotCleared() throws {
        guard case .cleared = self else { throw PforteError.notCleared(self) }
    }
}
