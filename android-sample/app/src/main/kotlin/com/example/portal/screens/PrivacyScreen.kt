package com.example.portal.screens

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.Card
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalConfiguration
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import com.example.portal.Portal
import com.example.portal.R
import com.example.portal.asks.rememberPersonsInput
import com.pforte.ConsentStatus
import com.pforte.PurposeView
import java.text.DateFormat
import java.util.Date

/**
 * Who knows me: every purpose, with the text the person saw, and the way back. It asks the policy for no entry: seeing and
 * withdrawing are open to everybody, at any time.
 */
@Composable
fun PrivacyScreen(portal: Portal) {
    val purposes by portal.purposes.collectAsStateWithLifecycle()
    var erasing by rememberSaveable { mutableStateOf(false) }
    TitledScreen(stringResource(R.string.who_knows_me), portal.trail::back) {
        purposes.forEach { PurposeCard(it, portal) }
        HorizontalDivider()
        OtherButton(stringResource(R.string.export), onClick = portal::export)
        OtherButton(stringResource(R.string.erase)) { erasing = true }
    }
    if (erasing) {
        Erase(onCancel = { erasing = false }) {
            erasing = false
            portal.erase()
        }
    }
}

@Composable
private fun PurposeCard(
    purpose: PurposeView,
    portal: Portal,
) {
    val input = rememberPersonsInput()
    Card(Modifier.fillMaxWidth().testTag(purpose.purpose).then(input.watched)) {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(8.dp)) {
            Text(purpose.title, Modifier.semantics { heading() }, style = MaterialTheme.typography.titleMedium)
            Text(state(purpose), color = MaterialTheme.colorScheme.primary, style = MaterialTheme.typography.labelLarge)
            Text(purpose.text)
            purpose.recipient?.let { Remark(stringResource(R.string.receives, it)) }
            Remark(stringResource(R.string.concerns, purpose.fields.joinToString()))
            WayBack(purpose, { portal.withdraw(purpose) }) { portal.agree(purpose, input.act("settings", "agree")) }
        }
    }
}

@Composable
private fun WayBack(
    purpose: PurposeView,
    onWithdraw: () -> Unit,
    onAgree: () -> Unit,
) {
    val isOn = purpose.status in listOf(ConsentStatus.GRANTED, ConsentStatus.INFORMED)
    when {
        isOn && purpose.howToRevoke != null -> {
            purpose.howToRevoke?.let { Remark(it) }
            OtherButton(stringResource(if (purpose.basis == CONSENT) R.string.withdraw else R.string.objection), onClick = onWithdraw)
        }

        purpose.basis == CONSENT -> {
            OtherButton(stringResource(R.string.agree), onClick = onAgree)
        }
    }
}

@Composable
private fun state(purpose: PurposeView): String {
    val words =
        stringResource(
            when (purpose.status) {
                ConsentStatus.UNKNOWN, ConsentStatus.ASKED -> R.string.state_open
                ConsentStatus.INFORMED -> R.string.state_informed
                ConsentStatus.GRANTED -> R.string.state_granted
                ConsentStatus.DENIED -> R.string.state_denied
                ConsentStatus.WITHDRAWN -> R.string.state_withdrawn
                ConsentStatus.OBJECTED -> R.string.state_objected
                ConsentStatus.EXPIRED -> R.string.state_expired
            },
        )
    val since = purpose.sinceMs ?: return words
    val date = DateFormat.getDateInstance(DateFormat.MEDIUM, LocalConfiguration.current.locales[0]).format(Date(since))
    return stringResource(R.string.since, words, date)
}

@Composable
private fun Erase(
    onCancel: () -> Unit,
    onErase: () -> Unit,
) {
    AlertDialog(
        onDismissRequest = onCancel,
        title = { Text(stringResource(R.string.erase)) },
        text = { Text(stringResource(R.string.erase_text)) },
        confirmButton = { TextButton(onErase) { Text(stringResource(R.string.erase_now)) } },
        dismissButton = { TextButton(onCancel) { Text(stringResource(R.string.cancel)) } },
    )
}

private const val CONSENT = "consent"
