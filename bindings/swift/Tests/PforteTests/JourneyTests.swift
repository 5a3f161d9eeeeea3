import Foundation
import Pforte
import Testing

/// The journey of `tests/journeys/JOURNEY.md`, with ports written in Swift.
@Suite(.serialized, .timeLimit(.minutes(2))) struct JourneyTests {
    @Test func theWholeJourney() async throws {
        let world = try World()
        let pforte = try await world.open()
        let events = Guarded([String]())
        let following = Task {
            for await event in pforte.events {
                events.with { $0.append("\(event.flow) \(event.step) \(event.outcome)") }
            }
        }
        defer { following.cancel() }
        try await JourneyTests.walk(pforte, world)

        let requests = try await world.control("GET", "/dev/log")
        let state = String(decoding: try await world.control("GET", "/dev/state"), as: UTF8.self)
        #expect(state.contains("revoked"))
        let out = URL(fileURLWithPath: try World.surrounding("PFORTE_JOURNEY_OUT"))
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        let file: [String: Any] = [
            "ports": world.log.lines,
            "requests": try JSONSerialization.jsonObject(with: requests),
            "events": events.with { $0 },
        ]
        try JSONSerialization.data(withJSONObject: file, options: [.prettyPrinted, .sortedKeys])
            .write(to: out.appendingPathComponent("swift.json"))
    }

    @Test func aBrokenAdapterTurnsTheJourneyRed() async throws {
        let good = try World()
        try await JourneyTests.walk(try await good.open(), good)
        let broken = try World(broken: true)
        let pforte = try await broken.open()
        await #expect(throws: PforteError.self) { try await JourneyTests.walk(pforte, broken) }
        guard case .locked = pforte.currentStatus else { throw Missing(what: "not locked") }
        #expect(good.log.lines != broken.log.lines)
    }

    /// Steps 2 to 11.
    static func walk(_ pforte: Pforte, _ world: World) async throws {
        try expect(pforte.currentStatus == .signedOut, "1: signed out")
        try expect(isCleared(try await pforte.enter("hotel.browse")), "2: cleared")
        try expect(isCleared(try await pforte.enter("review.write")), "3: cleared")
        guard case .unlocked = pforte.currentStatus else { throw Missing(what: "3: unlocked") }

        let review = #"{"hotel":"h1","text":"Quiet rooms.","stars":5}"#
        let posted = try await pforte.send(
            HttpRequest(
                method: "POST", url: world.issuer + "/portal/reviews",
                headers: [Header(name: "content-type", value: "application/json")], body: Data(review.utf8)))
        try expect(posted.status == 201, "4: 201")

        let list = HttpRequest(method: "GET", url: world.issuer + "/portal/reviews", headers: [], body: Data())
        try await pforte.lock()
        guard case .locked = pforte.currentStatus else { throw Missing(what: "5: locked") }
        do {
            _ = try await pforte.send(list)
            throw Missing(what: "5: send while locked")
        } catch PforteError.locked {}

        try await pforte.unlock()
        guard case .unlocked = pforte.currentStatus else { throw Missing(what: "6: unlocked") }
        let reviews = try await pforte.send(list)
        try expect(reviews.status == 200 && String(decoding: reviews.body, as: UTF8.self).contains("Quiet rooms."), "7")

        _ = try await world.control("POST", "/dev/clock", #"{"advance_seconds": 7200}"#)
        try expect(try await pforte.send(list).status == 200, "8: 200 after a refresh")
        try expect(isCleared(try await pforte.enter("review.write")), "9: cleared")

        try await pforte.consent.withdraw(
            "analytics", by: Act(surface: "settings", control: "withdraw", genuine: true))
        let analytics = try await pforte.consent.purposes().first { $0.purpose == "analytics" }
        try expect(analytics?.status == .withdrawn, "10: withdrawn")

        let report = try await pforte.signOut()
        try expect(!report.remoteSessionMayLive && pforte.currentStatus == .signedOut, "11: signed out")
    }

    private static func isCleared(_ entry: Entry) -> Bool {
        if case .cleared = entry { true } else { false }
    }

    private static func expect(_ holds: Bool, _ step: String) throws {
        if !holds { throw Missing(what: "step \(step)") }
    }
}
