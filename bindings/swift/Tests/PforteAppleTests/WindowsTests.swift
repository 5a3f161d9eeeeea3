import AuthenticationServices
import Foundation
import Pforte
import SwiftUI
import Testing
import UIKit

@testable import PforteApple

extension OnTheDevice {
    /// What happens over the app's windows: asks, and the browser.
    @MainActor
    @Suite(.serialized) struct WindowsTests {
        let window = UIApplication.shared.stubShowWindow()
        let presenter = ApplePresenter()
        private let unlock = ask(.unlock(loginHint: nil))

        /// The ask on the screen.
        private func screen() async throws -> StubScreen {
            try await until { window.rootViewController?.presentedViewController != nil }
            let controller = try #require(window.rootViewController?.presentedViewController as? UIHostingController<AskView>)
            #expect(controller.isModalInPresentation, "a swipe is no answer")
            return controller.stubScreen
        }

        private var isClear: Bool { window.rootViewController?.presentedViewController == nil }

        @Test func anAskIsAnsweredOnTheScreenAndLeavesIt() async throws {
            let answer = Task { try await presenter.present(ask: unlock) }
            try await screen().press("proceed")
            #expect(try await answer.value == .proceed(route: nil))
            #expect(isClear)
            // The next one finds the screen free.
            let next = Task { try await presenter.present(ask: unlock) }
            try await screen().press("not-now")
            #expect(try await next.value == .dismissed)
        }

        @Test func anAskComesOverWhatTheAppShows() async throws {
            let sheet = UIViewController()
            window.rootViewController?.present(sheet, animated: false)
            let answer = Task { try await presenter.present(ask: unlock) }
            try await until { sheet.presentedViewController != nil }
            let controller = try #require(sheet.presentedViewController as? UIHostingController<AskView>)
            controller.stubScreen.press("proceed")
            #expect(try await answer.value == .proceed(route: nil))
            #expect(window.rootViewController?.presentedViewController === sheet)
        }

        @Test func anAskThatIsWithdrawnIsNotAnswered() async throws {
            let answer = Task { try await presenter.present(ask: unlock) }
            _ = try await screen()
            try presenter.withdrawAsk()
            await #expect(throws: PresenterError.Interrupted) { try await answer.value }
            #expect(isClear)
        }

        @Test func aCallerWhoGoesAwayTakesTheAskAlong() async throws {
            let answer = Task { try await presenter.present(ask: unlock) }
            _ = try await screen()
            answer.cancel()
            await #expect(throws: PresenterError.Interrupted) { try await answer.value }
            let never = Task { try await presenter.present(ask: unlock) }
            never.cancel()
            await #expect(throws: PresenterError.Interrupted) { try await never.value }
            try await until { isClear }
        }

        @Test func anAskThatGoesWithItsWindowIsInterrupted() async throws {
            let answer = Task { try await presenter.present(ask: unlock) }
            _ = try await screen()
            window.rootViewController?.dismiss(animated: false)
            await #expect(throws: PresenterError.Interrupted) { try await answer.value }
        }

        @Test func withoutAWindowNothingIsShown() async throws {
            UIApplication.shared.connectedScenes.first?.activationState = .background
            await #expect(throws: PresenterError.NoWindow) { try await presenter.present(ask: unlock) }
            await #expect(throws: UserAgentError.NoBrowser(reason: "no window of the app is in front")) {
                try await WebSignIn().browse(url: "https://id.example/authorize", redirectUri: "com.example.portal:/callback")
            }
        }

        // MARK: The browser

        private func browse(_ browser: WebSignIn = WebSignIn(), redirect: String = "com.example.portal:/callback") async throws
            -> String
        {
            try await browser.browse(url: "https://id.example/authorize?state=s", redirectUri: redirect)
        }

        @Test func theBrowserComesBackWithTheWholeRedirect() async throws {
            StubBrowser.shared.follow { page in
                page.absoluteString == "https://id.example/authorize?state=s"
                    ? URL(string: "com.example.portal:/callback?code=c&state=s") : nil
            }
            #expect(try await browse() == "com.example.portal:/callback?code=c&state=s")
            #expect(StubBrowser.shared.log.last == "open com.example.portal")
            _ = try await browse(WebSignIn(sharesBrowserSession: false))
            #expect(StubBrowser.shared.log.last == "open com.example.portal ephemeral")
            _ = try await browse(redirect: "https://portal.example/app/callback")
            #expect(StubBrowser.shared.log.last == "open https portal.example /app/callback")
        }

        @Test func aBrowserThatIsClosedSaysSo() async throws {
            StubBrowser.shared.follow { _ in nil }
            await #expect(throws: UserAgentError.Closed) { try await browse() }
        }

        @Test func aSheetThatDoesNotStartSaysSo() async throws {
            StubBrowser.shared.start(false)
            defer { StubBrowser.shared.start(true) }
            await #expect(throws: UserAgentError.NoBrowser(reason: "the browser sheet did not start")) { try await browse() }
        }

        @Test func aRedirectThatIsNoneIsNamed() async throws {
            await #expect(throws: UserAgentError.self) { try await browse(redirect: "callback") }
        }

        @Test func aCallerWhoGoesAwayClosesTheBrowser() async throws {
            StubBrowser.shared.follow { _ in
                // Until the person, or the app, closes it.
                try? await Task.sleep(for: .seconds(3600))
                return nil
            }
            let count = StubBrowser.shared.log.count
            let visit = Task { try await browse() }
            try await until { StubBrowser.shared.log.count > count }
            visit.cancel()
            await #expect(throws: UserAgentError.Closed) { try await visit.value }
            #expect(StubBrowser.shared.log.last == "cancel")
        }

        // MARK: Background time

        @Test func timeIsGrantedGivenBackAndRefused() async throws {
            let time = AppleBackgroundTime()
            #expect(throws: BackgroundError.Failed(reason: "the client was opened without AppleHost")) {
                try time.begin(task: "refresh")
            }
            time.prepare()
            let background = StubBackground.shared
            // As the core does: not on the main thread.
            let grant = try await Task.detached { try time.begin(task: "refresh") }.value
            #expect(background.log.last == "begin pforte refresh" && background.running == 1)
            try await Task.detached { try time.finish(grant: grant) }.value
            try time.finish(grant: grant)
            #expect(background.log.last == "end" && background.running == 0)
            background.grant(false)
            defer { background.grant(true) }
            #expect(throws: BackgroundError.NotGranted) { try time.begin(task: "refresh") }
        }

        @Test func timeThatRunsOutIsGivenBack() async throws {
            let time = AppleBackgroundTime()
            time.prepare()
            let grant = try time.begin(task: "refresh")
            StubBackground.shared.expire()
            #expect(StubBackground.shared.running == 0)
            let ended = StubBackground.shared.log.count
            try time.finish(grant: grant)
            #expect(StubBackground.shared.log.count == ended, "given back once")
        }
    }
}
