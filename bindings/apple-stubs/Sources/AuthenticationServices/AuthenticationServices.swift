// Not Apple's SDK: see README.md.
@_exported import Foundation
import UIKit

public typealias ASPresentationAnchor = UIWindow

public let ASWebAuthenticationSessionErrorDomain = "com.apple.AuthenticationServices.WebAuthenticationSession"

public struct ASWebAuthenticationSessionError: Error, Sendable {
    public enum Code: Int, Sendable, CaseIterable {
        case canceledLogin = 1
        case presentationContextNotProvided = 2
        case presentationContextInvalid = 3
    }
}

@MainActor
public protocol ASWebAuthenticationPresentationContextProviding: AnyObject {
    func presentationAnchor(for session: ASWebAuthenticationSession) -> ASPresentationAnchor
}

/// The browser of this process. Not Apple's.
public final class StubBrowser: @unchecked Sendable {
    public static let shared = StubBrowser()
    private let lock = NSLock()
    // Guarded by `lock`.
    private var script: @Sendable (URL) async -> URL? = { _ in nil }
    private var starts = true
    private var kept: [String] = []

    /// Where the browser ends up after a page; nothing where the person closes it.
    public func follow(_ script: @escaping @Sendable (URL) async -> URL?) { lock.withLock { self.script = script } }
    /// Whether the next sheets come up.
    public func start(_ starts: Bool) { lock.withLock { self.starts = starts } }
    /// What was opened and ended.
    public var log: [String] { lock.withLock { kept } }
    func note(_ line: String) { lock.withLock { kept.append(line) } }
    var comesUp: Bool { lock.withLock { starts } }
    func visit(_ url: URL) async -> URL? { await lock.withLock { script }(url) }
}

open class ASWebAuthenticationSession: NSObject, @unchecked Sendable {
    public typealias CompletionHandler = (URL?, (any Error)?) -> Void

    public struct Callback: Sendable {
        let name: String
        public static func customScheme(_ scheme: String) -> Callback { Callback(name: scheme) }
        public static func https(host: String, path: String) -> Callback { Callback(name: "https \(host) \(path)") }
    }

    private let url: URL
    private let callback: Callback
    private let lock = NSLock()
    // Guarded by `lock`.
    private var done: CompletionHandler?

    public init(url: URL, callbackURLScheme: String?, completionHandler: @escaping CompletionHandler) {
        self.url = url
        callback = .customScheme(callbackURLScheme ?? "")
        done = completionHandler
    }

    public init(url: URL, callback: Callback, completionHandler: @escaping CompletionHandler) {
        self.url = url
        self.callback = callback
        done = completionHandler
    }

    @MainActor open weak var presentationContextProvider: (any ASWebAuthenticationPresentationContextProviding)?
    open var prefersEphemeralWebBrowserSession = false

    @MainActor @discardableResult
    open func start() -> Bool {
        guard presentationContextProvider?.presentationAnchor(for: self) != nil else {
            end(nil, .presentationContextNotProvided)
            return false
        }
        guard StubBrowser.shared.comesUp else { return false }
        StubBrowser.shared.note("open \(callback.name)\(prefersEphemeralWebBrowserSession ? " ephemeral" : "")")
        Task.detached { [self] in
            let url = await StubBrowser.shared.visit(url)
            end(url, .canceledLogin)
        }
        return true
    }

    open func cancel() {
        StubBrowser.shared.note("cancel")
        end(nil, .canceledLogin)
    }

    private func end(_ url: URL?, _ code: ASWebAuthenticationSessionError.Code) {
        let done = lock.withLock {
            defer { self.done = nil }
            return self.done
        }
        let error = NSError(domain: ASWebAuthenticationSessionErrorDomain, code: code.rawValue)
        done?(url, url == nil ? error : nil)
    }
}
