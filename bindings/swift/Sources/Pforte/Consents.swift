import PforteGenerated

/// What was agreed to: seen and changed at any time, offline too.
public struct Consents: Sendable {
    let core: PforteCore

    /// Every purpose of the policy with its state: what, for whom, since when, how to revoke.
    public func purposes() async throws -> [PurposeView] {
        try await PforteError.rethrown { try await core.consentPurposes() }
    }

    /// Takes a consent back; objects, where the basis is legitimate interest.
    public func withdraw(_ purpose: String, by act: Act) async throws {
        try await PforteError.rethrown { try await core.consentWithdraw(purpose: purpose, act: act) }
    }

    /// Agrees from a settings screen that shows the purpose's text as ``purposes()`` returns it.
    public func grant(_ purpose: String, by act: Act) async throws {
        try await PforteError.rethrown { try await core.consentGrant(purpose: purpose, act: act) }
    }

    /// Every entry of the ledger, oldest first, as JSON for display.
    public func history() async throws -> String {
        try await PforteError.rethrown { try await core.consentHistory() }
    }

    /// The ledger as evidence the person can keep (JSON-LD in the shape of ISO/IEC TS 27560).
    public func export() async throws -> String {
        try await PforteError.rethrown { try await core.consentExport() }
    }
}
