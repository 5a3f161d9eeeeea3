import AuthenticationServices
import LocalAuthentication
import Security
import Testing

@testable import PforteApple

/// The table: every number the headers name is in it, and what is in no row is never a loss.
@Suite struct PlatformOutcomesTests {
    @Test func everyErrorOfLocalAuthenticationHasItsRow() {
        let missing = LAError.Code.allCases.filter { PlatformOutcomes.localAuthentication[$0.rawValue] == nil }
        #expect(missing == [] && LAError.Code.allCases.count == 15)
    }

    @Test func everyErrorOfTheKeychainHasItsRow() {
        let missing = stubSecurityErrors.filter { PlatformOutcomes.security[Int($0)] == nil }
        #expect(missing == [] && stubSecurityErrors.count == PlatformOutcomes.security.count)
        // By name and not by number: only these say that a key can't come back.
        let lost = PlatformOutcomes.security.filter { $0.value == .keyLost }.keys.sorted()
        #expect(lost == [Int(errSecInvalidItemRef), Int(errSecItemNotFound)])
    }

    @Test func everyErrorOfTheTokenAndTheBrowserHasItsRow() {
        #expect(PlatformOutcomes.token.keys.sorted() == Array(-9...(-1)))
        let codes = ASWebAuthenticationSessionError.Code.allCases
        #expect(codes.allSatisfy { PlatformOutcomes.webAuthentication[$0.rawValue] != nil })
        #expect(PlatformOutcomes.domains[ASWebAuthenticationSessionErrorDomain] != nil)
    }

    @Test func noOutcomeOfAPromptIsALostKey() {
        #expect(!PlatformOutcomes.localAuthentication.values.contains(.keyLost))
        for code in LAError.Code.allCases {
            #expect(failure(LAErrorDomain, code.rawValue).ofGate != .KeyLost)
        }
        #expect(failure(NSOSStatusErrorDomain, 4711).meaning == .failed)
        #expect(failure("somebody else's", -25300).meaning == .failed)
    }

    /// Each code, and what the app's side of each port is told.
    @Test(arguments: [
        (LAErrorDomain, -2, GateError.Cancelled), (LAErrorDomain, -1, .NotRecognised), (LAErrorDomain, -8, .LockedOut),
        (LAErrorDomain, -7, .NotEnrolled), (LAErrorDomain, -5, .NotEnrolled), (LAErrorDomain, -6, .NoHardware),
        (LAErrorDomain, -4, .NotNow(reason: "com.apple.LocalAuthentication -4")), (LAErrorDomain, -9, .Cancelled),
        (NSOSStatusErrorDomain, -128, .Cancelled), (NSOSStatusErrorDomain, -25300, .KeyLost),
        (NSOSStatusErrorDomain, -25308, .NotNow(reason: "NSOSStatusErrorDomain -25308")),
        ("CryptoTokenKit", -4, .Cancelled), ("CryptoTokenKit", -6, .KeyLost),
        ("CryptoTokenKit", -3, .Failed(reason: "CryptoTokenKit -3")),
    ])
    func whatThePlatformSaysArrivesAsWhatItMeans(domain: String, code: Int, error: GateError) {
        #expect(failure(domain, code).ofGate == error)
    }

    @Test func aDeviceThatIsNotYetUnlockedIsUnavailableAndNeverEmpty() {
        let locked = PlatformFailure(errSecInteractionNotAllowed)
        #expect(locked.ofStore == .NotNow(reason: "NSOSStatusErrorDomain -25308"))
        #expect(locked.ofDeviceKey == .NotNow(reason: "NSOSStatusErrorDomain -25308"))
        #expect(PlatformFailure(errSecItemNotFound).ofDeviceKey == .KeyLost)
    }

    @Test func anErrorIsJudgedByTheCauseThatSaysWhy() {
        let cause = NSError(domain: LAErrorDomain, code: -8, userInfo: [NSLocalizedDescriptionKey: "alice@example.org"])
        let outer = NSError(domain: "CryptoTokenKit", code: -3, userInfo: [NSUnderlyingErrorKey: cause])
        let failure = PlatformFailure(outer as any Error)
        #expect(failure.ofGate == .LockedOut)
        #expect(failure.reason == "CryptoTokenKit -3 by com.apple.LocalAuthentication -8")
    }

    @Test func aMissingEntitlementIsNamed() {
        guard case .Failed(let reason) = PlatformFailure(errSecMissingEntitlement).ofStore else {
            Issue.record("not Failed")
            return
        }
        #expect(reason.contains("keychain-access-groups"))
    }

    private func failure(_ domain: String, _ code: Int) -> PlatformFailure {
        PlatformFailure(NSError(domain: domain, code: code) as any Error)
    }
}
