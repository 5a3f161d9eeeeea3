import Foundation
import Pforte
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Entering from Swift: turns, cancelling, challenges, and the end of the process.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DriveTests {
    @Test func anAppThatDrawsItsOwnScreensTakesTheTurnsItself() async throws {
        let world = try World()
        let pforte = try await world.open()
        let person = RecordingPresenter(log: PortLog())
        var asks = 0
        var turn = try await pforte.next("review.write")
        while case .asked(let ask) = turn {
            asks += 1
            #expect(try await pforte.next("review.write") == turn)
            turn = try await pforte.answer(ask, person.present(ask: ask))
            await #expect(throws: PforteError.self) { try await pforte.answer(ask, .dismissed) }
        }
        guard case .ended(.cleared) = turn else { throw Missing(what: "\(turn)") }
        #expect(asks == 5)
        #expect(!world.log.lines.contains { $0.hasPrefix("presenter.") })
    }

    @Test func cancellingTakesTheAskOffTheScreenAndTheNextEntryResumesThere() async throws {
        let world = try World()
        let screen = HandedOver()
        let pforte = try await world.open(presenter: screen)
        var shown = screen.asks.makeAsyncIterator()
        var withdrawn = screen.withdrawals.makeAsyncIterator()
        let entering = Task { try await pforte.enter("review.write") }
        let first = await shown.next()
        entering.cancel()
        _ = await withdrawn.next()
        let again = Task { try await pforte.enter("review.write") }
        guard let next = await shown.next() else { throw Missing(what: "no ask") }
        #expect(next == first)
        let answering = Task { try await screen.answerAll(from: next) }
        defer { answering.cancel() }
        guard case .cleared = try await again.value else { throw Missing(what: "not cleared") }
    }

    @Test func aChallengeInTheMiddleOfACallIsOneStepUpAndOneRetry() async throws {
        let world = try World()
        let pforte = try await world.open()
        let tries = Counter()
        let request = HttpRequest(
            method: "POST",
            url: "\(world.issuer)/portal/bookings",
            headers: [Header(name: "content-type", value: "application/json")],
            body: Data(#"{"hotel":"h1","nights":2}"#.utf8)
        )
        let booked = try await pforte.call("review.write") {
            tries.add()
            return try await pforte.send(request)
        }
        #expect(booked.status == 201)
        #expect(tries.count == 2)
        #expect(world.log.lines.filter { $0.hasPrefix("presenter.present(step-up") }.count == 1)
    }

    @Test func anEntryWhoseProcessEndedDuringSignInGoesOnAndIsTold() async throws {
        let world = try World()
        let gone = Gone()
        let earlier = try await world.open(userAgent: gone)
        let entering = Task { try await earlier.enter("review.write") }
        var addresses = gone.addresses.makeAsyncIterator()
        guard let address = await addresses.next(), let url = URL(string: address) else {
            throw Missing(what: "no browser")
        }
        entering.cancel()

        // The provider redirects, and the system starts the app anew with that.
        let callback = try await world.userAgent.browse(
            url: url.absoluteString, redirectUri: "com.example.portal:/callback"
        )
        let pforte = try await world.open()
        var ends = pforte.resumed.makeAsyncIterator()
        try await pforte.resume(URL(string: callback)!)
        let resumed = await ends.next()
        #expect(resumed?.touchpoint == "review.write")
        guard case .entered(.cleared) = resumed?.end else { throw Missing(what: "\(String(describing: resumed))") }
    }
}

/// Hands each ask to the test, which answers it.
private final class HandedOver: Presenter, @unchecked Sendable {
    let asks: AsyncStream<Ask>
    let withdrawals: AsyncStream<Void>
    private let shown: AsyncStream<Ask>.Continuation
    private let withdrawn: AsyncStream<Void>.Continuation
    /// Of the ask on the screen: cancelling ends a stream for good, so each ask has its own.
    private let answered = Guarded<AsyncStream<Answer>.Continuation?>(nil)

    init() {
        (asks, shown) = AsyncStream.makeStream()
        (withdrawals, withdrawn) = AsyncStream.makeStream()
    }

    /// Answers `ask` and every later one, until it is cancelled.
    func answerAll(from ask: Ask) async throws {
        let person = RecordingPresenter(log: PortLog())
        answer(try await person.present(ask: ask))
        for await later in asks { answer(try await person.present(ask: later)) }
    }

    private func answer(_ answer: Answer) { answered.with { _ = $0?.yield(answer) } }

    func present(ask: Ask) async throws -> Answer {
        let (answers, answering) = AsyncStream<Answer>.makeStream()
        answered.with { $0 = answering }
        shown.yield(ask)
        for await answer in answers { return answer }
        throw PresenterError.Interrupted
    }

    func withdrawAsk() throws { withdrawn.yield() }
}

/// A browser that takes the person away for good: the process ends before it comes back.
private final class Gone: UserAgent, @unchecked Sendable {
    let addresses: AsyncStream<String>
    private let asked: AsyncStream<String>.Continuation

    init() { (addresses, asked) = AsyncStream.makeStream() }

    func browse(url: String, redirectUri: String) async throws -> String {
        asked.yield(url)
        try await Task.sleep(for: .seconds(60))
        throw UserAgentError.Closed
    }
}

final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0
    func add() { lock.withLock { value += 1 } }
    var count: Int { lock.withLock { value } }
}
