import AuthenticationServices
import Foundation
import LocalAuthentication
import PforteApple
import Security
import SwiftUI
import UIKit

@testable import HotelPortal

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

struct Unexpected: Error { let what: String }

/// A guest of the portal with a phone in hand: looks at the app's screens, presses what is on them, and goes through the
/// provider's page. Phone, browser and screens are stand-ins; the provider on this machine is real.
@MainActor
final class Guest {
    let device = StubDevice.shared
    private let provider = Process()
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("portal-\(UUID().uuidString)")
    private(set) var issuer = ""
    private(set) var portal: Portal
    private(set) var screen: StubScreen
    private let language: String

    init(language: String = "en") throws {
        device.reset()
        UIApplication.shared.stubShowWindow()
        self.language = language
        try Words.speak(language)
        portal = Portal(opening: Settings())
        screen = StubScreen(EmptyView())
        provider.executableURL = URL(fileURLWithPath: try surrounding("PFORTE_PROVIDER_BIN"))
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
        opensTheApp()
    }

    deinit {
        provider.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    /// In a process of its own, as far as the app can tell: nothing that was in memory is left.
    func opensTheApp() {
        var settings = Settings()
        settings.provider = .development(issuer: issuer, clientID: "portal-app")
        settings.server = issuer
        settings.policy = { try Policy(contentsOf: URL(fileURLWithPath: surrounding("PFORTE_POLICY"))) }
        settings.locale = language
        settings.folder = folder
        portal = Portal(opening: settings)
        screen = StubScreen(PortalScreens(portal: portal, presenter: portal.presenter))
    }

    // MARK: What a guest does

    /// What is tapped while another thing is under way does nothing, so a guest waits; not at a question, which is a part of it.
    func taps(_ button: String) async throws {
        try await until("to tap \(button)") {
            (!self.portal.isBusy || self.portal.presenter.open != nil) && self.screen.press(button)
        }
    }

    /// By the arrow at the top.
    func goesBack() async throws { try await taps("back") }

    func chooses(_ answer: String, in question: String) async throws {
        try await until("to choose \(answer)") { self.screen.choose(answer, in: question) }
    }

    func fillsIn(_ field: String, _ text: String) async throws {
        try await until("to fill in \(field)") { self.screen.type(text, into: field) }
    }

    func sees(_ text: String) async throws {
        try await until("to see \(text)") { self.screen.texts.contains { $0.contains(text) } }
    }

    func doesNotSee(_ text: String) -> Bool { !screen.texts.contains { $0.contains(text) } }

    /// VoiceOver says a text with all these parts, which is on the screen as well.
    func hears(_ parts: String...) async throws {
        try await until("to hear \(parts)") {
            // Looked at first: a view speaks once it is there.
            let shown = self.screen.texts.filter { text in parts.allSatisfy(text.contains) }
            return !shown.isEmpty && shown.allSatisfy(UIAccessibility.stubAnnouncements.contains)
        }
    }

    /// The way from the first screen to the details that a review needs.
    func comesToTheDetails() async throws {
        try await taps("Look at hotels")
        try await sees("Help us improve the portal")
        try await taps("Agree")
        try await taps("hotel:h1")
        try await taps("Write a review")
        try await sees("Your review is public")
        try await taps("Continue")
        try await taps("Sign in with a password")
        try await taps("Turn on")
    }

    /// The way from the first screen to a published review.
    func writesAReview(_ text: String) async throws {
        try await comesToTheDetails()
        try await fillsIn("field:display_name", "Alice")
        try await chooses("Yes", in: "field:age")
        try await taps("Continue")
        try await chooses("Agree", in: "choice:profile.store")
        try await chooses("Refuse", in: "choice:crm.link")
        try await taps("Save my choice")
        try await fillsIn("review", text)
        try await taps("Publish")
        try await sees("Your review is published")
    }

    /// Leaves the app for another: it locks.
    func locks() async throws {
        leavesAndComesBack()
        try await sees("Locked")
    }

    func leavesAndComesBack() {
        NotificationCenter.default.post(name: UIApplication.didEnterBackgroundNotification, object: nil)
        NotificationCenter.default.post(name: UIApplication.willEnterForegroundNotification, object: nil)
    }

    /// Goes through what is asked on the way to a goal: notices, consents, a country, a step-up.
    func answersUntil(_ goal: String) async throws {
        var answered: OpenAsk?
        try await until("to see \(goal)") {
            if let open = self.portal.presenter.open, open !== answered {
                self.screen.choose("Austria", in: "field:billing_country")
                for button in ["Continue", "Agree", "Agree to all"] where self.screen.press(button) {
                    answered = open
                    break
                }
            }
            return self.screen.texts.contains { $0.contains(goal) }
        }
    }

    /// How many calls of this kind the provider has answered with this status.
    func calls(_ path: String, answered status: Int) async throws -> Int {
        struct Request: Decodable {
            let path: String
            let status: Int
        }
        let log = try JSONDecoder().decode([Request].self, from: Data(try await control("GET", "/dev/log").utf8))
        return log.filter { $0.path == path && $0.status == status }.count
    }

    /// Waits until `reached`, for half a minute at most, and says what stood on the screen if it never was.
    func until(_ wish: String, _ reached: @MainActor () -> Bool) async throws {
        for _ in 0..<3000 {
            if reached() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Unexpected(what: "waited \(wish); on the screen: \(screen.texts), buttons \(screen.buttons)")
    }

    func control(_ method: String, _ path: String, _ body: String? = nil) async throws -> String {
        var request = URLRequest(url: URL(string: issuer + path)!)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        if body != nil { request.setValue("application/json", forHTTPHeaderField: "content-type") }
        return String(decoding: try await exchange(request).2, as: UTF8.self)
    }
}

func surrounding(_ name: String) throws -> String {
    guard let value = ProcessInfo.processInfo.environment[name] else {
        throw Unexpected(what: "\(name) is not set; run `cargo xtask test apple`")
    }
    return value
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
