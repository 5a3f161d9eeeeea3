import Foundation
import Pforte
import Testing

/// The security screen and the accounts, from Swift.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SecurityTests {
    @Test func thePersonTurnsTheGateOffAndOnAndLeavesForTheCamera() async throws {
        let (world, pforte) = try await onDevice()
        #expect(try await pforte.security.view().kept == .behindGate)
        try await pforte.security.turnGateOff()
        #expect(try await pforte.security.view().kept == .onDevice)
        try await pforte.security.turnGateOn()
        try await pforte.security.renewGateKey()
        try await pforte.security.rememberPerson(true)
        try await pforte.announceDeparture()
        try await pforte.enteredBackground()
        try await pforte.enteredForeground()
        try await pforte.used()
        guard case .unlocked = pforte.currentStatus else { throw Missing(what: "not unlocked") }
        try await pforte.lock()
        guard case .locked(let hint) = pforte.currentStatus else { throw Missing(what: "not locked") }
        #expect(hint != nil)
        world.gateKey.finger.with { $0 = .wrong }
        await #expect(throws: PforteError.self) { try await pforte.unlock() }
        world.gateKey.finger.with { $0 = .right }
        try await pforte.unlock()
    }

    @Test func thePersonsPasscodeOpensTooUntilItIsRemoved() async throws {
        let (world, pforte) = try await onDevice()
        defer { withExtendedLifetime(world) {} }
        try await pforte.security.addDeviceCredential()
        try await pforte.lock()
        try await pforte.unlock()
        try await pforte.security.removeDeviceCredential()
        #expect(try await pforte.security.view().kept == .behindGate)
    }

    @Test func anAccountIsListedUntilItIsRemoved() async throws {
        let (world, pforte) = try await onDevice()
        #expect(try await Pforte.accounts(in: world.folder) == ["main"])
        #expect(try await pforte.removeAccount().remoteSessionMayLive == false)
        #expect(try await Pforte.accounts(in: world.folder) == [])
        #expect(pforte.currentStatus == .signedOut)
    }

    @Test func aKeyForTheProviderToRegisterIsThisInstallationsOwn() async throws {
        let (world, pforte) = try await onDevice()
        defer { withExtendedLifetime(world) {} }
        let jwk = try await pforte.clientJWK(keyID: "phone-1")
        #expect(jwk.contains(#""kid":"phone-1""#) && !jwk.contains(#""d""#))
        #expect(try await pforte.clientJWK(keyID: "phone-1") == jwk)
    }

    private func onDevice() async throws -> (World, Pforte) {
        let world = try World()
        let pforte = try await world.open()
        guard case .cleared = try await pforte.enter("review.write") else { throw Missing(what: "not cleared") }
        return (world, pforte)
    }
}
