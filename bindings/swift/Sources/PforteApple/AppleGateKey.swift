import Foundation
import LocalAuthentication
import Pforte
import Security

/// The gate: a P-256 key in the Secure Enclave that works once for each finger or face, and never again after a new enrolment.
///
/// Wrapping is encryption to the public key (ECIES) and prompts nobody; unwrapping happens in the Secure Enclave, which asks for
/// the finger itself. A yes of the prompt alone opens nothing.
public final class AppleGateKey: GateKey, @unchecked Sendable {
    private static let algorithm = SecKeyAlgorithm.eciesEncryptionCofactorVariableIVX963SHA256AESGCM

    private let allowsDevicePasscode: Bool
    // Guarded by `lock`.
    private var shown: LAContext?
    private let lock = NSLock()
    /// The keychain's calls block, and the prompt's lasts as long as the person takes.
    private let queue = DispatchQueue(label: "com.pforte.gate-key", attributes: .concurrent)

    /// - Parameter allowsDevicePasscode: whether keys may be made that the device's passcode opens.
    public init(allowsDevicePasscode: Bool = false) {
        self.allowsDevicePasscode = allowsDevicePasscode
    }

    public func availability() async throws -> GateAvailability {
        await onQueue { [allowsDevicePasscode] in
            GateAvailability(
                biometric: Enrolment.readiness(),
                wrapPrompts: false,
                deviceCredential: allowsDevicePasscode
                    && LAContext().canEvaluatePolicy(.deviceOwnerAuthentication, error: nil)
            )
        }
    }

    public func createKey(alias: String, kind: GateKind) async throws {
        try await typed { [self] () throws(PlatformFailure) in
            try delete(alias)
            _ = try Keychain.makeEnclaveKey(
                tag(alias, kind), in: nil, readable: kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly,
                flags: kind == .biometric ? [.privateKeyUsage, .biometryCurrentSet] : [.privateKeyUsage, .devicePasscode],
                label: kind == .biometric ? Enrolment.present() : nil)
        }
    }

    public func wrapSecret(alias: String, secret: Data, prompt: Prompt) async throws -> Data {
        try await typed { [self] () throws(PlatformFailure) in
            let (key, _) = try found(alias, context: nil)
            guard let publicKey = SecKeyCopyPublicKey(key) else { throw PlatformFailure(errSecItemNotFound) }
            return try Keychain.made { SecKeyCreateEncryptedData(publicKey, Self.algorithm, secret as CFData, $0) } as Data
        }
    }

    public func unwrapSecret(alias: String, wrapped: Data, prompt: Prompt) async throws -> Data {
        let context = freshContext(prompt)
        defer { forget(context) }
        return try await withTaskCancellationHandler {
            try await typed { [self] () throws(PlatformFailure) in
                let (key, kind) = try found(alias, context: context.context)
                do throws(PlatformFailure) {
                    return try Keychain.made { SecKeyCreateDecryptedData(key, Self.algorithm, wrapped as CFData, $0) } as Data
                } catch {
                    // The platform has many words for a key that a new enrolment made void, and uses them for other things, too.
                    let answered: [PlatformOutcomes.Meaning] = [.cancelled, .lockedOut, .notNow]
                    guard kind == .biometric, !answered.contains(error.meaning),
                        Enrolment.isAnother(
                            than: try Keychain.label(of: tag(alias, kind)))
                    else { throw error }
                    throw PlatformFailure(errSecItemNotFound)
                }
            }
        } onCancel: {
            context.context.invalidate()
        }
    }

    public func deleteKey(alias: String) async throws {
        try await typed { [self] () throws(PlatformFailure) in try delete(alias) }
    }

    public func dismissPrompt() throws {
        lock.withLock { shown }?.invalidate()
    }

    private func delete(_ alias: String) throws(PlatformFailure) {
        for kind in [GateKind.biometric, .deviceCredential] { try Keychain.remove(Keychain.key(tag(alias, kind), in: nil)) }
    }

    /// The key, and its kind: that stands in its name, so that the next process knows which prompt it wants.
    private func found(_ alias: String, context: LAContext?) throws(PlatformFailure) -> (SecKey, GateKind) {
        for kind in [GateKind.biometric, .deviceCredential] {
            if let key = try Keychain.privateKey(tag(alias, kind), context: context) { return (key, kind) }
        }
        throw PlatformFailure(errSecItemNotFound)
    }

    private func tag(_ alias: String, _ kind: GateKind) -> String {
        kind == .biometric ? "\(alias).biometric" : "\(alias).device-credential"
    }

    /// A context for one prompt. Nothing that was confirmed before counts for it.
    private func freshContext(_ prompt: Prompt) -> Held {
        let context = LAContext()
        context.touchIDAuthenticationAllowableReuseDuration = 0
        context.localizedReason = prompt.reason
        context.localizedCancelTitle = prompt.cancel
        // No button for a password that would lead nowhere.
        context.localizedFallbackTitle = ""
        lock.withLock { shown = context }
        return Held(context: context)
    }

    private func forget(_ held: Held) {
        lock.withLock { if shown === held.context { shown = nil } }
    }

    /// Invalidated from any thread while another one waits in it.
    private struct Held: @unchecked Sendable { let context: LAContext }

    private func onQueue<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { waiting in queue.async { waiting.resume(returning: work()) } }
    }

    private func typed<Success: Sendable>(
        _ work: @escaping @Sendable () throws(PlatformFailure) -> Success
    ) async throws(GateError) -> Success {
        let outcome: Result<Success, GateError> = await onQueue {
            do throws(PlatformFailure) { return .success(try work()) } catch { return .failure(error.ofGate) }
        }
        return try outcome.get()
    }
}

/// Whose fingers and faces are enrolled.
enum Enrolment {
    /// How ready the sensor is.
    static func readiness() -> GateReadiness {
        let context = LAContext()
        guard let failure = refusal(of: context) else { return .ready }
        switch failure.meaning {
        case .notEnrolled: return .notEnrolled
        // There is a sensor that this app may not use now, as after the person has refused Face ID to it.
        case .noHardware: return context.biometryType == .none ? .noHardware : .notNow
        default: return .notNow
        }
    }

    /// The platform's name for the fingers and faces that are enrolled now; nothing where it gives none.
    static func present() -> String? {
        let context = LAContext()
        guard refusal(of: context) == nil else { return nil }
        return context.evaluatedPolicyDomainState?.base64EncodedString()
    }

    /// Whether others are enrolled than when `noted` was taken down. Where that can't be known, no.
    static func isAnother(than noted: String?) -> Bool {
        let context = LAContext()
        if let failure = refusal(of: context) { return failure.meaning == .notEnrolled }
        guard let noted, let now = context.evaluatedPolicyDomainState else { return false }
        return now.base64EncodedString() != noted
    }

    private static func refusal(of context: LAContext) -> PlatformFailure? {
        var reason: NSError?
        if context.canEvaluatePolicy(.deviceOwnerAuthenticationWithBiometrics, error: &reason) { return nil }
        return reason.map { PlatformFailure($0 as any Error) } ?? PlatformFailure(errSecNotAvailable)
    }
}
