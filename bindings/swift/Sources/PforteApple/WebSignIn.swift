import AuthenticationServices
import Foundation
import Pforte

/// The provider's pages in the system's own browser sheet (RFC 8252, appendix B.1). It takes the redirect itself, so that no other
/// app can. It ends with the process: a sign-in that was under way begins anew.
public final class WebSignIn: UserAgent, Sendable {
    private let sharesBrowserSession: Bool

    /// - Parameter sharesBrowserSession: whether the page may know the person from Safari.
    public init(sharesBrowserSession: Bool = true) {
        self.sharesBrowserSession = sharesBrowserSession
    }

    public func browse(url: String, redirectUri: String) async throws -> String {
        guard let page = URL(string: url), let redirect = URL(string: redirectUri), let scheme = redirect.scheme else {
            throw UserAgentError.RedirectNotRegistered(reason: "\(redirectUri) is no URI such as com.example.portal:/callback")
        }
        let visit = await Visit()
        let callback = try await withTaskCancellationHandler {
            try await visit.take(page, redirect: redirect, scheme: scheme, sharesBrowserSession: sharesBrowserSession)
        } onCancel: {
            Task { @MainActor in visit.end() }
        }
        return callback.absoluteString
    }
}

/// One visit to the provider's page.
@MainActor
private final class Visit: NSObject, ASWebAuthenticationPresentationContextProviding {
    private var session: ASWebAuthenticationSession?
    private var isOver = false

    func take(_ page: URL, redirect: URL, scheme: String, sharesBrowserSession: Bool) async throws -> URL {
        guard Front.window != nil else {
            throw UserAgentError.NoBrowser(reason: "no window of the app is in front")
        }
        let made = OneEnd()
        return try await withCheckedThrowingContinuation { waiting in
            made.wait(waiting)
            guard !isOver else { return made.end(.failure(UserAgentError.Closed)) }
            let session = make(page, redirect: redirect, scheme: scheme) { url, error in
                let failure = error.map { PlatformFailure($0).ofUserAgent }
                let missing = UserAgentError.Failed(reason: "neither a redirect nor an error")
                made.end(url.map { .success($0) } ?? .failure(failure ?? missing))
            }
            guard let session else {
                let reason = "an https redirect needs iOS 17.4 or macOS 14.4; use a scheme of the app's own before"
                return made.end(.failure(UserAgentError.RedirectNotRegistered(reason: reason)))
            }
            session.presentationContextProvider = self
            session.prefersEphemeralWebBrowserSession = !sharesBrowserSession
            self.session = session
            if !session.start() { made.end(.failure(UserAgentError.NoBrowser(reason: "the browser sheet did not start"))) }
        }
    }

    private func make(
        _ page: URL, redirect: URL, scheme: String, _ done: @escaping @Sendable (URL?, (any Error)?) -> Void
    ) -> ASWebAuthenticationSession? {
        if scheme == "https" {
            guard #available(iOS 17.4, macOS 14.4, *), let host = redirect.host else { return nil }
            return ASWebAuthenticationSession(
                url: page, callback: .https(host: host, path: redirect.path), completionHandler: done)
        }
        return ASWebAuthenticationSession(url: page, callbackURLScheme: scheme, completionHandler: done)
    }

    func end() {
        isOver = true
        session?.cancel()
    }

    func presentationAnchor(for session: ASWebAuthenticationSession) -> ASPresentationAnchor {
        Front.window ?? ASPresentationAnchor()
    }
}

/// The end of a visit, told once: a session that does not start says so in two ways.
private final class OneEnd: @unchecked Sendable {
    private let lock = NSLock()
    // Guarded by `lock`.
    private var waiting: CheckedContinuation<URL, any Error>?

    func wait(_ waiting: CheckedContinuation<URL, any Error>) { lock.withLock { self.waiting = waiting } }

    func end(_ outcome: Result<URL, any Error>) {
        let waiting = lock.withLock {
            defer { self.waiting = nil }
            return self.waiting
        }
        waiting?.resume(with: outcome)
    }
}
