import Foundation
import Pforte

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What the core asked of the ports, line by line, in the format that `core/testing` documents.
final class PortLog: @unchecked Sendable {
    private let lock = NSLock()
    private var kept: [String] = []

    func note(_ line: String) { lock.withLock { kept.append(line) } }
    var lines: [String] { lock.withLock { kept } }
}

/// Something that is changed and read from several tasks.
final class Guarded<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }
    func with<Result>(_ work: (inout Value) throws -> Result) rethrows -> Result {
        try lock.withLock { try work(&value) }
    }
}

/// What the next finger does.
enum Finger { case right, wrong, closes }

/// A software key in place of the Secure Enclave: it keeps each secret under a random handle.
final class RecordingGateKey: GateKey, @unchecked Sendable {
    let log: PortLog
    let finger = Guarded(Finger.right)
    /// Hands out other bytes than it wrapped: an adapter broken on purpose.
    let broken: Bool
    private let keys = Guarded([String: (kind: String, secrets: [Data: Data])]())

    init(log: PortLog, broken: Bool = false) {
        self.log = log
        self.broken = broken
    }

    func availability() async throws -> GateAvailability {
        log.note("gate_key.availability()")
        return GateAvailability(biometric: .ready, wrapPrompts: true, deviceCredential: true)
    }

    func createKey(alias: String, kind: GateKind) async throws {
        let name = kind == .biometric ? "biometric" : "device-credential"
        log.note("gate_key.create_key(\(name))")
        keys.with { $0[alias] = (name, [:]) }
    }

    func wrapSecret(alias: String, secret: Data, prompt: Prompt) async throws -> Data {
        log.note("gate_key.wrap_secret(\(kind(of: alias)))")
        try present()
        let handle = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
        try keys.with { keys in
            guard keys[alias] != nil else { throw GateError.KeyLost }
            keys[alias]?.secrets[handle] = secret
        }
        return handle
    }

    func unwrapSecret(alias: String, wrapped: Data, prompt: Prompt) async throws -> Data {
        log.note("gate_key.unwrap_secret(\(kind(of: alias)))")
        try present()
        guard let secret = keys.with({ $0[alias]?.secrets[wrapped] }) else { throw GateError.KeyLost }
        return broken ? Data(secret.reversed()) : secret
    }

    func deleteKey(alias: String) async throws {
        log.note("gate_key.delete_key(\(kind(of: alias)))")
        keys.with { _ = $0.removeValue(forKey: alias) }
    }

    func dismissPrompt() throws { log.note("gate_key.dismiss_prompt()") }

    private func kind(of alias: String) -> String { keys.with { $0[alias]?.kind ?? "missing" } }

    private func present() throws {
        switch finger.with({ $0 }) {
        case .right: break
        case .wrong: throw GateError.NotRecognised
        case .closes: throw GateError.Cancelled
        }
    }
}

/// Signing keys in memory.
final class RecordingDeviceKey: DeviceKey, @unchecked Sendable {
    let log: PortLog
    private let keys = Guarded([String: SigningKey]())

    init(log: PortLog) { self.log = log }

    func publicKey(alias: String) throws -> Data {
        log.note("device_key.public_key(\(lastSegment(alias)))")
        return key(alias).publicKey
    }

    func signEs256(alias: String, data: Data) throws -> Data {
        log.note("device_key.sign_es256(\(lastSegment(alias)))")
        return key(alias).sign(data)
    }

    func deleteKey(alias: String) throws {
        log.note("device_key.delete_key(\(lastSegment(alias)))")
        keys.with { _ = $0.removeValue(forKey: alias) }
    }

    private func key(_ alias: String) -> SigningKey {
        keys.with { keys in
            let key = keys[alias] ?? SigningKey()
            keys[alias] = key
            return key
        }
    }
}

/// Small secrets in memory.
final class RecordingSecretStore: SecretStore, @unchecked Sendable {
    let log: PortLog
    private let secrets = Guarded([String: Data]())

    init(log: PortLog) { self.log = log }

    func read(name: String) throws -> Data? {
        log.note("secret_store.read(\(lastSegment(name)))")
        return secrets.with { $0[name] }
    }

    func write(name: String, secret: Data) throws {
        log.note("secret_store.write(\(lastSegment(name)))")
        secrets.with { $0[name] = secret }
    }

