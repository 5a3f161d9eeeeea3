import Foundation
import Pforte
import Security

/// A few small secrets in the keychain: readable from the first unlock since start on, on this device alone, in no backup that
/// another device could read. An app that was deleted leaves them there; the core starts anew over them.
public final class AppleSecretStore: SecretStore, Sendable {
    private let accessGroup: String?
    private let service = "pforte"

    /// - Parameter accessGroup: a keychain access group shared with the app's extensions; nothing for the app alone.
    public init(accessGroup: String? = nil) {
        self.accessGroup = accessGroup
    }

    public func read(name: String) throws -> Data? {
        try typed { () throws(PlatformFailure) in
            var query = entry(name)
            query[kSecReturnData] = true
            query[kSecMatchLimit] = kSecMatchLimitOne
            return try Keychain.item(query) as? Data
        }
    }

    public func write(name: String, secret: Data) throws {
        try typed { () throws(PlatformFailure) in
            let content: Keychain.Attributes = [
                kSecValueData: secret,
                kSecAttrAccessible: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
            ]
            let updated = SecItemUpdate(entry(name) as CFDictionary, content as CFDictionary)
            if updated == errSecSuccess { return }
            guard updated == errSecItemNotFound else { throw PlatformFailure(updated) }
            let added = SecItemAdd(entry(name).merging(content) { $1 } as CFDictionary, nil)
            guard added == errSecDuplicateItem else {
                if added == errSecSuccess { return }
                throw PlatformFailure(added)
            }
            // An extension was quicker.
            let again = SecItemUpdate(entry(name) as CFDictionary, content as CFDictionary)
            guard again == errSecSuccess else { throw PlatformFailure(again) }
        }
    }

    public func remove(name: String) throws {
        try typed { () throws(PlatformFailure) in try Keychain.remove(entry(name)) }
    }

    private func entry(_ name: String) -> Keychain.Attributes {
        var query: Keychain.Attributes = [
            kSecClass: kSecClassGenericPassword,
            kSecAttrService: service,
            kSecAttrAccount: name,
            kSecUseDataProtectionKeychain: true,
        ]
        query[kSecAttrAccessGroup] = accessGroup
        return query
    }

    private func typed<Result>(_ work: () throws(PlatformFailure) -> Result) throws(StoreError) -> Result {
        do { return try work() } catch { throw error.ofStore }
    }
}
