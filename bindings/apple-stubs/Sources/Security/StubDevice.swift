import CStubCrypto
import Foundation

/// The one fake device of this process: who is enrolled, what the next prompt ends with, and its keychain. Not Apple's.
public final class StubDevice: @unchecked Sendable {
    public static let shared = StubDevice()

    /// What a prompt of the system ends with.
    public enum Prompt: Sendable {
        case succeeds
        /// An error's domain and code.
        case fails(String, Int)
        /// Stays on the screen until the app takes it away.
        case waits
    }

    private let lock = NSLock()
    // Guarded by `lock`.
    private var state = State()

    struct State {
        var hasEnclave = true
        var hasSensor = true
        var hasPasscode = true
        var isLockedOut = false
        var isUnlockedSinceStart = true
        var enrolled: Data? = Data("one finger".utf8)
        var prompts: [Prompt] = []
        var statuses: [String: [OSStatus]] = [:]
        var log: [String] = []
        var passwords: [[String]: [String: Any]] = [:]
        var keys: [[String]: SecKey] = [:]
    }

    /// Whether there is a Secure Enclave.
    public var hasEnclave: Bool {
        get { with { $0.hasEnclave } }
        set { with { $0.hasEnclave = newValue } }
    }
    /// Whether there is a sensor for finger or face.
    public var hasSensor: Bool {
        get { with { $0.hasSensor } }
        set { with { $0.hasSensor = newValue } }
    }
    /// Whether a passcode is set.
    public var hasPasscode: Bool {
        get { with { $0.hasPasscode } }
        set { with { $0.hasPasscode = newValue } }
    }
    /// Whether too many tries have failed.
    public var isLockedOut: Bool {
        get { with { $0.isLockedOut } }
        set { with { $0.isLockedOut = newValue } }
    }
    /// Whether the person has unlocked the device since it started.
    public var isUnlockedSinceStart: Bool {
        get { with { $0.isUnlockedSinceStart } }
        set { with { $0.isUnlockedSinceStart = newValue } }
    }
    /// A name for the fingers and faces that are enrolled; nothing where nobody is.
    public var enrolled: Data? {
        get { with { $0.enrolled } }
        set { with { $0.enrolled = newValue } }
    }
    /// What the next prompts end with; those after it succeed.
    public var prompts: [Prompt] {
        get { with { $0.prompts } }
        set { with { $0.prompts = newValue } }
    }
    /// What was called, line by line.
    public var log: [String] { with { $0.log } }

    /// A device as it comes out of the box, with one finger enrolled.
    public func reset() { with { $0 = State() } }

    /// Has the next call of `function` return `status`, whatever it is asked.
    public func answer(_ function: String, with status: OSStatus) {
        with { $0.statuses[function, default: []].append(status) }
    }

    /// Writes a line into the log.
    public func note(_ line: String) { with { $0.log.append(line) } }

    func with<Result>(_ work: (inout State) throws -> Result) rethrows -> Result { try lock.withLock { try work(&state) } }

    /// What was set for this call, or what the device's state forces.
    func forced(_ function: String) -> OSStatus? {
        with { state in
            if let next = state.statuses[function]?.first {
                state.statuses[function]?.removeFirst()
                return next
            }
            return state.isUnlockedSinceStart ? nil : errSecInteractionNotAllowed
        }
    }

    func nextPrompt() -> Prompt { with { $0.prompts.isEmpty ? .succeeds : $0.prompts.removeFirst() } }
}

/// A prompt's context, as this module sees it: `LAContext` lives in another one.
public protocol StubContext: AnyObject {
    var stubReason: String { get }
    /// Comes back when the app has invalidated the context.
    func stubWaitForInvalidation()
    var stubIsInvalidated: Bool { get }
}

/// A key, or its public half. The private half is in this process's memory.
public final class SecKey: NSObject, @unchecked Sendable {
    final class Pair: @unchecked Sendable {
        let tag: String
        let access: SecAccessControl
        let label: String?
        let enrolled: Data?
        let key: OpaquePointer
        let lock = NSLock()
        var secrets: [Data: Data] = [:]

        init(tag: String, access: SecAccessControl, label: String?, enrolled: Data?) {
            self.tag = tag
            self.access = access
            self.label = label
            self.enrolled = enrolled
            key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1)
            precondition(EC_KEY_generate_key(key) == 1)
        }

        deinit { EC_KEY_free(key) }
    }

    let pair: Pair
    let isPrivate: Bool
    let context: (any StubContext)?

    init(pair: Pair, isPrivate: Bool, context: (any StubContext)?) {
        self.pair = pair
        self.isPrivate = isPrivate
        self.context = context
    }
}
