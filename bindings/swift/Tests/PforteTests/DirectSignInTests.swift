import Foundation
import Pforte
import Testing

/// Sign-ins without a page, from Swift; the provider has fakes of Auth0's and Okta's steps.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DirectSignInTests {
    @Test func aSentCodeAndASecondFactorSignInAndAWrongCodeMayBeCorrected() async throws {
        let (world, pforte) = try await at(.auth0)
        let signIn = try await pforte.signInDirectly(.emailCode(address: "alice@example.com"))
        #expect(signIn.first == .code)
        do {
            _ = try await signIn.answer(.code(code: "000000"))
            throw Missing(what: "a wrong code was taken")
        } catch PforteError.cancelled(let hint) {
            #expect(hint.contains("code is wrong"))
        }
        let sent = try await oneTimeCode(world, "alice@example.com")
        #expect(try await signIn.answer(.code(code: sent)) == .code)
        #expect(pforte.currentStatus == .signedOut)
        let shown = try await oneTimeCode(world, "alice")
        #expect(try await signIn.answer(.code(code: shown)) == .signedIn)
        guard case .cleared = try await pforte.enter("review.write") else { throw Missing(what: "not cleared") }
    }

    @Test func aConfirmationOnAnotherDeviceIsAskedForAndAProviderOfAnotherKindNamed() async throws {
        let (world, pforte) = try await at(.okta)
        defer { withExtendedLifetime(world) {} }
        let signIn = try await pforte.signInDirectly(.confirmation(loginHint: "alice", channel: .push))
        #expect(signIn.first == .confirmation(shows: "95", waitSeconds: 5))
        #expect(try await signIn.answer(.confirmed) == signIn.first)
        do {
            _ = try await pforte.signInDirectly(.passkey)
            throw Missing(what: "Okta was asked for Auth0's steps")
        } catch PforteError.fixConfiguration {}
    }

    private func at(_ kind: ProviderKind) async throws -> (World, Pforte) {
        let world = try World(settings: #"{"vendor_steps":true,"second_factor":true}"#)
        let pforte = try await world.open(provider: { provider in
            Provider(
                name: provider.name, kind: kind, issuer: provider.issuer, clientId: provider.clientId,
                scopes: provider.scopes, audience: nil, refreshGraceSeconds: 0, connections: [:],
                allowLoopbackHttp: true, protocol: provider.protocol)
        })
        return (world, pforte)
    }

    private func oneTimeCode(_ world: World, _ whose: String) async throws -> String {
        let code = try await world.control("POST", "/dev/one_time_code", #"{"person":"\#(whose)"}"#)
        return String(decoding: code, as: UTF8.self).trimmingCharacters(in: ["\""])
    }
}
