package com.example.portal.asks

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import com.example.portal.R
import com.example.portal.screens.Heading
import com.example.portal.screens.MainButton
import com.example.portal.screens.OtherButton
import com.example.portal.screens.Scrolling
import com.pforte.ffi.Answer
import com.pforte.ffi.AskKind

/** One question of Pforte's, in its own words: a headline, why it is asked, and what there is to answer. */
@Composable
fun AskScreen(open: OpenAsk) {
    val ask = open.ask
    val input = rememberPersonsInput()
    // Going back gives up on the touchpoint. It refuses nothing.
    BackHandler { open.give(Answer.Dismissed) }
    Scrolling(Modifier.safeDrawingPadding().then(input.watched)) {
        Text(ask.title, Modifier.semantics { heading() }, style = MaterialTheme.typography.headlineMedium)
        Text(ask.text, style = MaterialTheme.typography.bodyLarge)
        when (val kind = ask.kind) {
            is AskKind.Inform -> Inform(kind, input, open::give)
            is AskKind.Consent -> Consent(kind, input, open::give)
            is AskKind.Profile -> Profile(kind, open::give)
            is AskKind.SignIn -> Routes(kind, open::give)
            is AskKind.Unlock -> Unlock(kind, open::give)
            is AskKind.StepUp -> Offer(R.string.go_on, Answer.Dismissed, open::give)
            is AskKind.EnrolBiometrics, is AskKind.EnrolPasskey -> Offer(R.string.turn_on, Answer.Skipped, open::give)
        }
    }
}

/** What the person has to know; nothing to decide. */
@Composable
private fun ColumnScope.Inform(
    kind: AskKind.Inform,
    input: PersonsInput,
    give: (Answer) -> Unit,
) {
    kind.notices.forEach { notice ->
        Heading(notice.title)
        Text(notice.text)
    }
    MainButton(stringResource(R.string.go_on)) { give(Answer.Acknowledged(input.act(SURFACE, "continue"))) }
    OtherButton(stringResource(R.string.cancel)) { give(Answer.Dismissed) }
}

/** The ways to sign in, in the policy's order. */
@Composable
private fun ColumnScope.Routes(
    kind: AskKind.SignIn,
    give: (Answer) -> Unit,
) {
    kind.routes.forEach { route -> MainButton(route.label) { give(Answer.Proceed(route.id)) } }
    OtherButton(stringResource(R.string.not_now_please)) { give(Answer.Dismissed) }
}

@Composable
private fun ColumnScope.Unlock(
    kind: AskKind.Unlock,
    give: (Answer) -> Unit,
) {
    kind.loginHint?.let { Heading(it) }
    Offer(R.string.unlock, Answer.Dismissed, give)
}

/** Yes, or not now. */
@Composable
private fun Offer(
    yes: Int,
    no: Answer,
    give: (Answer) -> Unit,
) {
    OtherButton(stringResource(yes)) { give(Answer.Proceed(null)) }
    OtherButton(stringResource(R.string.not_now_please)) { give(no) }
}

/** Which screen an act was made on, as the evidence says it. */
internal const val SURFACE = "sheet"
