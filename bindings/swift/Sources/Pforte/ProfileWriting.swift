import PforteGenerated

extension Pforte {
    /// Has `write` told of each detail that the person fills in, from now on and of those that wait: once it is sealed on this
    /// device, and while the session is open. What it took has the source `account` then.
    ///
    /// The same may come twice. What it throws on stays on this device as it is, and is offered again.
    public func writeProfile(to write: @escaping @Sendable ([ProfileField]) async throws -> Void) async throws {
        try await PforteError.rethrown { try await core.writeProfileTo(writer: ForwardingProfileWriter(write)) }
    }
}

/// A writer as the core wants it: whatever it throws is a failure, and the details are offered again.
private final class ForwardingProfileWriter: ProfileWriter {
    private let write: @Sendable ([ProfileField]) async throws -> Void

    init(_ write: @escaping @Sendable ([ProfileField]) async throws -> Void) {
        self.write = write
    }

    func writeProfile(fields: [ProfileField]) async throws {
        do {
            try await write(fields)
        } catch {
            throw ProfileWriterError.Failed(reason: "\(type(of: error))")
        }
    }
}
