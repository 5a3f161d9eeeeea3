package com.example.portal.screens

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.material3.SnackbarDuration
import androidx.compose.material3.SnackbarHost
import androidx.compose.material3.SnackbarHostState
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveableStateHolder
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalResources
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import com.example.portal.Message
import com.example.portal.Portal
import com.example.portal.Screen
import com.example.portal.asks.AskScreen
import com.example.portal.asks.PortalPresenter
import com.example.portal.hotels
import com.pforte.Status

/** What is on the screen: a question if there is one, else what the session's status calls for, else where the person went. */
@Composable
fun PortalScreens(
    portal: Portal,
    presenter: PortalPresenter,
) {
    val asked by presenter.open.collectAsStateWithLifecycle()
    val status by portal.status.collectAsStateWithLifecycle()
    val trail by portal.trail.names.collectAsStateWithLifecycle()
    val states = rememberSaveableStateHolder()
    LaunchedEffect(trail) { Screen.entries.filter { it.name !in trail }.forEach { states.removeState(it.name) } }
    Surface(Modifier.fillMaxSize()) {
        Box {
            val question = asked
            val now = status
            when {
                question != null -> {
                    key(question) { AskScreen(question) }
                }

                now is Status.Locked -> {
                    LockScreen(now.loginHint, portal)
                }

                now is Status.Unavailable -> {
                    UnavailableScreen(now, portal)
                }

                now != null -> {
                    // Keeps what was typed while a question or the lock screen is shown.
                    states.SaveableStateProvider(trail.last()) { ScreenInFront(Screen.valueOf(trail.last()), now, portal) }
                }
            }
            if (question == null) BackHandler(enabled = trail.size > 1, onBack = portal.trail::back)
            Messages(portal, Modifier.align(Alignment.BottomCenter).safeDrawingPadding())
        }
    }
}

@Composable
private fun ScreenInFront(
    screen: Screen,
    status: Status,
    portal: Portal,
) {
    val id by portal.trail.hotel.collectAsStateWithLifecycle()
    val hotel = hotels.first { it.id == id }
    when (screen) {
        Screen.WELCOME -> WelcomeScreen(portal)
        Screen.HOTELS -> HotelsScreen(portal)
        Screen.HOTEL -> HotelScreen(hotel, portal)
        Screen.REVIEW -> ReviewScreen(hotel, portal)
        Screen.BOOKING -> BookingScreen(hotel, portal)
        Screen.ACCOUNT -> AccountScreen(status, portal)
        Screen.PRIVACY -> PrivacyScreen(portal)
        Screen.SECURITY -> SecurityScreen(portal)
    }
}

@Composable
private fun Messages(
    portal: Portal,
    modifier: Modifier,
) {
    val host = remember { SnackbarHostState() }
    val resources = LocalResources.current
    LaunchedEffect(portal, resources) {
        portal.said.collect { message ->
            val words =
                when (message) {
                    is Message.Words -> resources.getString(message.words)
                    is Message.Text -> message.text
                }
            host.showSnackbar(words, withDismissAction = false, duration = SnackbarDuration.Long)
        }
    }
    SnackbarHost(host, modifier)
}
