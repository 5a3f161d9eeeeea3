package com.example.portal.screens

import androidx.annotation.StringRes
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import com.example.portal.Portal
import com.example.portal.R
import com.pforte.Status
import com.pforte.UnavailableCause

/** Somebody is signed in, and it is locked. Shows nothing of theirs, unless they chose to be remembered. */
@Composable
fun LockScreen(
    loginHint: String?,
    portal: Portal,
) {
    CentredScreen {
        Title(stringResource(R.string.locked))
        loginHint?.let { Text(it, style = MaterialTheme.typography.titleMedium) }
        Text(stringResource(R.string.locked_text))
        Spacer(Modifier.height(8.dp))
        MainButton(stringResource(R.string.unlock), onClick = portal::unlock)
        OtherButton(stringResource(R.string.sign_out), onClick = portal::signOut)
    }
}

/** Somebody is signed in, and it can't be opened: either for now, or until they sign in again. */
@Composable
fun UnavailableScreen(
    now: Status.Unavailable,
    portal: Portal,
) {
    CentredScreen {
        when (now.cause) {
            UnavailableCause.NOT_NOW -> {
                Title(stringResource(R.string.later))
                Text(stringResource(R.string.later_text))
                Remark(now.why)
            }

            UnavailableCause.KEY_LOST -> {
                SignInAgain(R.string.key_lost, portal)
            }

            UnavailableCause.UNREADABLE -> {
                SignInAgain(R.string.unreadable, portal)
            }
        }
    }
}

@Composable
private fun SignInAgain(
    @StringRes because: Int,
    portal: Portal,
) {
    Title(stringResource(R.string.sign_in_anew))
    Text(stringResource(because))
    Spacer(Modifier.height(8.dp))
    MainButton(stringResource(R.string.sign_in), onClick = portal::signIn)
}

@Composable
private fun Title(text: String) {
    Text(text, Modifier.semantics { heading() }, style = MaterialTheme.typography.headlineMedium)
}

/** A screen without a bar. */
@Composable
fun CentredScreen(content: @Composable ColumnScope.() -> Unit) =
    Scrolling(Modifier.safeDrawingPadding(), Arrangement.spacedBy(16.dp, Alignment.CenterVertically), content)
