import Foundation
import Pforte
import Testing

/// Consents from Swift: seen, changed, tracked under, exported, taken in again, erased.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ConsentTests {
    private let act = Act(surface: "settings", control: "switch", genuine: true)

    private func status(_ pforte: Pforte, _ purpose: String) async throws -> ConsentStatus? {
        try await pforte.consent.purposes().first { $0.purpose == purpose }?.status
    }

    @Test func anEventGoesOutUnderALiveGrantAndUnderNoOther() async throws {
        let world = try World()
        let pforte = try await world.open()
        let (events, continuation) = AsyncStream.makeStream(of: TrackedEvent.self)
        try await pforte.deliverEvents { continuation.yield($0) }
        #expect(try await pforte.track("review.posted", purpose: "analytics") == false)
        try await pforte.consent.grant("analytics", by: act)
        #expect(try await pforte.track("review.posted", purpose: "analytics"))
        var iterator = events.makeAsyncIterator()
        let event = await iterator.next()
        #expect(event?.purpose == "analytics")
        #expect(event?.json.contains(#""event":"review.posted""#) == true)
        try await pforte.consent.withdraw("analytics", by: act)
        #expect(try await pforte.track("review.posted", purpose: "analytics") == false)
    }

    @Test func anExportComesBackAndAnErasureSaysWhatRemains() async throws {
        let world = try World()
        let pforte = try await world.open()
        try await pforte.consent.grant("analytics", by: act)
        try await pforte.consent.withdraw("newsletter", by: act)
        let document = try await pforte.consent.export()
        let elsewhere = try World()
        let other = try await elsewhere.open()
        #expect(try await other.consent.import(document) == 2)
        #expect(try await status(other, "newsletter") == .withdrawn)
        #expect(try await status(other, "analytics") == .unknown)
        let report = try await pforte.consent.erase()
        #expect(report.destroyed == 2 && report.remaining == 3)
        #expect(report.why.contains("P3Y"))
        #expect(try await status(pforte, "analytics") == .withdrawn)
    }
}
