package com.pforte

import com.pforte.ffi.UserAgentException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.net.URI
import java.net.http.HttpClient
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds
import java.net.http.HttpRequest as JavaRequest
import java.net.http.HttpResponse as JavaResponse

/** Entering from Kotlin: turns, cancelling, challenges, and the end of the process. */
class DriveTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `an app that draws its own screens takes the turns itself`() =
        driven { provider, ports ->
            opened(ports, provider.issuer, folder).use { pforte ->
                val kinds = mutableListOf<String>()
                var turn = pforte.next("review.write")
                while (turn is Turn.Asked) {
                    val ask = turn.ask
                    kinds += ask.kind::class.simpleName.orEmpty()
                    assertEquals(turn, pforte.next("review.write"))
                    turn = pforte.answer(ask, journeyAnswer(ask))
                    assertThrows<PforteException.Retry> { runBlocking { pforte.answer(ask, journeyAnswer(ask)) } }
                }
                assertInstanceOf(Entry.Cleared::class.java, (turn as Turn.Ended).entry)
                assertEquals(listOf("Inform", "SignIn", "EnrolBiometrics", "Profile", "Consent"), kinds)
                assertTrue(ports.log.lines.none { it.startsWith("presenter.") }, "the presenter stays out of it")
            }
        }

    @Test
    fun `cancelling takes the ask off the screen and the next entry resumes there`() =
        driven { provider, ports ->
            val screen = HandedOver()
            opened(ports, provider.issuer, folder, presenter = screen).use { pforte ->
                val entering = async { pforte.enter("review.write") }
                val first = screen.shown()
                entering.cancel()
                withTimeout(10.seconds) { screen.withdrawn.receive() }
                val again = async { pforte.enter("review.write") }
                var shown = screen.shown()
                assertEquals(first.ask, shown.ask)
                while (true) {
                    shown.answer.complete(journeyAnswer(shown.ask))
                    if (shown.ask.kind is com.pforte.ffi.AskKind.Consent) break
                    shown = screen.shown()
                }
                assertInstanceOf(Entry.Cleared::class.java, again.await())
            }
        }

    @Test
    fun `a challenge in the middle of a call is one step-up and one retry`() =
        driven { provider, ports ->
            opened(ports, provider.issuer, folder).use { pforte ->
                var tries = 0
                val booked =
                    pforte.call("review.write") {
                        tries += 1
                        val headers = listOf(Header("content-type", "application/json"))
                        val body = """{"hotel":"h1","nights":2}""".encodeToByteArray()
                        pforte.send(HttpRequest("POST", "${provider.issuer}/portal/bookings", headers, body))
                    }
                assertEquals(201, booked.status.toInt())
                assertEquals(2, tries)
                assertEquals(1, ports.log.lines.count { it.startsWith("presenter.present(step-up") })
            }
        }

    @Test
    fun `an entry whose process ended during sign-in goes on and is told`() =
        driven { provider, ports ->
            val gone = Gone()
            val address =
                opened(ports, provider.issuer, folder, userAgent = gone).use { pforte ->
                    val entering = async { pforte.enter("review.write") }
                    withTimeout(10.seconds) { gone.addresses.receive() }.also { entering.cancel() }
                }
            // The provider redirects, and the system starts the app anew with that.
            val callback =
                HttpClient
                    .newHttpClient()
                    .send(JavaRequest.newBuilder(URI(address)).build(), JavaResponse.BodyHandlers.discarding())
                    .headers()
                    .firstValue("location")
                    .get()
            opened(ports, provider.issuer, folder).use { pforte ->
                pforte.resume(callback)
                val resumed = withTimeout(20.seconds) { pforte.resumed.first() }
                assertEquals("review.write", resumed.touchpoint)
                assertInstanceOf(Entry.Cleared::class.java, resumed.entry)
            }
        }

    private fun driven(test: suspend kotlinx.coroutines.CoroutineScope.(DevelopmentProvider, MemoryPorts) -> Unit) =
        DevelopmentProvider().use { provider ->
            runBlocking { test(provider, MemoryPorts(answer = ::journeyAnswer)) }
        }
}

private suspend fun opened(
    ports: MemoryPorts,
    issuer: String,
    folder: Path,
    presenter: Presenter = ports.ports.presenter,
    userAgent: UserAgent = ports.ports.userAgent,
): Pforte =
    Pforte.open(
        policy = Policy.fromFolder(Surroundings.policy),
        provider = Provider.development(issuer, "portal-app"),
        redirectUri = "com.example.portal:/callback",
        ports = ports.ports.copy(presenter = presenter, userAgent = userAgent),
        folder = folder,
        locale = "en",
        apiOrigins = listOf(issuer),
    )

/** Hands each ask to the test, which answers it. */
private class HandedOver : Presenter {
    class Shown(
        val ask: Ask,
        val answer: CompletableDeferred<Answer>,
    )

    private val asks = Channel<Shown>(Channel.UNLIMITED)
    val withdrawn = Channel<Unit>(Channel.UNLIMITED)

    suspend fun shown(): Shown = withTimeout(10.seconds) { asks.receive() }

    override suspend fun present(ask: Ask): Answer {
        val shown = Shown(ask, CompletableDeferred())
        asks.send(shown)
        return shown.answer.await()
    }

    override fun withdrawAsk() {
        withdrawn.trySend(Unit)
    }
}

/** A browser that takes the person away for good: the process ends before it comes back. */
private class Gone : UserAgent {
    val addresses = Channel<String>(Channel.UNLIMITED)

    @Throws(UserAgentException::class)
    override suspend fun browse(
        url: String,
        redirectUri: String,
    ): String {
        addresses.send(url)
        awaitCancellation()
    }
}
