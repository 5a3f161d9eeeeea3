import Foundation
import LocalAuthentication
import Pforte
import Security
import Testing

@testable import PforteApple

/// The one fake device is shared: everything that uses it runs one after the other.
@Suite(.serialized) enum OnTheDevice {}

private let words = Prompt(title: "Portal", reason: "Open your session", cancel: "Not now")
private let secret = Data((0..<32).map { UInt8($0) })

extension OnTheDevice {
    @Suite(.serialized) struct GateKeyTests {
        let device = StubDevice.shared
        let key = AppleGateKey(allowsDevicePasscode: true)

        init() { device.reset() }

        @Test func theKeyNeedsTheFingerForEachUse() async throws {
            try await key.createKey(alias: "pforte/main/gate", kind: .biometric)
            let wrapped = try await key.wrapSecret(alias: "pforte/main/gate", secret: secret, prompt: words)
            #expect(wrapped != secret)
            #expect(try await key.unwrapSecret(alias: "pforte/main/gate", wrapped: wrapped, prompt: words) == secret)
            #expect(try await key.unwrapSecret(alias: "pforte/main/gate", wrapped: wrapped, prompt: words) == secret)
            let name = "pforte/main/gate.biometric"
            let ecies = "algid:encrypt:ECIES:ECDHC:KDFX963:SHA256:AESGCM-KDFIV"
            let unlock = [
                "LAContext()",
                "SecItemCopyMatching(\(name) with context)",
                "SecKeyCreateDecryptedData(\(name): \(ecies))",
                "prompt(Open your session | Not now | reuse 0)",
            ]
            #expect(
                device.log == [
                    "SecItemDelete(\(name))",
                    "SecItemDelete(pforte/main/gate.device-credential)",
                    "LAContext()",  // who is enrolled
                    "SecKeyCreateRandomKey(\(name): 73 256 enclave akpu privateKeyUsage+biometryCurrentSet)",
                    "SecItemCopyMatching(\(name))",
                    "SecKeyCreateEncryptedData(\(name): \(ecies))",  // and no prompt
                ] + unlock + unlock)
        }

