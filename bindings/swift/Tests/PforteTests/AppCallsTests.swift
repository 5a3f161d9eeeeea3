import Foundation
import Pforte
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// An app's calls over URLSession, against the development provider's portal.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AppCallsTests {
    @Test func thePortalIsCalledAndItsStepUpChallengeIsAnsweredOnce() async throws {
        let (world, pforte) = try await signedIn()
        let review = post(world, "/portal/reviews", #"{"hotel":"h1","text":"Quiet.","stars":5}"#)
        #expect(try await pforte.data(for: review).1.statusCode == 201)
        let booking = post(world, "/portal/bookings", #"{"hotel":"h1","nights":2}"#)
        let booked = try await pforte.call("review.write") { try await pforte.data(for: booking).1.statusCode }
        #expect(booked == 201)
        #expect(world.log.lines.filter { $0.hasPrefix("presenter.present(step-up") }.count == 1)
    }

    @Test func aRefusedTokenIsRenewedOnce() async throws {
        let (world, pforte) = try await signedIn()
        // The token's time is over at the provider, and this device does not know.
        _ = try await world.control("POST", "/dev/clock", #"{"advance_seconds":700}"#)
        #expect(try await pforte.data(for: get(world, "/portal/reviews")).1.statusCode == 200)
        #expect(try await refreshes(world) == 1)
    }

    @Test func aRedirectLeadsToNoOtherOrigin() async throws {
        let (world, pforte) = try await signedIn()
        let stranger = try World()
        for target in ["\(stranger.issuer)/portal/reviews", "file:///etc/hosts"] {
            try await redirect(world, to: target, code: 307)
            do {
                _ = try await pforte.data(for: post(world, "/portal/reviews", "{}"))
                throw Missing(what: "it was followed")
            } catch PforteError.fixConfiguration {}
        }
        let asked = String(decoding: try await stranger.control("GET", "/dev/log"), as: UTF8.self)
        #expect(!asked.contains("/portal/reviews"))
        try await redirect(world, to: "\(world.issuer)/portal/reviews", code: 302)
        #expect(try await pforte.data(for: get(world, "/portal/hotels")).1.statusCode == 200)
    }

    @Test func aLockedSessionFailsTheCall() async throws {
        let (world, pforte) = try await signedIn()
        try await pforte.lock()
        do {
            _ = try await pforte.data(for: get(world, "/portal/reviews"))
            throw Missing(what: "the call went through")
        } catch PforteError.locked {}
        try await pforte.unlock()
        let headers = try await pforte.authorize(
            HttpRequest(method: "GET", url: "\(world.issuer)/portal/reviews", headers: [], body: Data()))
        #expect(headers.map(\.name) == ["authorization"])
    }

    private func signedIn() async throws -> (World, Pforte) {
        let world = try World()
        let pforte = try await world.open()
        guard case .cleared = try await pforte.enter("review.write") else { throw Missing(what: "not cleared") }
        return (world, pforte)
    }

    private func get(_ world: World, _ path: String) -> URLRequest {
        URLRequest(url: URL(string: world.issuer + path)!)
    }

    private func post(_ world: World, _ path: String, _ json: String) -> URLRequest {
        var request = get(world, path)
        request.httpMethod = "POST"
        request.httpBody = Data(json.utf8)
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        return request
    }

    private func redirect(_ world: World, to target: String, code: Int) async throws {
        let act = #"{"on":"portal","times":1,"act":{"redirect":{"code":\#(code),"location":"\#(target)"}}}"#
        _ = try await world.control("POST", "/dev/misbehave", act)
    }

    private func refreshes(_ world: World) async throws -> Int {
        let state = try JSONSerialization.jsonObject(with: try await world.control("GET", "/dev/state"))
        guard let count = (state as? [String: Any])?["refreshes"] as? Int else { throw Missing(what: "\(state)") }
        return count
    }
}
