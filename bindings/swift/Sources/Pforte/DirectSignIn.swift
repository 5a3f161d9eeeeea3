import PforteGenerated

/// A sign-in without a page that is under way. It lives in memory: after the end of the process it begins anew.
public struct DirectSignIn: Sendable {
    let steps: DirectSteps

    /// What is to be done first.
    public var first: DirectAsk { steps.first() }

    /// Takes an answer in. What to do next; with `signedIn` it is settled how the session is kept, too. One answer is judged
    /// at a time; ``PforteError/cancelled(hint:)`` names a wrong code: ask for it again.
    public func answer(_ answer: DirectAnswer) async throws -> DirectAsk {
        try await PforteError.rethrown { try await steps.answer(answer: answer) }
    }
}
