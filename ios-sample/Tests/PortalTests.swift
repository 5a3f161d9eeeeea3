import Foundation
import PforteApple
import Security
import SwiftUI
import Testing
import UIKit

@testable import HotelPortal

/// The app's screens, operated through a tree of views. How they look, only a device shows.
@MainActor
@Suite(.serialized, .timeLimit(.minutes(4))) struct PortalTests {
    @Test func theWholeJourney() async throws {
        let guest = try Guest()
        try await guest.sees("Rooms with a story")
        try await guest.writesAReview("Quiet rooms, good breakfast.")
        try await guest.taps("Read reviews")
        try await guest.sees("Quiet rooms, good breakfast.")
        try await guest.sees("5 stars")

        try await guest.taps("Add a picture")
        try await guest.sees("Show your pictures")
        try await guest.taps("Agree")
        try await guest.taps("(photograph)")
        try await guest.until("for the picture") { guest.screen.everything.contains { $0.label == "Your picture" } }

        // The server wants two factors: one step-up, one booking.
        try await guest.taps("Book a room")
        try await guest.answersUntil("Together: €256")
        try await guest.chooses("1 night", in: "nights")
        try await guest.sees("Together: €128")
        try await guest.taps("Book and pay")
        try await guest.answersUntil("It is booked.")

        guest.portal.trail = [.hotels]
        try await guest.taps("Account")
        try await guest.sees("Hello, Alice")
        try await guest.taps("Who knows me")
        try await guest.taps("withdraw:analytics")
        try await guest.sees("You withdrew it")
        try await guest.taps("Get a copy")
        try await guest.sees("Share or keep the copy")
        guest.portal.trail.removeLast()

        try await guest.taps("Lock now")
        try await guest.sees("Only you can open it".lowercased())
        #expect(!guest.screen.press("Who knows me"), "what lies below the lock can't be pressed")
        try await guest.taps("Unlock")
        try await guest.sees("Hello, Alice")
        try await guest.taps("Sign out")
        try await guest.sees("You are signed out.")
        try await guest.sees("Rooms with a story")
        #expect(try await guest.control("GET", "/dev/state").contains("revoked"))
        #expect(Words.missing == [])
    }

    @Test func whoKnowsMeIsOpenToEverybodyAndErases() async throws {
        let guest = try Guest()
        try await guest.taps("Look at hotels")
        try await guest.taps("Agree")
        try await guest.sees("Gasthof Linde")
        guest.portal.trail = []
        try await guest.taps("Who knows me")
        try await guest.sees("You agreed")
        try await guest.taps("withdraw:analytics")
        try await guest.sees("You withdrew it")
        try await guest.taps("agree:analytics")
        try await guest.sees("You agreed")
        try await guest.taps("Erase my choices")
        try await guest.sees("This can’t be undone.")
        try await guest.taps("Cancel")
        #expect(!guest.doesNotSee("You agreed"))
        try await guest.taps("Erase my choices")
        try await guest.taps("Erase")
        try await guest.sees("Your choices are erased.")
        #expect(guest.doesNotSee("You agreed"))
    }

    @Test func eachEndOfAPromptLeavesTheAccountLocked() async throws {
        let guest = try Guest()
        try await guest.writesAReview("Fine.")
        for code in [-1, -2, -8] {
            try await guest.locks()
            guest.device.prompts = [.fails("com.apple.LocalAuthentication", code)]
            try await guest.taps("Unlock")
            try await guest.until("for the prompt's end") { guest.device.prompts.isEmpty && !guest.portal.isBusy }
            #expect(!guest.doesNotSee("Locked"), "\(code)")
        }
        try await guest.taps("Unlock")
        try await guest.sees("Hotel Aurora")
    }

    @Test func aNewFaceEndsTheKeyAndASignInHelps() async throws {
        let guest = try Guest()
        try await guest.writesAReview("Fine.")
        try await guest.locks()
        guest.device.enrolled = Data("one face and another".utf8)
        try await guest.taps("Unlock")
        try await guest.sees("Please sign in once more")
        try await guest.taps("Sign in")
        try await guest.taps("Sign in with a password")
        try await guest.taps("Turn on")
        try await guest.sees("Gasthof Linde")
    }

    @Test func whereNobodyIsEnrolledTheSessionIsTheDevicesAlone() async throws {
        let guest = try Guest()
        guest.device.enrolled = nil
        try await guest.taps("Sign in")
        try await guest.taps("Sign in with a password")
        try await guest.sees("Gasthof Linde")
        try await guest.taps("Account")
        try await guest.taps("Security")
        try await guest.sees("It opens without face or fingerprint.")
        try await guest.sees("set up Face ID")
    }

    @Test func theSecurityScreenTakesTheGateAwayAndPutsItBack() async throws {
        let guest = try Guest()
        try await guest.writesAReview("Fine.")
        guest.portal.trail = [.hotels, .account]
        try await guest.taps("Security")
        try await guest.sees("Only you can open it.")
        guest.screen.turn("gate", on: false)
        try await guest.sees("It opens without face or fingerprint.")
        guest.screen.turn("gate", on: true)
        try await guest.sees("Your account is locked on this device.")
        try await guest.sees("signed in")
    }

    @Test func aQuestionIsLeftWithoutAnAnswerAndAskedAgain() async throws {
        let guest = try Guest()
        try await guest.taps("Look at hotels")
        try await guest.sees("Help us improve the portal")
        guest.screen.escape()
        try await guest.until("for the end of the question") { !guest.portal.isBusy }
        try await guest.taps("Who knows me")
        try await guest.until("for the purposes") { !guest.portal.purposes.isEmpty }
        #expect(guest.doesNotSee("You agreed") && guest.doesNotSee("You refused"))
    }

    @Test func aProcessThatEndedIsLockedAndOpensAgain() async throws {
        let guest = try Guest()
        try await guest.writesAReview("Fine.")
        try await guest.locks()
        guest.opensTheApp()
        try await guest.taps("Unlock")
        try await guest.taps("Look at hotels")
        try await guest.taps("Account")
        try await guest.sees("Hello, Alice")
    }

    @Test func toRefuseIsAsProminentAsToAgree() async throws {
        let guest = try Guest()
        try await guest.taps("Look at hotels")
        try await guest.sees("Help us improve the portal")
        let buttons = guest.screen.everything.filter { $0.kind == "Button" }
        let refuse = try #require(buttons.first { $0.texts == ["Refuse"] })
        let agree = try #require(buttons.first { $0.texts == ["Agree"] })
        #expect(refuse.style == agree.style && refuse.style.contains("bordered"))
    }

    @Test func everyWordIsThereInGerman() async throws {
        let guest = try Guest(language: "de")
        try await guest.taps("Hotels ansehen")
        try await guest.sees("Helfen Sie uns, das Portal zu verbessern")
        try await guest.taps("Zustimmen")
        try await guest.sees("Wien · 128 € pro Nacht")
        try await guest.taps("Konto")
        try await guest.taps("Wer kennt mich")
        try await guest.sees("Sie haben zugestimmt")
        try await guest.sees("Wer es bekommt: ")
        #expect(Words.missing == [])
    }

    @Test func whatCannotBeOpenedIsNeverCalledSignedOut() throws {
        let guest = try Guest()
        for (cause, title) in [
            (UnavailableCause.notNow, "Please try later"), (.keyLost, "Please sign in once more"),
            (.unreadable, "Please sign in once more"),
        ] {
            let screen = StubScreen(UnavailableScreen(cause: cause, why: "for support", portal: guest.portal))
            #expect(screen.texts.first == title)
            #expect(screen.buttons == (cause == .notNow ? [] : ["Sign in"]))
        }
        #expect(Words.missing == [])
    }
}
