import Foundation
import Pforte
import Testing

/// What the person fills in finds its way back to the account, from Swift.
@Suite(.timeLimit(.minutes(2))) struct ProfileTests {
    @Test func whatWasFilledInIsOfferedUntilTheAccountTookIt() async throws {
        let world = try World()
        let pforte = try await world.open()
        guard case .cleared = try await pforte.enter("review.write") else { throw Missing(what: "not cleared") }
        let fails = Guarded(1)
        let (given, giving) = AsyncStream<[ProfileField]>.makeStream()
        try await pforte.writeProfile { fields in
            giving.yield(fields)
            let failing = fails.with { left in
                left -= 1
                return left >= 0
            }
            if failing { throw Missing(what: "the account's server") }
        }
        var offered = given.makeAsyncIterator()
        let first = await offered.next()
        #expect(first?.isEmpty == false && first?.allSatisfy { $0.source == "self" } == true)
        try await pforte.lock()
        try await pforte.unlock()
        #expect(await offered.next() == first)
        for await status in pforte.status {
            if case .unlocked(let profile) = status, profile.contains(where: { $0.source == "account" }) { break }
        }
        withExtendedLifetime(world) {}
    }
}
