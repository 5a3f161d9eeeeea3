package com.example.portal

import android.os.Build
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import com.pforte.DevelopmentProvider
import com.pforte.HttpRequest
import com.pforte.PforteException
import com.pforte.Surroundings
import com.pforte.TouchpointEvent
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.nio.file.Files
import java.util.Collections

/**
 * The whole journey of JOURNEY.md, from the first visit to signing out, by taps on the app's screens. What it leaves behind is
 * compared with the walks in Rust, Kotlin and Swift: they make the calls themselves, here the screens make them.
 */
@RunWith(RobolectricTestRunner::class)
@Config(application = TestPortal::class)
class JourneyTest {
    @get:Rule
    val screen = createEmptyComposeRule()

    private val seen: MutableList<TouchpointEvent> = Collections.synchronizedList(mutableListOf())

    @Test
    fun `the journey ends signed out and leaves its record`(): Unit =
        DevelopmentProvider().use { provider ->
            val guest = Guest(screen, provider)
            guest.opensTheApp()
            val pforte = runBlocking { guest.app.pforte.await() }
            val following =
                CoroutineScope(Dispatchers.Default).launch(start = CoroutineStart.UNDISPATCHED) {
                    pforte.events.collect {
                        seen +=
                            it
                    }
                }
            with(guest) {
                signsInToWriteAReview()
                fillsIn("Your review", "Quiet rooms.")
                taps("Publish")
                sees("Thank you. Your review is published.")
                goesBack()
                taps("Account")
                taps("Lock now")
                sees("Locked")
                assertThrows(PforteException.Locked::class.java) {
                    runBlocking { pforte.send(HttpRequest("GET", "${provider.issuer}/portal/reviews", emptyList(), ByteArray(0))) }
                }
                taps("Unlock")
                sees("Lock now")
                goesBack()
                readsTheReview()
                goesBack()
                provider.advanceClock(2 * 3600)
                readsTheReview()
                taps("Write a review")
                sees("Publish")
                goesBack()
                goesBack()
                taps("Account")
                taps("Who knows me")
                tapsIn("analytics", "Withdraw")
                seesPart("You withdrew it")
                goesBack()
                taps("Sign out")
                sees("Rooms with a story")
                until("the revocation") { Regex(""""revocations":\s*1\b""").containsMatchIn(provider.state()) }
            }
            guest.until("the last event") { events().size >= EVENTS }
            following.cancel()
            assertTrue(events().any { it.endsWith("sign-in done") })
            record(guest.app.log.lines, provider.requestLog(), events())
            guest.closesTheApp()
        }

    private fun Guest.readsTheReview() {
        taps("Hotel Aurora")
        taps("Read reviews")
        sees("Quiet rooms.")
    }

    private fun events() = synchronized(seen) { seen.map { "${it.flow} ${it.step} ${it.outcome.name.lowercase()}" } }

    private fun record(
        ports: List<String>,
        requests: String,
        events: List<String>,
    ) {
        Files.createDirectories(Surroundings.journeys)
        val json = """{"ports":${array(ports)},"requests":$requests,"events":${array(events)}}"""
        Files.writeString(Surroundings.journeys.resolve("android-${Build.VERSION.SDK_INT}.json"), json)
    }

    /** The lines hold neither quotes nor backslashes nor control characters. */
    private fun array(lines: List<String>) =
        lines.joinToString(",", "[", "]") { line ->
            check(line.all { it >= ' ' && it != '"' && it != '\\' }) { line }
            "\"$line\""
        }

    private companion object {
        /** As many as the journey has; fewer were cut off, and more are found by the comparison. */
        const val EVENTS = 15
    }
}
