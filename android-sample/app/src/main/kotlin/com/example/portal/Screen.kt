package com.example.portal

import androidx.lifecycle.SavedStateHandle
import kotlinx.coroutines.flow.StateFlow

/** The screens a person goes to. What is asked in between, and the lock screen, lie above them. */
enum class Screen { WELCOME, HOTELS, HOTEL, REVIEW, BOOKING, ACCOUNT, PRIVACY, SECURITY }

/** The way to the screen in front. Kept by the system, so that it is there again after the process has ended. */
class Trail(
    private val saved: SavedStateHandle,
) {
    /** The screens by their names, the one in front last. */
    val names: StateFlow<List<String>> = saved.getStateFlow(NAMES, listOf(Screen.WELCOME.name))

    /** The hotel that is looked at. */
    val hotel: StateFlow<String> = saved.getStateFlow(HOTEL, hotels.first().id)

    fun goTo(screen: Screen) {
        if (names.value.last() != screen.name) saved[NAMES] = names.value + screen.name
    }

    fun look(hotel: Hotel) {
        saved[HOTEL] = hotel.id
        goTo(Screen.HOTEL)
    }

    fun back() {
        saved[NAMES] = names.value.dropLast(1).ifEmpty { listOf(Screen.WELCOME.name) }
    }

    fun beginAnew(at: Screen) {
        saved[NAMES] = listOf(at.name)
    }

    private companion object {
        const val NAMES = "names"
        const val HOTEL = "hotel"
    }
}
