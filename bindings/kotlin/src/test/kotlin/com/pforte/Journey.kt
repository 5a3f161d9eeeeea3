package com.pforte

import com.pforte.ffi.Answer
import com.pforte.ffi.Ask
import com.pforte.ffi.AskKind
import com.pforte.ffi.ConsentChoice
import com.pforte.ffi.FieldValue
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import java.nio.file.Path
import java.util.Collections
import kotlin.time.Duration.Companion.seconds

/** What is sent in step 4. */
private const val REVIEW = """{"hotel":"h1","text":"Quiet rooms.","stars":5}"""

/** Opens a client against [issuer] as the journey does. */
suspend fun open(
    ports: MemoryPorts,
    issuer: String,
    folder: Path,
    policy: PolicyFolder = Policy.fromFolder(Surroundings.policy),
    clientId: String = "portal-app",
): Pforte =
    Pforte.open(
        policy = policy,
        provider = Provider.development(issuer, clientId).copy(name = "oidc"),
        redirectUri = "com.example.portal:/callback",
        ports = ports.ports,
        folder = folder,
        locale = "en",
        apiOrigins = listOf(issuer),
    )

/** What the person does with each ask of the journey. */
fun journeyAnswer(ask: Ask): Answer {
    val accepted = Act(surface = "sheet", control = "accept", genuine = true)
    return when (val kind = ask.kind) {
        is AskKind.Inform -> Answer.Acknowledged(accepted)
        is AskKind.SignIn -> Answer.Proceed("page")
        is AskKind.Unlock, is AskKind.StepUp, is AskKind.EnrolBiometrics -> Answer.Proceed(null)
        is AskKind.EnrolPasskey -> Answer.Skipped
        is AskKind.Profile -> Answer.Profile(kind.fields.map { FieldValue(it.name, DETAILS.getValue(it.name)) })
        is AskKind.Consent -> Answer.Consent(kind.questions.map { ConsentChoice(it.purpose, it.purpose != "crm.link") }, accepted)
    }
}

private val DETAILS = mapOf("display_name" to "Alice", "age" to "over")

/** The steps of JOURNEY.md, in its order and by its numbers. */
class Journey(
    private val pforte: Pforte,
    private val provider: DevelopmentProvider,
) {
    private val seen: MutableList<TouchpointEvent> = Collections.synchronizedList(mutableListOf())

    /** `flow step outcome`, for each event. */
    val events: List<String> get() = synchronized(seen) { seen.map { "${it.flow} ${it.step} ${it.outcome.name.lowercase()}" } }

    /** Walks all steps, until one fails. */
    suspend fun walk() =
        coroutineScope {
            val following = launch(start = CoroutineStart.UNDISPATCHED) { pforte.events.collect { seen += it } }
            try {
                steps.forEach { it() }
                settle()
            } finally {
                following.cancel()
            }
        }

    private val steps: List<suspend () -> Unit> =
        listOf(
            { assertEquals(Status.SignedOut, pforte.status.value) },
            { assertInstanceOf(Entry.Cleared::class.java, pforte.enter("hotel.browse")) },
            {
                assertInstanceOf(Entry.Cleared::class.java, pforte.enter("review.write"))
                becomes { it is Status.Unlocked }
            },
            { assertEquals(201, send("POST", REVIEW).status.toInt()) },
            {
                pforte.lock()
                becomes { it is Status.Locked }
                assertTrue(runCatching { send("GET") }.exceptionOrNull() is PforteException.Locked)
            },
            {
                pforte.unlock()
                becomes { it is Status.Unlocked }
            },
            { assertReviewIsThere(send("GET")) },
            {
                provider.advanceClock(2 * 3600)
                assertReviewIsThere(send("GET"))
            },
            { assertInstanceOf(Entry.Cleared::class.java, pforte.enter("review.write")) },
            {
                pforte.consent.withdraw("analytics")
                val analytics = pforte.consent.purposes().single { it.purpose == "analytics" }
                assertEquals(ConsentStatus.WITHDRAWN, analytics.status)
            },
            {
                assertEquals(SignOutReport(remoteSessionMayLive = false), pforte.signOut())
                becomes { it is Status.SignedOut }
                assertTrue(Regex(""""revocations":\s*1\b""").containsMatchIn(provider.state()), provider.state())
            },
        )

    private suspend fun send(
        method: String,
        body: String = "",
    ): HttpResponse {
        val headers = if (body.isEmpty()) emptyList() else listOf(Header("content-type", "application/json"))
        return pforte.send(HttpRequest(method, "${provider.issuer}/portal/reviews", headers, body.encodeToByteArray()))
    }

    private fun assertReviewIsThere(response: HttpResponse) {
        assertEquals(200, response.status.toInt())
        assertTrue("Quiet rooms." in response.text, response.text)
    }

    private suspend fun becomes(expected: (Status) -> Boolean) = withTimeout(5.seconds) { pforte.status.first(expected) }

    /** The last events are on their way through the observer: waits until none comes for a moment. */
    private suspend fun settle() {
        var before = -1
        while (before != seen.size) {
            before = seen.size
            delay(200)
        }
    }
}
