import AuthenticationServices
import Foundation
import Security
import SwiftUI
import Testing
import UIKit

@testable import PforteApple

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension OnTheDevice {
    /// The library as an app has it, against the development provider: Apple's adapters over the stand-ins, and a person who
    /// fills in the ready-made asks.
    @MainActor
    @Suite(.serialized, .timeLimit(.minutes(3))) struct PortalTests {
        let person = try! Person()
        let device = StubDevice.shared

        init() {
            device.reset()
            UIApplication.shared.stubShowWindow()
        }

        @Test func theWholeJourney() async throws {
            let pforte = try await person.open()
            #expect(pforte.currentStatus == .signedOut)
            try await person.expectCleared(pforte, "hotel.browse")
            try await person.expectCleared(pforte, "review.write")
            guard case .unlocked = pforte.currentStatus else { throw Unexpected(what: "\(pforte.currentStatus)") }
            let asked = person.pressed
            #expect(
                asked == [
                    "agree-all", "continue", "route:page", "proceed", "continue", "agree-all",
                ], "\(asked)")

            // The gate's key was made, wrapped without a prompt, and opened once before the session was sealed with it.
            let gate = device.log.filter { $0.contains("biometric") || $0.hasPrefix("prompt(") }
            #expect(
                gate.contains {
                    $0.hasPrefix("SecKeyCreateRandomKey(") && $0.hasSuffix("akpu privateKeyUsage+biometryCurrentSet)")
                })
            #expect(gate.filter { $0.hasPrefix("prompt(") }.count == 1, "\(gate)")

            var posting = URLRequest(url: URL(string: person.issuer + "/portal/reviews")!)
            posting.httpMethod = "POST"
            posting.setValue("application/json", forHTTPHeaderField: "content-type")
            posting.httpBody = Data(#"{"hotel":"h1","text":"Quiet rooms.","stars":5}"#.utf8)
            #expect(try await pforte.data(for: posting).1.statusCode == 201)

            // Inactive is not left; in the background the session locks.
            NotificationCenter.default.post(name: UIApplication.willResignActiveNotification, object: nil)
            let list = URLRequest(url: URL(string: person.issuer + "/portal/reviews")!)
            #expect(try await pforte.data(for: list).1.statusCode == 200)
            guard case .unlocked = pforte.currentStatus else { throw Unexpected(what: "locked while inactive") }
            NotificationCenter.default.post(name: UIApplication.didEnterBackgroundNotification, object: nil)
            try await until { if case .locked = pforte.currentStatus { true } else { false } }
            NotificationCenter.default.post(name: UIApplication.willEnterForegroundNotification, object: nil)
            try await pforte.unlock()
            guard case .unlocked = pforte.currentStatus else { throw Unexpected(what: "6: \(pforte.currentStatus)") }

            _ = try await person.control("POST", "/dev/clock", #"{"advance_seconds": 7200}"#)
            let (reviews, response) = try await pforte.data(for: list)
            #expect(response.statusCode == 200 && String(decoding: reviews, as: UTF8.self).contains("Quiet rooms."))
            try await person.expectCleared(pforte, "review.write")

            let report = try await pforte.signOut()
            #expect(!report.remoteSessionMayLive && pforte.currentStatus == .signedOut)
            let state = String(decoding: try await person.control("GET", "/dev/state"), as: UTF8.self)
            #expect(state.contains("revoked"))
        }

        @Test func eachEndOfAPromptArrivesAsWhatItIs() async throws {
            let pforte = try await person.open()
            try await person.expectCleared(pforte, "account.sign-in")
            let ends: [(StubDevice.Prompt, String)] = [
                (.fails("com.apple.LocalAuthentication", -1), "not recognised"),
                (.fails("com.apple.LocalAuthentication", -2), "cancelled"),
                (.fails("com.apple.LocalAuthentication", -8), "locked out"),
                (.fails("com.apple.LocalAuthentication", -1004), "interaction not allowed"),
            ]
            for (prompt, name) in ends {
                try await pforte.lock()
                device.prompts = [prompt]
                await #expect(throws: PforteError.self, "\(name)") { try await pforte.unlock() }
                guard case .locked = pforte.currentStatus else { throw Unexpected(what: "\(name): \(pforte.currentStatus)") }
            }
            try await pforte.unlock()
            guard case .unlocked = pforte.currentStatus else { throw Unexpected(what: "\(pforte.currentStatus)") }
        }

        @Test func aNewEnrolmentAsksForASignInAndSaysWhy() async throws {
            let pforte = try await person.open()
            try await person.expectCleared(pforte, "account.sign-in")
            try await pforte.lock()
            device.enrolled = Data("one finger and another".utf8)
            await #expect(throws: PforteError.self) { try await pforte.unlock() }
            #expect(
                pforte.currentStatus == .signedOut || { if case .unavailable = pforte.currentStatus { true } else { false } }())
            #expect(!pforte.why().isEmpty)
            // A sign-in makes another key, for the fingers there are now.
            try await person.expectCleared(pforte, "account.sign-in")
            guard case .unlocked = pforte.currentStatus else { throw Unexpected(what: "\(pforte.currentStatus)") }
        }

        @Test func whereNobodyIsEnrolledTheSessionIsTheDevicesAlone() async throws {
            device.enrolled = nil
            let pforte = try await person.open()
            try await person.expectCleared(pforte, "account.sign-in")
            let view = try await pforte.security.view()
            #expect(view.kept == .onDevice && view.awaitsEnrolment && view.gate.biometric == .notEnrolled)
            #expect(!device.log.contains { $0.hasPrefix("prompt(") })
        }

        @Test func beforeTheFirstUnlockItIsUnavailableAndNeverSignedOut() async throws {
            let first = try await person.open()
            try await person.expectCleared(first, "account.sign-in")
            device.isUnlockedSinceStart = false
            do {
                let second = try await person.open()
                guard case .unavailable = second.currentStatus else { throw Unexpected(what: "\(second.currentStatus)") }
            } catch PforteError.unavailable {}
        }

        @Test func theFolderIsTheGroupsAndAGroupThatIsMissingIsNamed() async throws {
            var host = AppleHost(appGroup: "group.stub")
            let folder = try host.preparedFolder()
            #expect(folder.path.hasSuffix("group.stub/Pforte"))
            #expect(FileManager.default.fileExists(atPath: folder.path))
            host = AppleHost(appGroup: "group.unknown")
            do {
                _ = try host.preparedFolder()
                Issue.record("an app group that the app has not")
            } catch PforteError.fixConfiguration(let hint) {
                #expect(hint.contains("com.apple.security.application-groups") && hint.contains("group.unknown"))
            }
        }

        @Test func theQuickStart() async throws {
            do {
                _ = try await openPortal()
                Issue.record("these tests have no folder `policy` among their resources")
            } catch PforteError.fixConfiguration(let hint) {
                #expect(hint.contains("`policy`"), "\(hint)")
            }
            let pforte = try await person.open()
            #expect(try await person.answeringAll { try await askBeforeAReview(pforte) } == "write")
        }

        @Test func aClientThatIsLetGoOfIsToldNothing() async throws {
            var pforte: Pforte? = try await person.open()
            weak var held = pforte
            pforte = nil
            try await until { held == nil }
            NotificationCenter.default.post(name: UIApplication.didEnterBackgroundNotification, object: nil)
        }
    }
}

