package com.example.portal

import android.net.Uri
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import com.pforte.Act
import com.pforte.Entry
import com.pforte.Pforte
import com.pforte.PforteException
import com.pforte.PurposeView
import com.pforte.SecurityView
import com.pforte.Status
import com.pforte.UnavailableCause
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.receiveAsFlow
import kotlinx.coroutines.launch
import java.io.IOException

/**
 * What the person does, and what the screens show. It outlives a turned phone, and so does every question under way.
 *
 * Each touchpoint of the policy is one call of [ifCleared]: Pforte asks what is missing, and then it goes on.
 */
class Portal(
    private val app: PortalApp,
    saved: SavedStateHandle,
) : ViewModel() {
    val trail = Trail(saved)

    private val statuses = MutableStateFlow<Status?>(null)
    private val messages = Channel<Message>(Channel.BUFFERED)
    private val leaving = Channel<Departure>(Channel.BUFFERED)
    private val read = MutableStateFlow<List<Review>?>(null)
    private val taken = MutableStateFlow<Map<String, List<Uri>>>(emptyMap())
    private val known = MutableStateFlow<List<PurposeView>>(emptyList())
    private val kept = MutableStateFlow<Security?>(null)
    private var underWay: Job? = null

    /** Whether somebody is signed in, and whether it is open; nothing until that is known. */
    val status: StateFlow<Status?> = statuses.asStateFlow()

    /** What to tell the person, each once. */
    val said: Flow<Message> = messages.receiveAsFlow()

    /** Other apps to go to, each once. */
    val departures: Flow<Departure> = leaving.receiveAsFlow()

    /** The reviews of the hotel in front; nothing until they are asked for. */
    val reviews: StateFlow<List<Review>?> = read.asStateFlow()

    /** The pictures that were added, by hotel. They stay in this process: the development server takes none. */
    val pictures: StateFlow<Map<String, List<Uri>>> = taken.asStateFlow()

    /** Who knows me. */
    val purposes: StateFlow<List<PurposeView>> = known.asStateFlow()

    /** How the session is kept. */
    val security: StateFlow<Security?> = kept.asStateFlow()

    init {
        viewModelScope.launch {
            try {
                val pforte = app.pforte.await()
                launch { pforte.resumed.collect { ended -> ended.entry?.let { reached(ended.touchpoint, it) } } }
                pforte.status.collect(::became)
            } catch (wrong: PforteException) {
                statuses.value = Status.Unavailable(UnavailableCause.NOT_NOW, wrong.hint)
            }
        }
    }

    // --- Looking around -----------------------------------------------------------------------------------------------

    fun browse() = ifCleared("hotel.browse")

    fun signIn() = ifCleared("account.sign-in")

    fun look(hotel: Hotel) {
        read.value = null
        trail.look(hotel)
    }

    fun readReviews() =
        attempt { pforte ->
            val server = PortalServer(pforte, app.server)
            read.value =
                try {
                    server.reviews(trail.hotel.value)
                } catch (_: PforteException.SignInAgain) {
                    // The server shows them to people who are signed in.
                    pforte.call("account.sign-in") { server.reviews(trail.hotel.value) }
                }
        }

    // --- What the policy asks for -------------------------------------------------------------------------------------

    fun writeReview() = ifCleared("review.write")

    fun publish(
        text: String,
        stars: Int,
    ) = attempt { pforte ->
        PortalServer(pforte, app.server).post(trail.hotel.value, text, stars)
        trail.back()
        say(R.string.review_published)
    }

    fun addPicture() = ifCleared("picture.upload")

    fun add(picture: Uri) {
        taken.value += trail.hotel.value to (taken.value[trail.hotel.value].orEmpty() + picture)
    }

    fun startBooking() = ifCleared("booking.start")

    /** `call` enters, books, and books once more if the server itself wants to be surer. */
    fun book(nights: Int) =
        attempt { pforte ->
            pforte.call("booking.pay") { PortalServer(pforte, app.server).book(trail.hotel.value, nights) }
            trail.back()
            say(R.string.booked)
        }

    // --- The session --------------------------------------------------------------------------------------------------

    fun unlock() =
        attempt {
            try {
                it.unlock()
            } catch (_: PforteException.Locked) {
                // The finger or face was not recognised: nobody has to be told to unlock first.
                say(R.string.try_again)
            }
        }

    fun lock() = attempt { it.lock() }

    fun signOut() =
        attempt { pforte ->
            val report = pforte.signOut()
            say(if (report.remoteSessionMayLive) R.string.signed_out_here else R.string.signed_out)
        }

    fun showSecurity() =
        attempt { pforte ->
            kept.value = pforte.securityNow()
            trail.goTo(Screen.SECURITY)
        }

    fun setGate(on: Boolean) = changeSecurity { if (on) it.security.turnGateOn() else it.security.turnGateOff() }

    fun rememberMe(remembers: Boolean) = changeSecurity { it.security.rememberPerson(remembers) }

    // --- Who knows me: at any time, signed in or not, without network -------------------------------------------------

    fun showPrivacy() =
        attempt { pforte ->
            known.value = pforte.consent.purposes()
            trail.goTo(Screen.PRIVACY)
        }

    fun withdraw(purpose: PurposeView) = changeConsent { it.consent.withdraw(purpose.purpose) }

    fun agree(
        purpose: PurposeView,
        act: Act,
    ) = changeConsent { it.consent.grant(purpose.purpose, act) }

    fun export() = attempt { leave(it, Departure.Share(it.consent.export())) }

    fun erase() =
        changeConsent {
            it.consent.erase()
            say(R.string.erased)
        }

    // --- How it is done -----------------------------------------------------------------------------------------------

    private fun ifCleared(touchpoint: String) = attempt { reached(touchpoint, it.enter(touchpoint)) }

    /** The end of an entry; one that began before the process ended arrives here, too. */
    private suspend fun reached(
        touchpoint: String,
        entry: Entry,
    ) {
        when (entry) {
            is Entry.Stopped -> {
                messages.send(Message.Text(entry.reason))
            }

            is Entry.Abandoned -> {
                Unit
            }

            is Entry.Cleared -> {
                when (touchpoint) {
                    "hotel.browse", "account.sign-in" -> trail.goTo(Screen.HOTELS)
                    "review.write" -> trail.goTo(Screen.REVIEW)
                    "picture.upload" -> leave(app.pforte.await(), Departure.ChoosePicture)
                    "booking.start" -> trail.goTo(Screen.BOOKING)
                }
            }
        }
    }

    private suspend fun leave(
        pforte: Pforte,
        departure: Departure,
    ) {
        pforte.announceDeparture() // or going there would lock
        leaving.send(departure)
    }

    private fun changeSecurity(change: suspend (Pforte) -> Unit) =
        attempt { pforte ->
            try {
                change(pforte)
            } finally {
                kept.value = pforte.securityNow()
            }
        }

    private fun changeConsent(change: suspend (Pforte) -> Unit) =
        attempt { pforte ->
            change(pforte)
            known.value = pforte.consent.purposes()
        }

    private suspend fun Pforte.securityNow() = Security(security.view(), why())

    private fun became(status: Status) {
        val before = statuses.value
        statuses.value = status
        if (status == Status.SignedOut && before != null && before != Status.SignedOut) trail.beginAnew(Screen.WELCOME)
    }

    /** Whether something the person began is under way. */
    val isBusy: Boolean get() = underWay?.isActive == true

    /** One thing at a time: what is tapped while another is under way does nothing. */
    private fun attempt(work: suspend (Pforte) -> Unit) {
        if (isBusy) return
        underWay =
            viewModelScope.launch {
                try {
                    work(app.pforte.await())
                } catch (wrong: IOException) {
                    wordsFor(wrong)?.let { messages.send(it) }
                }
            }
    }

    private suspend fun say(words: Int) = messages.send(Message.Words(words))
}

/** How the session is kept, and what became of it lately. */
class Security(
    val view: SecurityView,
    val why: List<String>,
)

/** Another app to go to. */
sealed interface Departure {
    data object ChoosePicture : Departure

    data class Share(
        val text: String,
    ) : Departure
}
