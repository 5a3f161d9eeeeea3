import CStubCrypto
import Foundation

private typealias Attributes = [String: Any]
private let device = StubDevice.shared

public func SecAccessControlCreateWithFlags(
    _ allocator: CFAllocator?, _ protection: CFTypeRef, _ flags: SecAccessControlCreateFlags,
    _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> SecAccessControl? {
    SecAccessControl(protection: "\(protection)", flags: flags)
}

public func SecKeyCreateRandomKey(
    _ parameters: CFDictionary, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> SecKey? {
    let attributes = read(parameters)
    let kept = (attributes["private"] as? NSDictionary).map(read) ?? attributes["private"] as? Attributes ?? [:]
    guard let access = kept["accc"] as? SecAccessControl, let tag = kept["atag"] as? Data else {
        return refused(errSecParam, error)
    }
    let name = String(decoding: tag, as: UTF8.self)
    let enclave = attributes["tkid"] as? String == "com.apple.setoken"
    let kind = "\(attributes["type"] ?? "?") \(attributes["bsiz"] ?? "?") \(enclave ? "enclave" : "software")"
    device.note("SecKeyCreateRandomKey(\(name): \(kind) \(access.protection) \(named(access.flags)))")
    if let status = device.forced("SecKeyCreateRandomKey") { return refused(status, error) }
    guard device.hasEnclave || !enclave else { return refused(errSecUnimplemented, error) }
    let pair = SecKey.Pair(tag: name, access: access, label: kept["labl"] as? String, enrolled: device.enrolled)
    let key = SecKey(pair: pair, isPrivate: true, context: nil)
    if kept["perm"] as? Bool == true { device.with { $0.keys[[name, group(kept)]] = key } }
    return key
}

public func SecKeyCopyPublicKey(_ key: SecKey) -> SecKey? { SecKey(pair: key.pair, isPrivate: false, context: nil) }

public func SecKeyCopyExternalRepresentation(
    _ key: SecKey, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? {
    guard !key.isPrivate else { return refused(errSecUnimplemented, error) }
    var bytes = [UInt8](repeating: 0, count: 65)
    let written = EC_POINT_point2oct(
        EC_KEY_get0_group(key.pair.key), EC_KEY_get0_public_key(key.pair.key), POINT_CONVERSION_UNCOMPRESSED, &bytes, 65, nil)
    precondition(written == 65)
    return NSData(data: Data(bytes))
}

public func SecKeyCreateSignature(
    _ key: SecKey, _ algorithm: SecKeyAlgorithm, _ data: CFData, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? {
    device.note("SecKeyCreateSignature(\(key.pair.tag): \(algorithm.rawValue))")
    if let status = device.forced("SecKeyCreateSignature") { return refused(status, error) }
    guard key.isPrivate, algorithm == .ecdsaSignatureMessageX962SHA256 else { return refused(errSecParam, error) }
    var digest = [UInt8](repeating: 0, count: 32)
    let message = [UInt8](data as Data)
    SHA256(message, message.count, &digest)
    var signature = [UInt8](repeating: 0, count: Int(ECDSA_size(key.pair.key)))
    var length: UInt32 = 0
    precondition(ECDSA_sign(0, digest, 32, &signature, &length, key.pair.key) == 1)
    return NSData(data: Data(signature.prefix(Int(length))))
}

/// Not ECIES: the secret stays here, and what comes back is a random name for it.
public func SecKeyCreateEncryptedData(
    _ key: SecKey, _ algorithm: SecKeyAlgorithm, _ plaintext: CFData, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? {
    device.note("SecKeyCreateEncryptedData(\(key.pair.tag): \(algorithm.rawValue))")
    if let status = device.forced("SecKeyCreateEncryptedData") { return refused(status, error) }
    let handle = Data((0..<64).map { _ in UInt8.random(in: 0...255) })
    key.pair.lock.withLock { key.pair.secrets[handle] = plaintext as Data }
    return NSData(data: handle)
}

public func SecKeyCreateDecryptedData(
    _ key: SecKey, _ algorithm: SecKeyAlgorithm, _ ciphertext: CFData, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? {
    device.note("SecKeyCreateDecryptedData(\(key.pair.tag): \(algorithm.rawValue))")
    if let status = device.forced("SecKeyCreateDecryptedData") { return refused(status, error) }
    guard key.isPrivate else { return refused(errSecParam, error) }
    let flags = key.pair.access.flags
    // A phone was seen to say this of a key whose fingers are not the enrolled ones any more.
    if flags.contains(.biometryCurrentSet), key.pair.enrolled != device.enrolled { return refused("CryptoTokenKit", -3, error) }
    if flags.contains(.biometryCurrentSet) || flags.contains(.devicePasscode) {
        if key.context?.stubIsInvalidated == true { return refused("com.apple.LocalAuthentication", -10, error) }
        device.note("prompt(\(key.context?.stubReason ?? ""))")
        switch device.nextPrompt() {
        case .succeeds: break
        case .fails(let domain, let code): return refused(domain, code, error)
        case .waits:
            key.context?.stubWaitForInvalidation()
            return refused("com.apple.LocalAuthentication", -9, error)
        }
    }
    guard let plaintext = key.pair.lock.withLock({ key.pair.secrets[ciphertext as Data] }) else {
        return refused(errSecParam, error)
    }
    return NSData(data: plaintext)
}

public func SecItemCopyMatching(_ query: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus {
    let query = read(query)
    device.note("SecItemCopyMatching(\(subject(query))\(query["u_AuthCtx"] == nil ? "" : " with context"))")
    if let status = device.forced("SecItemCopyMatching") { return status }
    if query["class"] as? String == "keys" {
        guard let key = device.with({ $0.keys[place(query)] }) else { return errSecItemNotFound }
        if query["r_Attributes"] != nil {
            let label = key.pair.label.map { ["labl": $0] } ?? [:]
            result?.pointee = label as NSDictionary
        } else {
            let context = query["u_AuthCtx"] as? any StubContext
            result?.pointee = SecKey(pair: key.pair, isPrivate: true, context: context)
        }
        return errSecSuccess
    }
    guard let found = device.with({ $0.passwords[place(query)] }), let data = found["v_Data"] as? Data else {
        return errSecItemNotFound
    }
    result?.pointee = NSData(data: data)
    return errSecSuccess
}

public func SecItemAdd(_ attributes: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus {
    let attributes = read(attributes)
    device.note("SecItemAdd(\(subject(attributes)) \(attributes["pdmn"] ?? "?"))")
    if let status = device.forced("SecItemAdd") { return status }
    return device.with { state in
        guard state.passwords[place(attributes)] == nil else { return errSecDuplicateItem }
        state.passwords[place(attributes)] = attributes
        return errSecSuccess
    }
}

public func SecItemUpdate(_ query: CFDictionary, _ attributes: CFDictionary) -> OSStatus {
    let (query, attributes) = (read(query), read(attributes))
    device.note("SecItemUpdate(\(subject(query)) \(attributes["pdmn"] ?? "?"))")
    if let status = device.forced("SecItemUpdate") { return status }
    return device.with { state in
        guard state.passwords[place(query)] != nil else { return errSecItemNotFound }
        state.passwords[place(query)]?.merge(attributes) { $1 }
        return errSecSuccess
    }
}

public func SecItemDelete(_ query: CFDictionary) -> OSStatus {
    let query = read(query)
    device.note("SecItemDelete(\(subject(query)))")
    if let status = device.forced("SecItemDelete") { return status }
    return device.with { state in
        let removed: Any? =
            query["class"] as? String == "keys"
            ? state.keys.removeValue(forKey: place(query)) : state.passwords.removeValue(forKey: place(query))
        return removed == nil ? errSecItemNotFound : errSecSuccess
    }
}

private func read(_ dictionary: NSDictionary) -> Attributes {
    var attributes: Attributes = [:]
    for (key, value) in dictionary { attributes["\(key)"] = value }
    return attributes
}

/// Where an item lies. The fake device has one keychain for all groups, but no item is seen from another group.
private func place(_ query: Attributes) -> [String] {
    if let tag = query["atag"] as? Data { return [String(decoding: tag, as: UTF8.self), group(query)] }
    return ["\(query["svce"] ?? "")", "\(query["acct"] ?? "")", group(query)]
}

private func group(_ query: Attributes) -> String { query["agrp"] as? String ?? "" }

private func subject(_ query: Attributes) -> String {
    place(query).filter { !$0.isEmpty }.joined(separator: " ")
}

private func named(_ flags: SecAccessControlCreateFlags) -> String {
    let names: [(SecAccessControlCreateFlags, String)] = [
        (.privateKeyUsage, "privateKeyUsage"), (.biometryCurrentSet, "biometryCurrentSet"), (.biometryAny, "biometryAny"),
        (.devicePasscode, "devicePasscode"), (.userPresence, "userPresence"),
    ]
    return names.filter { flags.contains($0.0) }.map(\.1).joined(separator: "+")
}

private func refused<Result>(_ status: OSStatus, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?) -> Result? {
    refused(NSOSStatusErrorDomain, Int(status), error)
}

private func refused<Result>(
    _ domain: String, _ code: Int, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> Result? {
    error?.pointee = Unmanaged.passRetained(NSError(domain: domain, code: code))
    return nil
}
