package com.example.portal.screens

import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Switch
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import com.example.portal.Portal
import com.example.portal.R
import com.example.portal.Security
import com.pforte.Kept
import com.pforte.Status
import com.pforte.ffi.GateReadiness

/** Whose account it is, and what there is to do with it. */
@Composable
fun AccountScreen(
    status: Status,
    portal: Portal,
) {
    TitledScreen(stringResource(R.string.account), portal.trail::back) {
        if (status is Status.Unlocked) {
            val name = status.profile.firstOrNull { it.name == "display_name" || it.name == "name" }?.value
            Heading(name?.let { stringResource(R.string.hello, it) } ?: stringResource(R.string.signed_in))
            OtherButton(stringResource(R.string.lock_now), onClick = portal::lock)
            OtherButton(stringResource(R.string.security), onClick = portal::showSecurity)
        } else {
            Text(stringResource(R.string.nobody_signed_in))
            MainButton(stringResource(R.string.sign_in), onClick = portal::signIn)
        }
        OtherButton(stringResource(R.string.who_knows_me), onClick = portal::showPrivacy)
        if (status is Status.Unlocked) OtherButton(stringResource(R.string.sign_out), onClick = portal::signOut)
    }
}

/** How the session is kept on this device, and why it is as it is. */
@Composable
fun SecurityScreen(portal: Portal) {
    val security by portal.security.collectAsStateWithLifecycle()
    TitledScreen(stringResource(R.string.security), portal.trail::back) {
        security?.let {
            ThisDevice(it, portal)
            HorizontalDivider()
            Heading(stringResource(R.string.what_happened))
            it.why.forEach { line -> Remark(line) }
        }
    }
}

@Composable
private fun ThisDevice(
    security: Security,
    portal: Portal,
) {
    val view = security.view
    Heading(stringResource(R.string.this_device))
    Text(
        stringResource(
            when (view.kept) {
                Kept.NOT -> R.string.kept_not
                Kept.ON_DEVICE -> R.string.kept_on_device
                Kept.BEHIND_GATE -> R.string.kept_behind_gate
            },
        ),
    )
    if (view.gate.biometric == GateReadiness.READY) {
        val on = view.kept == Kept.BEHIND_GATE
        Toggle(stringResource(R.string.unlock_with_biometrics), on) { portal.setGate(!on) }
    } else {
        Remark(stringResource(R.string.no_biometrics))
    }
    OtherButton(stringResource(R.string.remember_me)) { portal.rememberMe(true) }
    OtherButton(stringResource(R.string.forget_me)) { portal.rememberMe(false) }
}

@Composable
private fun Toggle(
    label: String,
    on: Boolean,
    onChange: () -> Unit,
) {
    Row(
        Modifier.fillMaxWidth().heightIn(min = 56.dp).toggleable(on, role = Role.Switch) { onChange() },
        verticalAlignment = Alignment.CenterVertically,
    ) {
        Text(label, Modifier.weight(1f).padding(end = 16.dp))
        Switch(on, onCheckedChange = null)
    }
}
