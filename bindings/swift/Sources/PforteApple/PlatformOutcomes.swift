import Foundation
import LocalAuthentication
import Pforte
import Security

/// The one table from what Apple says to what it means.
///
/// By number and not by name, because a device may say a number that is younger than the SDK this was compiled with. A test
/// walks the numbers that the headers name: one that is not here fails it. What is in no row is `failed`, and never a loss.
enum PlatformOutcomes {
    /// What the errors of all ports have in common.
    enum Meaning: Sendable, Equatable {
        case cancelled, notRecognised, lockedOut, notEnrolled, noHardware, notNow, keyLost, failed
    }

    /// `LAError.Code`, in the domain `com.apple.LocalAuthentication`.
    static let localAuthentication: [Int: Meaning] = [
        -1: .notRecognised,  // authenticationFailed
        -2: .cancelled,  // userCancel
        -3: .cancelled,  // userFallback: the button is hidden, and there is nothing to fall back to
        -4: .notNow,  // systemCancel: another app came to the front
        -5: .notEnrolled,  // passcodeNotSet
        -6: .noHardware,  // biometryNotAvailable; where there is a sensor, `availability` says not now
        -7: .notEnrolled,  // biometryNotEnrolled
        -8: .lockedOut,  // biometryLockout
        -9: .cancelled,  // appCancel: taken off the screen by us
        -10: .cancelled,  // invalidContext: the same, before the prompt came
        -11: .noHardware,  // watchNotAvailable, companionNotAvailable
        -12: .noHardware,  // biometryNotPaired: the Mac's keyboard
        -13: .notNow,  // biometryDisconnected: the same, out of reach
        -14: .failed,  // invalidDimensions
        -1004: .notNow,  // notInteractive
    ]

    /// `errSec*` and what else the keychain's calls return, in the domain `NSOSStatusErrorDomain`.
    static let security: [Int: Meaning] = [
        -4: .noHardware,  // errSecUnimplemented: no Secure Enclave
        -34: .notNow,  // errSecDiskFull
        -36: .notNow,  // errSecIO
        -49: .failed,  // errSecOpWr
        -50: .failed,  // errSecParam
        -61: .failed,  // errSecWrPerm
        -108: .notNow,  // errSecAllocate: no memory
        -128: .cancelled,  // errSecUserCanceled
        -909: .failed,  // errSecBadReq
        -2070: .failed,  // errSecInternalComponent
        -4960: .failed,  // errSecCoreFoundationUnknown
        -25291: .notNow,  // errSecNotAvailable: no keychain now
        -25292: .failed,  // errSecReadOnly
        -25293: .notRecognised,  // errSecAuthFailed
        -25294: .failed,  // errSecNoSuchKeychain
        -25295: .failed,  // errSecInvalidKeychain
        -25299: .failed,  // errSecDuplicateItem
        -25300: .keyLost,  // errSecItemNotFound; where a secret is looked for, it says that there is none
        -25301: .failed,  // errSecBufferTooSmall
        -25302: .failed,  // errSecDataTooLarge
        -25303: .failed,  // errSecNoSuchAttr
        -25304: .keyLost,  // errSecInvalidItemRef: deleted meanwhile
        -25305: .failed,  // errSecInvalidSearchRef
        -25306: .failed,  // errSecNoSuchClass
        -25307: .notNow,  // errSecNoDefaultKeychain
        -25308: .notNow,  // errSecInteractionNotAllowed: before the first unlock since start, or not in front
        -25309: .failed,  // errSecReadOnlyAttr
        -25310: .failed,  // errSecWrongSecVersion
        -25311: .failed,  // errSecKeySizeNotAllowed
        -25312: .failed,  // errSecNoStorageModule
        -25315: .notNow,  // errSecInteractionRequired
        -25316: .notNow,  // errSecDataNotAvailable
        -25317: .failed,  // errSecDataNotModifiable
        -25320: .notNow,  // errSecInDarkWake: the Mac is not fully awake
        -26275: .failed,  // errSecDecode
        -26276: .failed,  // errSecInternal
        -34018: .failed,  // errSecMissingEntitlement
        -34020: .failed,  // errSecRestrictedAPI
        -67673: .notNow,  // errSecServiceNotAvailable
    ]

