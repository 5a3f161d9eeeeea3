// Not Apple's SDK: see README.md.
@_exported import Foundation
import Security

public enum LAPolicy: Int, Sendable {
    case deviceOwnerAuthenticationWithBiometrics = 1
    case deviceOwnerAuthentication = 2
}

public enum LABiometryType: Int, Sendable {
    case none = 0
    case touchID = 1
    case faceID = 2
}

public let LAErrorDomain = "com.apple.LocalAuthentication"

public struct LAError: Error, Sendable {
    public enum Code: Int, Sendable, CaseIterable {
        case authenticationFailed = -1
        case userCancel = -2
        case userFallback = -3
        case systemCancel = -4
        case passcodeNotSet = -5
        case biometryNotAvailable = -6
        case biometryNotEnrolled = -7
        case biometryLockout = -8
        case appCancel = -9
        case invalidContext = -10
        case watchNotAvailable = -11
        case biometryNotPaired = -12
        case biometryDisconnected = -13
        case invalidDimensions = -14
        case notInteractive = -1004
    }
}

/// A context over `StubDevice`.
open class LAContext: NSObject {
    private let condition = NSCondition()
    private var isInvalidated = false

    public override init() {
        super.init()
        StubDevice.shared.note("LAContext()")
    }

    open var localizedReason = ""
    open var localizedFallbackTitle: String?
    open var localizedCancelTitle: String?
    open var touchIDAuthenticationAllowableReuseDuration: TimeInterval = 0
    open var interactionNotAllowed = false
    open private(set) var evaluatedPolicyDomainState: Data?
    open private(set) var biometryType = LABiometryType.none

    open func canEvaluatePolicy(_ policy: LAPolicy, error: UnsafeMutablePointer<NSError?>?) -> Bool {
        let device = StubDevice.shared
        biometryType = device.hasSensor ? .faceID : .none
        guard let code = refusal(policy, of: device) else {
            evaluatedPolicyDomainState = device.enrolled
            return true
        }
        error?.pointee = NSError(domain: LAErrorDomain, code: code.rawValue)
        return false
    }

    private func refusal(_ policy: LAPolicy, of device: StubDevice) -> LAError.Code? {
        if !device.hasPasscode { return .passcodeNotSet }
        if policy == .deviceOwnerAuthentication { return nil }
        if !device.hasSensor { return .biometryNotAvailable }
        if device.enrolled == nil { return .biometryNotEnrolled }
        return device.isLockedOut ? .biometryLockout : nil
    }

    open func invalidate() {
        condition.lock()
        isInvalidated = true
        condition.broadcast()
        condition.unlock()
    }
}

extension LAContext: StubContext {
    public var stubReason: String {
        "\(localizedReason) | \(localizedCancelTitle ?? "-") | reuse \(Int(touchIDAuthenticationAllowableReuseDuration))"
    }

    public var stubIsInvalidated: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isInvalidated
    }

    public func stubWaitForInvalidation() {
        condition.lock()
        while !isInvalidated { condition.wait() }
        condition.unlock()
    }
}
