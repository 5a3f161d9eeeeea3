import Foundation
import Pforte

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A fresh provider, fresh ports and a client, as the journey has them.
final class World {
    let provider: Process
    let issuer: String
    let folder: URL
    let log = PortLog()
    let gateKey: RecordingGateKey
    let userAgent: RecordingUserAgent
    let deviceKey: RecordingDeviceKey
    let secretStore: RecordingSecretStore

    init(broken: Bool = false, settings: String = #"{"automatic":"alice"}"#) throws {
        gateKey = RecordingGateKey(log: log, broken: broken)
        userAgent = RecordingUserAgent(log: log)
        deviceKey = RecordingDeviceKey(log: log)
        secretStore = RecordingSecretStore(log: log)
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("pforte-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)

        provider = Process()
        provider.executableURL = URL(fileURLWithPath: try World.surrounding("PFORTE_PROVIDER_BIN"))
        provider.arguments = ["--settings", settings]
        let output = Pipe()
        provider.standardOutput = output
        // Its end is the end of this process: it runs until its standard input closes.
        provider.standardInput = Pipe()
        try provider.run()
        let line = World.firstLine(of: output.fileHandleForReading)
        guard line.hasPrefix("ready ") else { throw Missing(what: "the provider said `\(line)`") }
        issuer = String(line.dropFirst("ready ".count))
    }

    deinit {
        provider.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    static func surrounding(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name] else {
            throw Missing(what: "\(name) is not set; run `cargo xtask test swift`")
        }
        return value
    }

    static func policy() throws -> Policy {
        try Policy(contentsOf: URL(fileURLWithPath: surrounding("PFORTE_POLICY")))
    }

    func open(
        policy: Policy? = nil, issuer: String? = nil, clientID: String = "portal-app",
        presenter: Presenter? = nil, userAgent: UserAgent? = nil,
        provider changed: (Provider) -> Provider = { $0 }
    ) async throws -> Pforte {
        try await Pforte.open(
            policy: policy ?? World.policy(),
            provider: changed(.development(issuer: issuer ?? self.issuer, clientID: clientID)),
            redirectURI: "com.example.portal:/callback",
            ports: Ports(
                gateKey: gateKey,
                deviceKey: deviceKey,
                secretStore: secretStore,
                userAgent: userAgent ?? self.userAgent,
                presenter: presenter ?? RecordingPresenter(log: log),
                backgroundTime: RecordingBackgroundTime(log: log)
            ),
            folder: folder,
            apiOrigins: [self.issuer],
            locale: "en"
        )
    }

    func control(_ method: String, _ path: String, _ body: String? = nil) async throws -> Data {
        var request = URLRequest(url: URL(string: issuer + path)!)
        request.httpMethod = method
        if let body {
            request.httpBody = Data(body.utf8)
            request.setValue("application/json", forHTTPHeaderField: "content-type")
        }
        return try await exchange(request).body
    }

    private static func firstLine(of handle: FileHandle) -> String {
        var bytes = Data()
        while let byte = try? handle.read(upToCount: 1), let first = byte.first, first != UInt8(ascii: "\n") {
            bytes.append(first)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

struct Missing: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}