struct Unexpected: Error { let what: String }

/// A person with a phone: fills in the ready-made asks and goes through the provider's pages.
@MainActor
final class Person {
    let provider = Process()
    private(set) var issuer = ""
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pforte-\(UUID().uuidString)")
    /// The buttons that were pressed.
    private(set) var pressed: [String] = []
    private var living: Task<Void, Never>?

    init() throws {
        provider.executableURL = URL(fileURLWithPath: try Person.surrounding("PFORTE_PROVIDER_BIN"))
        provider.arguments = ["--settings", #"{"automatic":"alice"}"#]
        let output = Pipe()
        provider.standardOutput = output
        // Its end is the end of this process: it runs until its standard input closes.
        provider.standardInput = Pipe()
        try provider.run()
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), byte != Data("\n".utf8), !byte.isEmpty {
            line += byte
        }
        let ready = String(decoding: line, as: UTF8.self)
        guard ready.hasPrefix("ready ") else { throw Unexpected(what: ready) }
        issuer = String(ready.dropFirst("ready ".count))
        StubBrowser.shared.follow { page in
            guard let (_, location, _) = try? await exchange(URLRequest(url: page)), let location else { return nil }
            return URL(string: location)
        }
    }

    deinit {
        provider.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    func open() async throws -> Pforte {
        var host = AppleHost()
        host.folder = folder
        return try await Pforte.open(
            policy: Policy(contentsOf: URL(fileURLWithPath: Person.surrounding("PFORTE_POLICY"))),
            provider: .development(issuer: issuer, clientID: "portal-app"),
            redirectURI: "com.example.portal:/callback",
            host: host,
            apiOrigins: [issuer],
            locale: "en")
    }

    /// Enters, and answers each ask that comes up.
    func expectCleared(_ pforte: Pforte, _ touchpoint: String) async throws {
        let entry = try await answeringAll { try await pforte.enter(touchpoint) }
        guard case .cleared = entry else { throw Unexpected(what: "\(touchpoint): \(entry)") }
    }

    /// Answers each ask that comes up, until `work` has ended.
    func answeringAll<Ended: Sendable>(_ work: @escaping @Sendable () async throws -> Ended) async throws -> Ended {
        let working = Task { try await work() }
        let answering = Task { while !Task.isCancelled { try await answer() } }
        defer { answering.cancel() }
        return try await working.value
    }

    private func answer() async throws {
        try await Task.sleep(for: .milliseconds(1))
        guard let controller = Front.topmost as? UIHostingController<AskView>, !controller.isBeingDismissed,
            controller !== answered
        else { return }
        answered = controller
        let screen = controller.stubScreen
        for node in screen.everything {
            switch node.identifier {
            case "field:age": screen.choose("Yes", in: node.identifier)
            case let field where field.hasPrefix("field:"): screen.type("Alice", into: field)
            default: break
            }
        }
        let wanted = ["agree-all", "route:page", "continue", "proceed"].first { screen.buttons.contains($0) }
        guard let wanted else { throw Unexpected(what: "\(screen.buttons)") }
        pressed.append(wanted)
        screen.press(wanted)
    }

    private weak var answered: UIViewController?

    func control(_ method: String, _ path: String, _ body: String? = nil) async throws -> Data {
        var request = URLRequest(url: URL(string: issuer + path)!)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        if body != nil { request.setValue("application/json", forHTTPHeaderField: "content-type") }
        return try await exchange(request).2
    }

    private static func surrounding(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name] else {
            throw Unexpected(what: "\(name) is not set; run `cargo xtask test apple`")
        }
        return value
    }
}

/// One HTTP exchange on this machine; redirects are not followed.
private func exchange(_ request: URLRequest) async throws -> (Int, location: String?, Data) {
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
            let location = response.value(forHTTPHeaderField: "location")
            continuation.resume(returning: (response.statusCode, location, body ?? Data()))
        }.resume()
    }
}
