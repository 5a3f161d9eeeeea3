import Foundation
import PforteApple
import SwiftUI
import Testing

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
        #expect(try await guest.calls("/portal/bookings", answered: 201) == 1)

        try await guest.goesBack()
        try await guest.taps("Account")
        try await guest.sees("Hello, Alice")
        try await guest.taps("Who knows me")
        try await guest.taps("withdraw:analytics")
        try await guest.sees("You withdrew it")
        try await guest.taps("Get a copy")
        try await guest.sees("Share or keep the copy")
        try await guest.goesBack()

        try await guest.taps("Lock now")
        try await guest.sees("Only you can open it".lowercased())
        #expect(guest.doesNotSee("Hello, Alice") && !guest.screen.press("Who knows me"), "what lies below can't be met")
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
        try await guest.goesBack()
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

    @Test func theSecurityScreenTakesTheGateAwayAndPutsItBack() async throws {
        let guest = try Guest()
        try await guest.writesAReview("Fine.")
        try await guest.goesBack()
        try await guest.taps("Account")
        try await guest.taps("Security")
        try await guest.sees("Only you can open it.")
        guest.screen.turn("gate", on: false)
        try await guest.sees("It opens without face or fingerprint.")
        guest.screen.turn("gate", on: true)
        try await guest.sees("Your account is locked on this device.")
        try await guest.sees("signed in")
    }

    @Test func theLockScreenShowsANameOnlyWhereThePersonSaidSo() async throws {
        let guest = try Guest()
        try await guest.writesAReview("Fine.")
        try await guest.goesBack()
        try await guest.taps("Account")
        try await guest.taps("Security")
        for (choice, isShown) in [("Show my name while locked", true), ("Do not show my name", false)] {
            try await guest.taps(choice)
            try await guest.until("for the choice") { !guest.portal.isBusy }
            try await guest.locks()
            #expect(guest.doesNotSee("alice@example.com") != isShown)
            try await guest.taps("Unlock")
            try await guest.sees("This device")
        }
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

    @Test func nothingIsChosenBeforehandAndWhatIsMissingIsSaid() async throws {
        let guest = try Guest()
        try await guest.comesToTheDetails()
        try await guest.taps("Continue")
        try await guest.hears("Please fill this in: Display name")
        try await guest.fillsIn("field:display_name", "Alice")
        try await guest.taps("Continue")
        try await guest.hears("Please fill this in: ", "16")
        try await guest.chooses("Yes", in: "field:age")
        try await guest.taps("Continue")

        try await guest.sees("Save my choice")
        let choices = guest.screen.everything.filter { $0.kind == "Picker" }
        #expect(choices.map(\.text) == ["", ""] && Set(choices.compactMap(\.label)).count == 2, "each is named by its question")
        try await guest.taps("Save my choice")
        try await guest.hears("Please choose for each: agree or refuse.")
        try await guest.taps("Refuse all")
        try await guest.sees("Publish")
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
        let booking = StubScreen(BookingScreen(hotel: Hotel.all[0], portal: guest.portal))
        #expect(["1 Nacht", "2 Nächte", "Zusammen: 256 €"].allSatisfy(booking.texts.contains))
        #expect(Words.missing == [])
    }
}
