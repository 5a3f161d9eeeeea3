import PforteGenerated

/// A sign-in that waits for the person on another device (RFC 8628).
public struct OtherDeviceSignIn: Sendable {
    let waiting: OtherDeviceWait

    /// What to show.
    public var shown: OtherDevice { waiting.shown() }

    /// Waits until the person has confirmed, and settles how the session is kept. Cancelling the task ends the waiting, not
    /// the sign-in: ``Pforte/signInOnOtherDevice()`` takes it up again, also in another process.
    public func wait() async throws {
        try await PforteError.rethrown { try await waiting.waitForPerson() }
    }
}
