import PforteGenerated

/// The gate before the session, for the app's security screen.
///
/// What changes the gate prompts, because the person agrees to it with the key it concerns. Refused or broken off, the gate
/// is as it was.
public struct Security: Sendable {
    let core: PforteCore

    /// How the session is kept, and what the device offers. Prompts nobody.
    public func view() async throws -> SecurityView {
        try await PforteError.rethrown { try await core.securityView() }
    }

    /// Puts the open session behind finger or face. What could open it before opens nothing any more.
    public func turnGateOn() async throws {
        try await PforteError.rethrown { try await core.turnGateOn() }
    }

    /// Takes the gate away from the open session, after the person has opened it once more.
    ///
    /// Throws `fixConfiguration` where the policy requires the gate; do not offer it there.
    public func turnGateOff() async throws {
        try await PforteError.rethrown { try await core.turnGateOff() }
    }

    /// Puts another key in the place of the one behind finger or face, as after a new finger was enrolled.
    public func renewGateKey() async throws {
        try await PforteError.rethrown { try await core.renewGateKey() }
    }

    /// Lets the device's own passcode open the session, too.
    public func addDeviceCredential() async throws {
        try await PforteError.rethrown { try await core.addDeviceCredential() }
    }

    /// Takes that away again; prompts nobody.
    public func removeDeviceCredential() async throws {
        try await PforteError.rethrown { try await core.removeDeviceCredential() }
    }

    /// Whether this device shows whose session it is while it is locked, and fills that in when the person has to sign in
    /// again. Off until the person chooses it; signing out forgets it.
    public func rememberPerson(_ remembers: Bool) async throws {
        try await PforteError.rethrown { try await core.rememberPerson(remembers: remembers) }
    }
}