        @Test func thePasscodesKeyAsksForThePasscode() async throws {
            try await key.createKey(alias: "a", kind: .deviceCredential)
            let wrapped = try await key.wrapSecret(alias: "a", secret: secret, prompt: words)
            // It outlives a new enrolment.
            device.enrolled = Data("another finger".utf8)
            #expect(try await key.unwrapSecret(alias: "a", wrapped: wrapped, prompt: words) == secret)
            #expect(
                device.log.contains(
                    "SecKeyCreateRandomKey(a.device-credential: 73 256 enclave akpu privateKeyUsage+devicePasscode)"))
        }

        @Test(arguments: [
            (StubDevice.Prompt.fails(LAErrorDomain, -1), GateError.NotRecognised),
            (.fails(LAErrorDomain, -2), .Cancelled),
            (.fails("CryptoTokenKit", -4), .Cancelled),
            (.fails(NSOSStatusErrorDomain, -128), .Cancelled),
            (.fails(LAErrorDomain, -8), .LockedOut),
            (.fails(LAErrorDomain, -7), .NotEnrolled),
            (.fails(LAErrorDomain, -4), .NotNow(reason: "com.apple.LocalAuthentication -4")),
            (.fails(LAErrorDomain, -1004), .NotNow(reason: "com.apple.LocalAuthentication -1004")),
            (.fails("CryptoTokenKit", -3), .Failed(reason: "CryptoTokenKit -3")),
        ])
        func aPromptThatFailsLeavesTheKeyAsItIs(prompt: StubDevice.Prompt, error: GateError) async throws {
            try await key.createKey(alias: "a", kind: .biometric)
            let wrapped = try await key.wrapSecret(alias: "a", secret: secret, prompt: words)
            device.prompts = [prompt]
            await #expect(throws: error) { try await key.unwrapSecret(alias: "a", wrapped: wrapped, prompt: words) }
            #expect(try await key.unwrapSecret(alias: "a", wrapped: wrapped, prompt: words) == secret)
        }

        @Test func aNewEnrolmentIsTheEndOfTheKey() async throws {
            try await key.createKey(alias: "a", kind: .biometric)
            let wrapped = try await key.wrapSecret(alias: "a", secret: secret, prompt: words)
            device.enrolled = Data("one finger and another".utf8)
            await #expect(throws: GateError.KeyLost) { try await key.unwrapSecret(alias: "a", wrapped: wrapped, prompt: words) }
            device.enrolled = nil
            await #expect(throws: GateError.KeyLost) { try await key.unwrapSecret(alias: "a", wrapped: wrapped, prompt: words) }
            #expect(!device.log.contains { $0.hasPrefix("prompt(") })
        }

        @Test func aLockoutAfterANewEnrolmentIsNoLossYet() async throws {
            try await key.createKey(alias: "a", kind: .biometric)
            let wrapped = try await key.wrapSecret(alias: "a", secret: secret, prompt: words)
            device.enrolled = Data("another finger".utf8)
            // Locked out, the device does not say who is enrolled.
            device.isLockedOut = true
            await #expect(throws: GateError.Failed(reason: "CryptoTokenKit -3")) {
                try await key.unwrapSecret(alias: "a", wrapped: wrapped, prompt: words)
            }
        }

        @Test func aKeyThatIsGoneIsLostAndOneOutOfReachIsNot() async throws {
            await #expect(throws: GateError.KeyLost) { try await key.unwrapSecret(alias: "a", wrapped: secret, prompt: words) }
            await #expect(throws: GateError.KeyLost) { try await key.wrapSecret(alias: "a", secret: secret, prompt: words) }
            device.isUnlockedSinceStart = false
            let notNow = GateError.NotNow(reason: "NSOSStatusErrorDomain -25308")
            await #expect(throws: notNow) { try await key.unwrapSecret(alias: "a", wrapped: secret, prompt: words) }
        }

        @Test func aPromptThatIsTakenAwayEndsAsCancelled() async throws {
            try await key.createKey(alias: "a", kind: .biometric)
            let wrapped = try await key.wrapSecret(alias: "a", secret: secret, prompt: words)
            device.prompts = [.waits, .waits]
            let dismissed = Task { try await key.unwrapSecret(alias: "a", wrapped: wrapped, prompt: words) }
            try await until { device.log.last?.hasPrefix("prompt(") == true }
            try key.dismissPrompt()
            await #expect(throws: GateError.Cancelled) { try await dismissed.value }
            let before = device.log.count
            let cancelled = Task { try await key.unwrapSecret(alias: "a", wrapped: wrapped, prompt: words) }
            try await until { device.log.count > before && device.log.last?.hasPrefix("prompt(") == true }
            cancelled.cancel()
            await #expect(throws: GateError.Cancelled) { try await cancelled.value }
            // Nothing is on the screen, and nothing happens.
            try key.dismissPrompt()
            #expect(try await key.unwrapSecret(alias: "a", wrapped: wrapped, prompt: words) == secret)
        }

        @Test func theDeviceSaysWhatItOffers() async throws {
            func offered() async throws -> GateAvailability { try await key.availability() }
            #expect(try await offered() == GateAvailability(biometric: .ready, wrapPrompts: false, deviceCredential: true))
            device.isLockedOut = true
            #expect(try await offered().biometric == .notNow)
            device.enrolled = nil
            #expect(try await offered().biometric == .notEnrolled)
            device.hasSensor = false
            #expect(try await offered().biometric == .noHardware)
            device.hasPasscode = false
            #expect(try await offered() == GateAvailability(biometric: .notEnrolled, wrapPrompts: false, deviceCredential: false))
            #expect(try await AppleGateKey().availability().deviceCredential == false)
            #expect(!device.log.contains { $0.hasPrefix("prompt(") })
        }

        @Test func withoutASecureEnclaveThereIsNoGate() async throws {
            device.hasEnclave = false
            await #expect(throws: GateError.NoHardware) { try await key.createKey(alias: "a", kind: .biometric) }
        }

        @Test func aKeyThatIsDeletedIsGone() async throws {
            try await key.createKey(alias: "a", kind: .biometric)
            try await key.deleteKey(alias: "a")
            try await key.deleteKey(alias: "a")
            await #expect(throws: GateError.KeyLost) { try await key.wrapSecret(alias: "a", secret: secret, prompt: words) }
        }
    }

    @Suite(.serialized) struct DeviceKeyTests {
        let device = StubDevice.shared
        let key = AppleDeviceKey()

        init() { device.reset() }

        @Test func aKeyIsMadeOnFirstUseInTheEnclaveAndPromptsNobody() throws {
            let first = try key.publicKey(alias: "pforte/main/dpop")
            #expect(first.count == 65 && first.first == 4)
            #expect(try key.publicKey(alias: "pforte/main/dpop") == first)
            #expect(try key.publicKey(alias: "pforte/main/ledger") != first)
            #expect(try key.signEs256(alias: "pforte/main/dpop", data: Data("hello".utf8)).count == 64)
            let made = device.log.filter { $0.hasPrefix("SecKeyCreateRandomKey") }
            #expect(
                made == [
                    "SecKeyCreateRandomKey(pforte/main/dpop: 73 256 enclave cku privateKeyUsage)",
                    "SecKeyCreateRandomKey(pforte/main/ledger: 73 256 enclave cku privateKeyUsage)",
                ])
            #expect(device.log.contains("SecKeyCreateSignature(pforte/main/dpop: algid:sign:ECDSA:message-X962:SHA256)"))
            #expect(!device.log.contains { $0.hasPrefix("prompt(") || $0 == "LAContext()" })
        }

        @Test func whatIsOutOfReachIsNotLost() throws {
            _ = try key.publicKey(alias: "a")
            device.isUnlockedSinceStart = false
            let notNow = DeviceKeyError.NotNow(reason: "NSOSStatusErrorDomain -25308")
            #expect(throws: notNow) { try key.signEs256(alias: "a", data: Data()) }
            #expect(throws: notNow) { try key.publicKey(alias: "a") }
            device.isUnlockedSinceStart = true
            try key.deleteKey(alias: "a")
            #expect(throws: DeviceKeyError.KeyLost) { try key.signEs256(alias: "a", data: Data()) }
        }

        @Test func keysOfAnAccessGroupAreTheGroups() throws {
            let shared = AppleDeviceKey(accessGroup: "TEAM.group")
            #expect(try shared.publicKey(alias: "a") != key.publicKey(alias: "a"))
            #expect(try shared.publicKey(alias: "a") == AppleDeviceKey(accessGroup: "TEAM.group").publicKey(alias: "a"))
        }

        @Test func aSignatureIsTakenOutOfItsDer() throws {
            // A short number is padded, and the byte before a high bit is dropped.
            let der = Data([0x30, 0x08, 0x02, 0x01, 0x05, 0x02, 0x03, 0x00, 0xff, 0x01])
            var raw = Data(repeating: 0, count: 64)
            raw[31] = 5
            raw[62] = 0xff
            raw[63] = 0x01
            #expect(try rawSignature(der) == raw)
            let none: [[UInt8]] = [[], [0x30, 0x00], [UInt8](der.dropLast()), [0x30, 0x02, 0x02, 0x7f], [0x30, 3, 3, 1, 1]]
            for broken in none.map({ Data($0) }) {
                #expect(throws: DeviceKeyError.Failed(reason: "a signature that is no DER")) { try rawSignature(broken) }
            }
            var long = Data(repeating: 1, count: 40)
            long.replaceSubrange(0..<4, with: [0x30, 0x25, 0x02, 0x21])
            long[37] = 0x02
            #expect(throws: DeviceKeyError.Failed(reason: "a number of more than 32 bytes")) { try rawSignature(long) }
        }
    }

    @Suite(.serialized) struct SecretStoreTests {
        let device = StubDevice.shared
        let store = AppleSecretStore()

        init() { device.reset() }

        @Test func aSecretIsKeptReplacedAndRemoved() throws {
            #expect(try store.read(name: "pforte/main/anchor") == nil)
            try store.write(name: "pforte/main/anchor", secret: Data([1]))
            try store.write(name: "pforte/main/anchor", secret: Data([2]))
            #expect(try store.read(name: "pforte/main/anchor") == Data([2]))
            #expect(try AppleSecretStore(accessGroup: "TEAM.group").read(name: "pforte/main/anchor") == nil)
            try store.remove(name: "pforte/main/anchor")
            try store.remove(name: "pforte/main/anchor")
            #expect(try store.read(name: "pforte/main/anchor") == nil)
            // On this device alone, from the first unlock on.
            #expect(device.log.contains("SecItemAdd(pforte pforte/main/anchor cku)"))
        }

        @Test func couldNotLookIsNeverNothing() throws {
            try store.write(name: "a", secret: Data([1]))
            device.isUnlockedSinceStart = false
            let notNow = StoreError.NotNow(reason: "NSOSStatusErrorDomain -25308")
            #expect(throws: notNow) { try store.read(name: "a") }
            #expect(throws: notNow) { try store.write(name: "a", secret: Data([2])) }
            #expect(throws: notNow) { try store.remove(name: "a") }
            device.isUnlockedSinceStart = true
            device.answer("SecItemCopyMatching", with: errSecDecode)
            #expect(throws: StoreError.Failed(reason: "NSOSStatusErrorDomain -26275")) { try store.read(name: "a") }
            #expect(try store.read(name: "a") == Data([1]))
        }

        @Test func anExtensionThatWritesFirstIsNoTrouble() throws {
            try store.write(name: "a", secret: Data([1]))
            device.answer("SecItemUpdate", with: errSecItemNotFound)
            try store.write(name: "a", secret: Data([2]))
            #expect(try store.read(name: "a") == Data([2]))
        }
    }
}
