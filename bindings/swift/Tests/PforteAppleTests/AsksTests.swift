import Foundation
import Pforte
import SwiftUI
import Testing

@testable import PforteApple

func ask(_ kind: AskKind, locale: String = "en") -> Ask {
    Ask(touchpoint: "review.write", locale: locale, title: "A headline", text: "Why this is asked", kind: kind)
}

private func question(_ purpose: String) -> ConsentQuestion {
    ConsentQuestion(
        purpose: purpose, title: "Title of \(purpose)", text: "May we?", textId: "\(purpose)@1", textHash: "00",
        recipient: "Somebody", fields: ["email"], requiredBecause: nil)
}

/// The ready-made asks, read and operated through a tree of views. How they look, only a device shows.
@MainActor
@Suite struct AsksTests {
    private let given = Given()
    private let two = AskKind.consent(questions: [question("analytics"), question("newsletter")])

    private final class Given { var answers: [Answer] = [] }

    private func shown(_ ask: Ask) -> StubScreen {
        let given = given
        return StubScreen(AskView(ask) { given.answers.append($0) })
    }

    @Test func aConsentIsGivenForEachPurposeByItself() {
        let screen = shown(ask(two))
        screen.press("save")
        #expect(given.answers == [], "nothing is chosen beforehand")
        #expect(screen.texts.contains("Please choose: agree or refuse"))
        screen.choose("Agree", in: "choice:analytics")
        screen.press("save")
        #expect(given.answers == [])
        screen.choose("Refuse", in: "choice:newsletter")
        screen.press("save")
        let choices = [ConsentChoice(purpose: "analytics", granted: true), ConsentChoice(purpose: "newsletter", granted: false)]
        #expect(given.answers == [.consent(choices: choices, act: Act(surface: "sheet", control: "save", genuine: true))])
    }

    @Test func toRefuseIsAsProminentAsToAgree() throws {
        let screen = shown(ask(two))
        let (refuse, agree) = (try #require(screen.find("refuse-all")), try #require(screen.find("agree-all")))
        #expect(refuse.style == agree.style && refuse.style.contains("bordered"))
        #expect(refuse.children.map(\.style) == agree.children.map(\.style))
        let buttons = screen.buttons
        #expect(buttons.firstIndex(of: "refuse-all")! < buttons.firstIndex(of: "agree-all")!)
        screen.press("refuse-all")
        guard case .consent(let choices, _) = given.answers.first else { return #expect(Bool(false)) }
        #expect(choices.map(\.granted) == [false, false])
    }

    @Test func aQuestionThatStandsAloneIsAnsweredByTheButtons() {
        let screen = shown(ask(.consent(questions: [question("analytics")])))
        #expect(screen.buttons.filter { $0 != "(escape)" } == ["refuse-all", "agree-all"])
        #expect(screen.texts.contains("Who receives it: Somebody") && screen.texts.contains("What it concerns: email"))
        screen.press("agree-all")
        let choices = [ConsentChoice(purpose: "analytics", granted: true)]
        #expect(given.answers == [.consent(choices: choices, act: Act(surface: "sheet", control: "agree-all", genuine: true))])
    }

    @Test func whatWasToldIsAcknowledgedAndCanBeLeft() {
        let notice = Notice(
            purpose: "account.contract", title: "Your account", text: "What we need", textId: "account.contract@1", textHash: "00"
        )
        let screen = shown(ask(.inform(notices: [notice])))
        #expect(screen.texts.starts(with: ["A headline", "Why this is asked", "Your account", "What we need"]))
        screen.press("continue")
        screen.press("close")
        let act = Act(surface: "sheet", control: "continue", genuine: true)
        #expect(given.answers == [.acknowledged(act: act), .dismissed])
    }

    @Test func detailsAreFilledInAndMissingOnesNamed() {
        let fields = [
            FieldQuestion(name: "display_name", label: "Name", kind: .text),
            FieldQuestion(name: "email", label: "E-mail", kind: .email),
            FieldQuestion(name: "age", label: "At least 16?", kind: .overAge),
            FieldQuestion(name: "billing_country", label: "Country", kind: .country),
        ]
        let screen = shown(ask(.profile(fields: fields)))
        screen.type("  Alice ", into: "field:display_name")
        screen.press("continue")
        #expect(screen.find("warning")?.text == "Please fill this in: E-mail" && given.answers == [])
        screen.type("alice@example.org", into: "field:email")
        screen.choose("Yes", in: "field:age")
        #expect(screen.choose("Austria", in: "field:billing_country"))
        screen.press("continue")
        let values = [
            FieldValue(name: "display_name", value: "Alice"), FieldValue(name: "email", value: "alice@example.org"),
            FieldValue(name: "age", value: "over"), FieldValue(name: "billing_country", value: "AT"),
        ]
        #expect(given.answers == [.profile(values: values)])
    }

    @Test func underTheAgeIsSaidAsWell() {
        let screen = shown(ask(.profile(fields: [FieldQuestion(name: "age", label: "At least 16?", kind: .overAge)])))
        screen.choose("No", in: "field:age")
        screen.press("continue")
        #expect(given.answers == [.profile(values: [FieldValue(name: "age", value: "under")])])
    }

    @Test func voiceOverMeetsHeadingsLabelsAndTargetsThatAreLargeEnough() throws {
        let screen = shown(ask(.profile(fields: [FieldQuestion(name: "display_name", label: "Name", kind: .text)])))
        let headings = screen.everything.filter { $0.traits.contains("header") }.map(\.text)
        #expect(headings == ["A headline"])
        #expect(try #require(screen.find("field:display_name")).label == "Name")
        let visible = try #require(screen.everything.first { $0.text == "Name" && $0.kind == "Text" })
        #expect(visible.isHidden, "read once, with its field")
        let buttons = screen.everything.filter { $0.kind == "Button" }
        #expect(buttons.count == 2 && buttons.allSatisfy { $0.children.first?.style.contains("frame inf 44.0") == true })
        screen.escape()
        #expect(given.answers == [.dismissed])
    }

    @Test func routesUnlockingAndOffersAreAnsweredByTheirButtons() {
        let routes = [Route(id: "page", label: "By e-mail"), Route(id: "social:google", label: "Google")]
        shown(ask(.signIn(routes: routes))).press("route:social:google")
        shown(ask(.unlock(loginHint: "alice@example.org"))).press("proceed")
        shown(ask(.stepUp(level: "verified", maxAuthAgeSeconds: 300))).press("not-now")
        shown(ask(.enrolBiometrics)).press("not-now")
        shown(ask(.enrolPasskey)).press("proceed")
        let answers: [Answer] = [
            .proceed(route: "social:google"), .proceed(route: nil), .dismissed, .skipped, .proceed(route: nil),
        ]
        #expect(given.answers == answers)
    }

    @Test func germanWhereTheAskIsGerman() {
        let screen = shown(ask(two, locale: "de-AT"))
        #expect(["Alles ablehnen", "Allem zustimmen", "Auswahl speichern"].allSatisfy(screen.texts.contains))
        #expect(AskWords.of("de_DE") == .german && AskWords.of("fr") == .english && AskWords.of("den") == .english)
        #expect(Countries.named(in: "de").contains { $0 == ("AT", "Österreich") })
        #expect(Countries.named(in: "en").count > 200)
    }

    @Test func whatWasChosenStaysWhenTheViewIsDrawnAgain() {
        let screen = shown(ask(two))
        screen.choose("Agree", in: "choice:analytics")
        #expect(screen.find("choice:analytics")?.text == "Agree")
        #expect(screen.find("choice:newsletter")?.text == "")
    }
}
