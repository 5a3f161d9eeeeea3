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

    /// The ledger in use, in the form asked for; `{}` while there is none. It says up to which entry the account service
    /// has confirmed it: only so far can somebody else vouch that nothing was left out.
    public func export(_ format: ExportFormat = .jsonLd) async throws -> String {
        try await PforteError.rethrown { try await core.consentExport(format: format) }
    }

    /// Takes an exported ledger (JSON-LD) in again, and returns how many of its records were new. What another device
    /// refused counts at once; what it granted counts where the account service has certified it.
    @discardableResult
    public func `import`(_ document: String) async throws -> UInt64 {
        try await PforteError.rethrown { try await core.consentImport(document: document) }
    }

    /// Erases the ledger in use (GDPR, Art. 17): nothing is granted any more, the evidence is destroyed at once, and the
    /// report says what remains and why. A later choice begins a new ledger under a new pseudonym. Works offline.
    @discardableResult
    public func erase() async throws -> ErasureReport {
        try await PforteError.rethrown { try await core.consentErase() }
    }

    /// Brings the known person's ledger and the account service's to the same state. It needs an open session and the
    /// configuration's `consentService`. Broken off, it is simply called again: what arrived is kept.
    @discardableResult
    public func sync() async throws -> SyncReport {
        try await PforteError.rethrown { try await core.consentSync() }
    }
}

/// A sink as the core wants it: whatever it throws is a failure that is offered again.
final class ForwardingSink: EventSink {
    private let take: @Sendable (TrackedEvent) throws -> Void

    init(_ take: @escaping @Sendable (TrackedEvent) throws -> Void) {
        self.take = take
    }

    func deliver(event: TrackedEvent) throws {
        do {
            try take(event)
        } catch {
            throw EventSinkError.Failed(reason: "\(type(of: error))")
        }
    }
}
