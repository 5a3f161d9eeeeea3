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

    @Test func theSecondRefusalIsTheAppsToSee() async throws {
        let (world, pforte) = try await signedIn()
        let refusal = #"{"header":{"name":"www-authenticate","value":"Bearer error=\"invalid_token\""}}"#
        for act in [#"{"status":{"code":401,"body":"{}"}}"#, refusal] {
            _ = try await world.control(
                "POST", "/dev/misbehave", #"{"on":"portal","times":2,"act":\#(act)}"#)
        }
        #expect(try await pforte.data(for: get(world, "/portal/reviews")).1.statusCode == 401)
        #expect(try await sent(world, "/portal/reviews") == 2)
        #expect(try await refreshes(world) == 1)
        #expect(try await pforte.data(for: get(world, "/portal/reviews")).1.statusCode == 200)
    }

    @Test func manyCallsAtOnceAtTheEndOfATokensLifeCauseOneRefresh() async throws {
        let (world, pforte) = try await signedIn()
        _ = try await world.control("POST", "/dev/clock", #"{"advance_seconds":700}"#)
        let request = get(world, "/portal/reviews")
        let codes = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<16 { group.addTask { try await pforte.data(for: request).1.statusCode } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == Array(repeating: 200, count: 16))
        #expect(try await refreshes(world) == 1)
    }

    @Test func aBoundTokenComesWithAProofAndTheServersNonce() async throws {
        let world = try World(settings: #"{"automatic":"alice","dpop":"required","dpop_nonces":true}"#)
        let pforte = try await world.open(provider: { $0.with(protocol: $0.protocol.with(dpop: .whenOffered)) })
        guard case .cleared = try await pforte.enter("review.write") else { throw Missing(what: "not cleared") }
        for _ in 0..<2 {
            #expect(try await pforte.data(for: get(world, "/portal/reviews")).1.statusCode == 200)
        }
        let plain = HttpRequest(method: "GET", url: "\(world.issuer)/portal/reviews", headers: [], body: Data())
        let (first, second) = (try await pforte.authorize(plain), try await pforte.authorize(plain))
        #expect(first.map { $0.name } == ["authorization", "dpop"])
        #expect(first[0].value == second[0].value && first[1].value != second[1].value)
    }

    @Test func nobodyElseIsCalledWithAToken() async throws {
        let (world, pforte) = try await signedIn()
        let stranger = try World()
        do {
            _ = try await pforte.data(for: get(stranger, "/portal/reviews"))
            throw Missing(what: "it was called")
        } catch PforteError.fixConfiguration(let hint) {
            #expect(hint.contains("api_origins"))
        }
        #expect(try await sent(stranger, "/portal/reviews") == 0)
        withExtendedLifetime(world) {}
    }

    @Test func aCancelledCallEndsAtOnce() async throws {
        let (world, pforte) = try await signedIn()
        let slow = #"{"on":"portal","times":1,"act":{"delay":{"millis":30000}}}"#
        _ = try await world.control("POST", "/dev/misbehave", slow)
        let request = get(world, "/portal/reviews")
        let call = Task { try await pforte.data(for: request).1.statusCode }
        while try await sent(world, "/portal/reviews") == 0 { await Task.yield() }
        call.cancel()
        await #expect(throws: (any Error).self) { try await call.value }
        #expect(try await pforte.data(for: request).1.statusCode == 200)
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

    private func sent(_ world: World, _ path: String) async throws -> Int {
        let log = try JSONSerialization.jsonObject(with: try await world.control("GET", "/dev/log"))
        guard let entries = log as? [[String: Any]] else { throw Missing(what: "\(log)") }
        return entries.filter { $0["path"] as? String == path }.count
    }

    private func refreshes(_ world: World) async throws -> Int {
        let state = try JSONSerialization.jsonObject(with: try await world.control("GET", "/dev/state"))
        guard let count = (state as? [String: Any])?["refreshes"] as? Int else { throw Missing(what: "\(state)") }
        return count
    }
}
