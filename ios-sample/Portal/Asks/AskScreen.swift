import PforteApple
import SwiftUI

/// One question of Pforte's, in its own words: a headline, why it is asked, and what there is to answer.
struct AskScreen: View {
    let open: OpenAsk

    var body: some View {
        Scrolling {
            Text(verbatim: open.ask.title).font(.title).bold().accessibilityAddTraits(.isHeader)
            Text(verbatim: open.ask.text)
            content
        }
        // A swipe is no answer. Going back gives up on the touchpoint; it refuses nothing.
        .interactiveDismissDisabled()
        .accessibilityAction(.escape) { open.give(.dismissed) }
    }

    @ViewBuilder private var content: some View {
        switch open.ask.kind {
        case .inform(let notices): inform(notices)
        case .consent(let questions): ConsentAsk(questions: questions, give: open.give)
        case .profile(let fields): ProfileAsk(fields: fields, locale: open.ask.locale, give: open.give)
        case .signIn(let routes): signIn(routes)
        case .unlock(let loginHint):
            if let loginHint { Text(verbatim: loginHint).font(.headline) }
            offer("Unlock", declined: .dismissed)
        case .stepUp: offer("Continue", declined: .dismissed)
        case .enrolBiometrics, .enrolPasskey: offer("Turn on", declined: .skipped)
        }
    }

    /// What the person has to know; nothing to decide.
    @ViewBuilder private func inform(_ notices: [Notice]) -> some View {
        ForEach(notices, id: \.purpose) { notice in
            Heading(verbatim: notice.title)
            Text(verbatim: notice.text)
        }
        MainButton("Continue") { open.give(.acknowledged(act: .pressed("continue"))) }
        OtherButton("Cancel") { open.give(.dismissed) }
    }

    /// The ways to sign in, in the policy's order.
    @ViewBuilder private func signIn(_ routes: [Route]) -> some View {
        ForEach(routes, id: \.id) { route in
            MainButton(verbatim: route.label) { open.give(.proceed(route: route.id)) }
        }
        OtherButton("Not now") { open.give(.dismissed) }
    }

    /// Yes, or not now.
    @ViewBuilder private func offer(_ yes: LocalizedStringKey, declined: Answer) -> some View {
        OtherButton(yes) { open.give(.proceed(route: nil)) }
        OtherButton("Not now") { open.give(declined) }
    }
}
