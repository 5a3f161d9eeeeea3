import Foundation

#if canImport(CryptoKit)
    import CryptoKit

    /// A P-256 key in memory.
    final class SigningKey: @unchecked Sendable {
        private let key = P256.Signing.PrivateKey()
        var publicKey: Data { key.publicKey.x963Representation }
        func sign(_ data: Data) -> Data { try! key.signature(for: data).rawRepresentation }
    }
#else
    import CTestCrypto

    /// A P-256 key in memory, by OpenSSL: Linux has no CryptoKit.
    final class SigningKey: @unchecked Sendable {
        private let key: OpaquePointer

        init() {
            key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1)
            precondition(EC_KEY_generate_key(key) == 1)
        }

        deinit { EC_KEY_free(key) }

        /// 65 bytes, uncompressed SEC1.
        var publicKey: Data {
            var bytes = [UInt8](repeating: 0, count: 65)
            let point = EC_KEY_get0_public_key(key)
            let written = EC_POINT_point2oct(
                EC_KEY_get0_group(key), point, POINT_CONVERSION_UNCOMPRESSED, &bytes, bytes.count, nil)
            precondition(written == 65)
            return Data(bytes)
        }

        /// 64 bytes, `r || s`, over SHA-256.
        func sign(_ data: Data) -> Data {
            var digest = [UInt8](repeating: 0, count: 32)
            _ = [UInt8](data).withUnsafeBufferPointer { SHA256($0.baseAddress, $0.count, &digest) }
            let signature = ECDSA_do_sign(digest, 32, key)!
            defer { ECDSA_SIG_free(signature) }
            var bytes = [UInt8](repeating: 0, count: 64)
            bytes.withUnsafeMutableBufferPointer { out in
                BN_bn2binpad(ECDSA_SIG_get0_r(signature), out.baseAddress, 32)
                BN_bn2binpad(ECDSA_SIG_get0_s(signature), out.baseAddress! + 32, 32)
            }
            return Data(bytes)
        }
    }
#endif
