import PforteGenerated

#if canImport(FoundationNetworking)
    import Foundation
    import FoundationNetworking
#else
    import Foundation
#endif

extension Pforte {
    /// Makes a call to a listed API origin over URLSession: the token, the DPoP proof and its nonce, one refresh after a
    /// refused token, and redirects, each authorised anew at a listed origin, stay inside.
    ///
    /// It shows no screen. `stepUpNeeded` says that the server wants more assurance, which ``call(_:_:)`` answers; `locked`
    /// that the session is locked, `fixConfiguration` that a redirect leaves the listed origins. A body that is a stream is
    /// not sent a second time: the server's answer comes as it is.
    public func data(
        for request: URLRequest, session configuration: URLSessionConfiguration = .ephemeral
    ) async throws -> (Data, HTTPURLResponse) {
        guard let url = request.url, let method = request.httpMethod else {
            throw PforteError.fixConfiguration(hint: "The request has no URL.")
        }
        let call = try await PforteError.rethrown {
            try await core.beginCall(method: method, url: url.absoluteString)
        }
        let session = URLSession(configuration: configuration, delegate: StaysHere(), delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        var sent = try request.sent(as: call.first())
        while true {
            let (body, response) = try await exchange(sent, in: session)
            let head = response.allHeaderFields.compactMap { field -> Header? in
                guard let name = field.key as? String, let value = field.value as? String else { return nil }
                return Header(name: name, value: value)
            }
            let next = try await PforteError.rethrown {
                try await call.answered(status: UInt16(clamping: response.statusCode), headers: head)
            }
            guard let next, !(next.keepsBody && sent.httpBodyStream != nil) else { return (body, response) }
            sent = try sent.sent(as: next)
        }
    }

    /// The headers that authorise one sending of `request` by another HTTP stack: `authorization`, and `dpop` where the token
    /// is bound to this device.
    public func authorize(_ request: HttpRequest) async throws -> [Header] {
        try await PforteError.rethrown { try await core.authorize(request: request) }
    }
}

extension URLRequest {
    /// This request as `sending` has it.
    fileprivate func sent(as sending: Sending) throws -> URLRequest {
        guard let url = URL(string: sending.url) else {
            throw PforteError.fixConfiguration(hint: "The server redirects the request to something that is no URL.")
        }
        var request = self
        request.url = url
        request.httpMethod = sending.method
        for name in ["Authorization", "DPoP"] { request.setValue(nil, forHTTPHeaderField: name) }
        for header in sending.credentials { request.setValue(header.value, forHTTPHeaderField: header.name) }
        if !sending.keepsBody {
            request.httpBody = nil
            request.httpBodyStream = nil
            request.setValue(nil, forHTTPHeaderField: "Content-Type")
        }
        return request
    }
}

/// One exchange; cancelling the task cancels it.
private func exchange(_ request: URLRequest, in session: URLSession) async throws -> (Data, HTTPURLResponse) {
    let running = Running()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            let task = session.dataTask(with: request) { body, response, error in
                guard let response = response as? HTTPURLResponse else {
                    let failure = error ?? URLError(.badServerResponse)
                    return continuation.resume(throwing: failure)
                }
                continuation.resume(returning: (body ?? Data(), response))
            }
            running.begin(task)
        }
    } onCancel: {
        running.cancel()
    }
}

/// The task under way, for whoever cancels it, before or after it began.
private final class Running: @unchecked Sendable {
    private let lock = NSLock()
    private var task: URLSessionDataTask?
    private var isCancelled = false

    func begin(_ task: URLSessionDataTask) {
        let cancelled = lock.withLock {
            self.task = task
            return isCancelled
        }
        task.resume()
        if cancelled { task.cancel() }
    }

    func cancel() {
        let task = lock.withLock {
            isCancelled = true
            return self.task
        }
        task?.cancel()
    }
}

/// Follows no redirect: each one is authorised anew or not at all.
private final class StaysHere: NSObject, URLSessionTaskDelegate, @unchecked Sendable {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) { completionHandler(nil) }
}
