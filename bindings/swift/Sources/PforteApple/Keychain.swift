import Foundation
import LocalAuthentication
import Security

/// What the keychain is asked with. On a Mac always the data protection keychain: the other one knows neither access groups nor
/// the Secure Enclave.
enum Keychain {
    typealias Attributes = [CFString: Any]

    /// A query for the private key under `tag`.
    static func key(_ tag: String, in accessGroup: String?) -> Attributes {
        var query: Attributes = [
            kSecClass: kSecClassKey,
            kSecAttrKeyClass: kSecAttrKeyClassPrivate,
            kSecAttrApplicationTag: Data(tag.utf8),
            kSecUseDataProtectionKeychain: true,
        ]
        query[kSecAttrAccessGroup] = accessGroup
        return query
    }

    /// The private key under `tag`, or nothing. `context` is asked when the key is used.
    static func privateKey(
        _ tag: String, in accessGroup: String? = nil, context: LAContext? = nil
    ) throws(PlatformFailure) -> SecKey? {
        var query = key(tag, in: accessGroup)
        query[kSecReturnRef] = true
        query[kSecMatchLimit] = kSecMatchLimitOne
        query[kSecUseAuthenticationContext] = context
        guard let found = try item(query) else { return nil }
        // The class of the query says what it is; Core Foundation's types can't be asked.
        return (found as! SecKey)
    }

    /// What is noted beside the key under `tag`.
    static func label(of tag: String) throws(PlatformFailure) -> String? {
        var query = key(tag, in: nil)
        query[kSecReturnAttributes] = true
        query[kSecMatchLimit] = kSecMatchLimitOne
        let attributes = try item(query) as? [String: Any]
        return attributes?[kSecAttrLabel as String] as? String
    }

    /// The one item, or nothing.
    static func item(_ query: Attributes) throws(PlatformFailure) -> CFTypeRef? {
        var found: CFTypeRef?
        let status = SecItemCopyMatching(query as CFDictionary, &found)
        if status == errSecItemNotFound { return nil }
        guard status == errSecSuccess else { throw PlatformFailure(status) }
        return found
    }

    /// Removes what the query finds; nothing happens where there is nothing.
    static func remove(_ query: Attributes) throws(PlatformFailure) {
        let status = SecItemDelete(query as CFDictionary)
        guard status == errSecSuccess || status == errSecItemNotFound else { throw PlatformFailure(status) }
    }

    /// Makes a P-256 key in the Secure Enclave.
    static func makeEnclaveKey(
        _ tag: String, in accessGroup: String?, readable: CFString, flags: SecAccessControlCreateFlags,
        label: String? = nil
    ) throws(PlatformFailure) -> SecKey {
        let access = try made { SecAccessControlCreateWithFlags(kCFAllocatorDefault, readable, flags, $0) }
        var kept: Attributes = [
            kSecAttrIsPermanent: true,
            kSecAttrApplicationTag: Data(tag.utf8),
            kSecAttrAccessControl: access,
        ]
        kept[kSecAttrLabel] = label
        kept[kSecAttrAccessGroup] = accessGroup
        let attributes: Attributes = [
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrKeySizeInBits: 256,
            kSecAttrTokenID: kSecAttrTokenIDSecureEnclave,
            kSecUseDataProtectionKeychain: true,
            kSecPrivateKeyAttrs: kept,
        ]
        return try made { SecKeyCreateRandomKey(attributes as CFDictionary, $0) }
    }

    /// The result of a call that says by pointer why it gives none.
    static func made<Result>(
        _ call: (UnsafeMutablePointer<Unmanaged<CFError>?>) -> Result?
    ) throws(PlatformFailure) -> Result {
        var reason: Unmanaged<CFError>?
        let result = call(&reason)
        if let result { return result }
        throw reason.map { PlatformFailure($0.takeRetainedValue() as any Error) } ?? PlatformFailure(errSecInternalComponent)
    }
}
