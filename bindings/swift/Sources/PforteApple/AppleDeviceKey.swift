import Foundation
import Pforte
import Security

/// P-256 signing keys in the Secure Enclave, without a prompt; one for each account and purpose. Usable from the first unlock
/// since start on, and bound to this device.
public final class AppleDeviceKey: DeviceKey, @unchecked Sendable {
    private let accessGroup: String?
    /// Two callers must not make two keys of one name.
    private let making = NSLock()

    /// - Parameter accessGroup: a keychain access group shared with the app's extensions; nothing for the app alone.
    public init(accessGroup: String? = nil) {
        self.accessGroup = accessGroup
    }

    public func publicKey(alias: String) throws -> Data {
        try typed { () throws(PlatformFailure) in
            let key = try made(alias)
            guard let publicKey = SecKeyCopyPublicKey(key) else { throw PlatformFailure(errSecItemNotFound) }
            return try Keychain.made { SecKeyCopyExternalRepresentation(publicKey, $0) } as Data
        }
    }

    public func signEs256(alias: String, data: Data) throws -> Data {
        let signature = try typed { () throws(PlatformFailure) in
            guard let key = try Keychain.privateKey(alias, in: accessGroup) else {
                throw PlatformFailure(errSecItemNotFound)
            }
            return try Keychain.made {
                SecKeyCreateSignature(key, .ecdsaSignatureMessageX962SHA256, data as CFData, $0)
            } as Data
        }
        return try rawSignature(signature)
    }

    public func deleteKey(alias: String) throws {
        try typed { () throws(PlatformFailure) in try Keychain.remove(Keychain.key(alias, in: accessGroup)) }
    }

    private func made(_ alias: String) throws(PlatformFailure) -> SecKey {
        making.lock()
        defer { making.unlock() }
        if let key = try Keychain.privateKey(alias, in: accessGroup) { return key }
        return try Keychain.makeEnclaveKey(
            alias, in: accessGroup, readable: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly, flags: .privateKeyUsage)
    }

    private func typed<Result>(_ work: () throws(PlatformFailure) -> Result) throws(DeviceKeyError) -> Result {
        do { return try work() } catch { throw error.ofDeviceKey }
    }
}

/// `r || s` (RFC 7518, section 3.4) out of X9.62's DER: `30 len 02 len r 02 len s`, each number below 128 bytes.
func rawSignature(_ der: Data) throws(DeviceKeyError) -> Data {
    let der = [UInt8](der)
    func number(at start: Int) throws(DeviceKeyError) -> ArraySlice<UInt8> {
        guard start + 2 <= der.count, der[start] == 0x02, der[start + 1] >= 1, start + 2 + Int(der[start + 1]) <= der.count
        else { throw .Failed(reason: "a signature that is no DER") }
        return der[(start + 2)..<(start + 2 + Int(der[start + 1]))]
    }
    func in32Bytes(_ number: ArraySlice<UInt8>) throws(DeviceKeyError) -> Data {
        let digits = number.drop { $0 == 0 }
        guard digits.count <= 32 else { throw .Failed(reason: "a number of more than 32 bytes") }
        return Data(repeating: 0, count: 32 - digits.count) + digits
    }
    let r = try number(at: 2)
    let s = try number(at: r.endIndex)
    return try in32Bytes(r) + in32Bytes(s)
}
