import AuthenticationServices
import Foundation
import PforteApple
import SwiftUI
import Testing

@testable import HotelPortal

/// Faces that are not the right one, processes that end, and questions that are left: what the person sees, and what is kept.
extension PortalTests {
    @Test func eachEndOfAPromptLeavesTheAccountLocked() async throws {
        let guest = try Guest()
        try await guest.writesAReview("Fine.")
        // Not recognised, cancelled, locked out, nobody enrolled.
        let ends = [(-1, "That did not work."), (-2, nil), (-8, "That is not possible now."), (-7, "That is not possible now.")]
        for (code, said) in ends {
            try await guest.locks()
            guest.device.prompts = [.fails("com.apple.LocalAuthentication", code)]
            try await guest.taps("Unlock")
            try await guest.until("for the prompt's end") { guest.device.prompts.isEmpty && !guest.portal.isBusy }
            #expect(!guest.doesNotSee("Locked") && guest.doesNotSee("Hotel Aurora"), "\(code)")
            let message = guest.portal.message?.text
            #expect(said.map { message?.hasPrefix($0) == true } ?? (message == nil), "\(code): \(message ?? "")")
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

    @Test func aDeviceThatWasNotUnlockedSinceItStartedIsNoSignOut() async throws {
        let guest = try Guest()
        try await guest.writesAReview("Fine.")
        try await guest.locks()
        guest.device.isUnlockedSinceStart = false
        guest.opensTheApp()
        try await guest.sees("Please try later")
        #expect(guest.doesNotSee("Sign in") && guest.doesNotSee("Rooms with a story"))
        guest.device.isUnlockedSinceStart = true
        guest.leavesAndComesBack()
        try await guest.taps("Unlock")
        try await guest.sees("Rooms with a story")
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

    @Test func aProcessThatEndedAtAQuestionAsksItAgainAndNothingThatWasAnswered() async throws {
        let guest = try Guest()
        try await guest.taps("Look at hotels")
        try await guest.taps("Agree")
        try await guest.taps("hotel:h1")
        try await guest.taps("Write a review")
        try await guest.taps("Continue")
        try await guest.sees("Sign in with a password")
        guest.opensTheApp()
        try await guest.taps("Look at hotels")
        try await guest.taps("hotel:h1")
        try await guest.taps("Write a review")
        try await guest.sees("Sign in with a password")
        #expect(guest.doesNotSee("Your review is public"))
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

    @Test func whatIsNeededAndRefusedIsSaidWithItsReason() async throws {
        let guest = try Guest()
        try await guest.writesAReview("Fine.")
        try await guest.taps("Add a picture")
        try await guest.sees("Show your pictures")
        try await guest.taps("Refuse")
        try await guest.hears("This is not possible without your consent to “Show your pictures”.")
        #expect(!guest.portal.choosesPicture)
    }

    @Test func aBrowserThatIsClosedIsNoErrorAndLeavesNobodySignedIn() async throws {
        let guest = try Guest()
        StubBrowser.shared.follow { _ in nil }
        try await guest.taps("Sign in")
        try await guest.taps("Sign in with a password")
        try await guest.until("for the end of the sign-in") { !guest.portal.isBusy }
        #expect(guest.portal.status == .signedOut && guest.portal.message == nil)
        try await guest.sees("Rooms with a story")
    }
}
