import Foundation
import Pforte
import Testing

/// Each with a typed error whose text says what to do, and the state as it was.
@Suite(.serialized, .timeLimit(.minutes(2))) struct WhatGoesWrongTests {
    @Test func aPolicyWithAMistake() async throws {
        let world = try World()
        let policy = Policy(PolicyFolder(policyToml: "version = 3\nlevles = 1\n", texts: []))
        let error = try await failure { _ = try await world.open(policy: policy) }
        guard case .fixConfiguration(let hint) = error else { throw Missing(what: "\(error)") }
        #expect(hint.contains("policy.toml:"))
        #expect(error.localizedDescription == hint)
    }

    @Test func anUnreachableProvider() async throws {
        let world = try World()
        let pforte = try await world.open(issuer: "http://127.0.0.1:9")
        let error = try await failure { try await pforte.signIn() }
        guard case .retry(_, let hint) = error else { throw Missing(what: "\(error)") }
        #expect(hint.contains("try again"))
        #expect(pforte.currentStatus == .signedOut)
    }

    @Test func aWrongClientID() async throws {
        let world = try World()
        let pforte = try await world.open(clientID: "nobody")
        let error = try await failure { try await pforte.signIn() }
        #expect(!error.hint.isEmpty)
        #expect(pforte.currentStatus == .signedOut)
    }

    @Test func aBrowserClosedByThePerson() async throws {
        let world = try World()
        let pforte = try await world.open()
        world.userAgent.habit.with { $0 = .closes }
        let error = try await failure { try await pforte.signIn() }
        guard case .cancelled(let hint) = error else { throw Missing(what: "\(error)") }
        #expect(hint.contains("browser was closed"))
        #expect(try await pforte.enter("review.write") == .abandoned(at: "sign-in"))
        let tries = Counter()
        let stopped = try await failure { try await pforte.call("review.write") { tries.add() } }
        #expect(stopped == .notCleared(.abandoned(at: "sign-in")))
        #expect(stopped.hint.contains("gave up at sign-in"))
        #expect(tries.count == 0)
        #expect(pforte.currentStatus == .signedOut)
    }

    @Test func aWrongRedirect() async throws {
        let world = try World()
        let pforte = try await world.open()
        world.userAgent.habit.with { $0 = .strays }
        let error = try await failure { try await pforte.signIn() }
        #expect(error.hint.contains("redirect"))
        #expect(pforte.currentStatus == .signedOut)
    }

    @Test func aTruncatedVaultFile() async throws {
        let world = try World()
        _ = try await world.open().enter("review.write")
        let files = try FileManager.default.contentsOfDirectory(at: world.folder, includingPropertiesForKeys: nil)
        for file in files {
            let bytes = try Data(contentsOf: file)
            if bytes.count > 40 { try bytes.prefix(bytes.count / 2).write(to: file) }
        }
        let error = try await failure {
            let pforte = try await world.open()
            guard case .unavailable(.unreadable, _) = pforte.currentStatus else {
                throw Missing(what: "\(pforte.currentStatus)")
            }
            try await pforte.unlock()
        }
        guard case .unavailable(let hint) = error else { throw Missing(what: "\(error)") }
        #expect(hint.contains("sign in again"))
    }

    @Test func aWrongFinger() async throws {
        let world = try World()
        let pforte = try await world.open()
        _ = try await pforte.enter("review.write")
        try await pforte.lock()
        world.gateKey.finger.with { $0 = .wrong }
        let error = try await failure { try await pforte.unlock() }
        guard case .locked(let hint) = error else { throw Missing(what: "\(error)") }
        #expect(hint.contains("not recognised"))
        guard case .locked = pforte.currentStatus else { throw Missing(what: "not locked") }
        world.gateKey.finger.with { $0 = .right }
        try await pforte.unlock()
    }

    private func failure(_ work: () async throws -> Void) async throws -> PforteError {
        do {
            try await work()
        } catch let error as PforteError {
            return error
        }
        throw Missing(what: "nothing was thrown")
    }
}