    /// `TKError.Code`: what the Secure Enclave says itself, in the domain `CryptoTokenKit`.
    static let token: [Int: Meaning] = [
        -1: .noHardware,  // notImplemented
        -2: .notNow,  // communicationError
        -3: .failed,  // corruptedData: also said of a key that a new enrolment made void, which the adapter finds out
        -4: .cancelled,  // canceledByUser
        -5: .notRecognised,  // authenticationFailed
        -6: .keyLost,  // objectNotFound
        -7: .noHardware,  // tokenNotFound: no Secure Enclave
        -8: .failed,  // badParameter
        -9: .notNow,  // authenticationNeeded
    ]

    /// `ASWebAuthenticationSessionError.Code`.
    static let webAuthentication: [Int: Meaning] = [
        1: .cancelled,  // canceledLogin
        2: .notNow,  // presentationContextNotProvided
        3: .notNow,  // presentationContextInvalid
    ]

    /// The tables by error domain.
    static let domains: [String: [Int: Meaning]] = [
        "com.apple.LocalAuthentication": localAuthentication,
        NSOSStatusErrorDomain: security,
        "CryptoTokenKit": token,
        "com.apple.AuthenticationServices.WebAuthenticationSession": webAuthentication,
    ]

    static func meaning(domain: String, code: Int) -> Meaning? { domains[domain]?[code] }
}

/// What a call of the platform failed with. It keeps domain and number alone: the platform's texts may name a person's account.
struct PlatformFailure: Error, Equatable {
    let meaning: PlatformOutcomes.Meaning
    /// The platform's word for it, such as `NSOSStatusErrorDomain -25308`.
    let reason: String

    init(_ status: OSStatus) {
        self.init(NSError(domain: NSOSStatusErrorDomain, code: Int(status)) as any Error)
    }

    /// The first error that has a row decides, from the outside in: Security wraps what the Secure Enclave said.
    init(_ error: any Error) {
        var chain: [NSError] = [error as NSError]
        while chain.count < 8, let cause = chain.last?.userInfo[NSUnderlyingErrorKey] as? NSError { chain.append(cause) }
        let meanings = chain.compactMap { PlatformOutcomes.meaning(domain: $0.domain, code: $0.code) }
        meaning = meanings.first { $0 != .failed } ?? .failed
        reason = chain.map { "\($0.domain) \($0.code)" }.joined(separator: " by ") + PlatformFailure.advice(chain)
    }

    /// The one failure that the app's developer mends.
    private static func advice(_ chain: [NSError]) -> String {
        let lacksEntitlement = chain.contains { $0.domain == NSOSStatusErrorDomain && $0.code == -34018 }
        return lacksEntitlement ? ": sign the app, with the entitlement keychain-access-groups for each group it names" : ""
    }

    /// As a gate's error.
    var ofGate: GateError {
        switch meaning {
        case .cancelled: .Cancelled
        case .notRecognised: .NotRecognised
        case .lockedOut: .LockedOut
        case .notEnrolled: .NotEnrolled
        case .noHardware: .NoHardware
        case .notNow: .NotNow(reason: reason)
        case .keyLost: .KeyLost
        case .failed: .Failed(reason: reason)
        }
    }

    /// As a signing key's error. It prompts nobody, so that nothing of a prompt can be meant.
    var ofDeviceKey: DeviceKeyError {
        switch meaning {
        case .keyLost: .KeyLost
        case .notNow: .NotNow(reason: reason)
        default: .Failed(reason: reason)
        }
    }

    /// As the store's error. A secret that is not there is no error, so that no code of the keychain says that it is lost.
    var ofStore: StoreError {
        switch meaning {
        case .notNow: .NotNow(reason: reason)
        default: .Failed(reason: reason)
        }
    }

    /// As the browser's error.
    var ofUserAgent: UserAgentError {
        switch meaning {
        case .cancelled: .Closed
        case .notNow: .NoBrowser(reason: reason)
        default: .Failed(reason: reason)
        }
    }
}