    func remove(name: String) throws {
        log.note("secret_store.remove(\(lastSegment(name)))")
        secrets.with { _ = $0.removeValue(forKey: name) }
    }
}

/// A browser without a window: one request, and where it was sent.
final class RecordingUserAgent: UserAgent, @unchecked Sendable {
    enum Habit: Sendable { case follows, closes, strays }

    let log: PortLog
    let habit = Guarded(Habit.follows)

    init(log: PortLog) { self.log = log }

    func browse(url: String, redirectUri: String) async throws -> String {
        let page = URL(string: url)!
        log.note("user_agent.browse(\(page.path))")
        switch habit.with({ $0 }) {
        case .closes: throw UserAgentError.Closed
        case .strays: return "com.example.other:/callback?code=stray&state=stray"
        case .follows: break
        }
        let (status, headers, _) = try await exchange(URLRequest(url: page))
        guard (300..<400).contains(status), let location = headers["location"] else {
            throw UserAgentError.Failed(reason: "the provider answered \(status) without a redirect")
        }
        return location
    }
}

/// Answers each ask as the journey has it.
final class RecordingPresenter: Presenter, @unchecked Sendable {
    let log: PortLog
    private let act = Act(surface: "sheet", control: "accept", genuine: true)

    init(log: PortLog) { self.log = log }

    func present(ask: Ask) async throws -> Answer {
        switch ask.kind {
        case .inform(let notices):
            log.note("presenter.present(inform \(notices.map(\.purpose).joined(separator: " ")))")
            return .acknowledged(act: act)
        case .unlock:
            log.note("presenter.present(unlock)")
            return .proceed(route: nil)
        case .signIn(let routes):
            log.note("presenter.present(sign-in \(routes.map(\.id).joined(separator: " ")))")
            return .proceed(route: "page")
        case .stepUp(let level, _):
            log.note("presenter.present(step-up \(level))")
            return .proceed(route: nil)
        case .profile(let fields):
            log.note("presenter.present(profile \(fields.map(\.name).joined(separator: " ")))")
            let answers = ["display_name": "Alice", "age": "over"]
            return .profile(values: fields.map { FieldValue(name: $0.name, value: answers[$0.name] ?? "") })
        case .consent(let questions):
            log.note("presenter.present(consent \(questions.map(\.purpose).joined(separator: " ")))")
            let choices = questions.map { ConsentChoice(purpose: $0.purpose, granted: $0.purpose != "crm.link") }
            return .consent(choices: choices, act: act)
        case .enrolBiometrics:
            log.note("presenter.present(enrol-biometrics)")
            return .proceed(route: nil)
        case .enrolPasskey:
            log.note("presenter.present(enrol-passkey)")
            return .skipped
        }
    }

    func withdrawAsk() throws { log.note("presenter.withdraw_ask()") }
}

/// Grants every wish for time.
final class RecordingBackgroundTime: BackgroundTime, @unchecked Sendable {
    let log: PortLog
    private let granted = Guarded(UInt64(0))

    init(log: PortLog) { self.log = log }

    func begin(task: String) throws -> Grant {
        log.note("background_time.begin(\(task))")
        return Grant(
            id: granted.with { count in
                count += 1
                return count
            })
    }

    func finish(grant: Grant) throws { log.note("background_time.finish()") }
}

func lastSegment(_ name: String) -> String {
    name.split(separator: "/").last.map(String.init) ?? name
}

/// One HTTP exchange on this machine; redirects are not followed.
func exchange(_ request: URLRequest) async throws -> (status: Int, headers: [String: String], body: Data) {
    final class StaysHere: NSObject, URLSessionTaskDelegate {
        func urlSession(
            _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
            newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
        ) { completionHandler(nil) }
    }
    let session = URLSession(configuration: .ephemeral, delegate: StaysHere(), delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    return try await withCheckedThrowingContinuation { continuation in
        session.dataTask(with: request) { body, response, error in
            guard let response = response as? HTTPURLResponse else {
                return continuation.resume(throwing: error ?? URLError(.badServerResponse))
            }
            let headers = response.allHeaderFields.reduce(into: [String: String]()) { headers, field in
                if let name = field.key as? String { headers[name.lowercased()] = field.value as? String }
            }
            continuation.resume(returning: (response.statusCode, headers, body ?? Data()))
        }.resume()
    }
}
