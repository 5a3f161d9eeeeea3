package com.pforte.okhttp

import com.pforte.DevelopmentProvider
import com.pforte.Entry
import com.pforte.HttpRequest
import com.pforte.MemoryPorts
import com.pforte.Pforte
import com.pforte.PforteException
import com.pforte.Policy
import com.pforte.Provider
import com.pforte.Surroundings
import com.pforte.ffi.Use
import com.pforte.journeyAnswer
import kotlinx.coroutines.runBlocking
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.mockwebserver.MockResponse
import okhttp3.mockwebserver.MockWebServer
import okhttp3.mockwebserver.RecordedRequest
import okhttp3.mockwebserver.SocketPolicy
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.util.Base64
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** An app's calls by OkHttp: a real client of it, a real sign-in, and a server on this machine that says what is wanted. */
class InterceptorTest {
    @TempDir
    lateinit var folder: Path

    private val api = MockWebServer().apply { start() }
    private val second = MockWebServer().apply { start() }
    private val stranger = MockWebServer().apply { start() }

    @AfterEach
    fun shutDown() = listOf(api, second, stranger).forEach { it.shutdown() }

    @Test
    fun `the portal itself is called, and its step-up challenge is answered once`() =
        signedIn { pforte, provider ->
            val http = OkHttpClient.Builder().authorisedBy(pforte, provider.issuer).build()
            val review = """{"hotel":"h1","text":"Quiet.","stars":5}""".json()
            val reviews = Request.Builder().url("${provider.issuer}/portal/reviews").post(review).build()
            assertEquals(201, http.newCall(reviews).execute().use { it.code })
            val booking = Request.Builder().url("${provider.issuer}/portal/bookings").post("""{"hotel":"h1","nights":2}""".json()).build()
            val needed = assertThrows<PforteException.StepUpNeeded> { http.newCall(booking).execute() }
            assertTrue(needed.challenge.acrValues.isNotEmpty())
            var tries = 0
            val booked =
                runBlocking {
                    pforte.call("review.write") {
                        tries += 1
                        http.newCall(booking).execute().use { it.code }
                    }
                }
            assertEquals(listOf(201, 2), listOf(booked, tries))
        }

    @Test
    fun `a refused token is renewed once, and the second refusal is the app's to see`() =
        signedIn { pforte, _ ->
            val refusal = MockResponse().setResponseCode(401).setHeader("WWW-Authenticate", "Bearer error=\"invalid_token\"")
            listOf(refusal, MockResponse().setBody("done"), refusal, refusal).forEach(api::enqueue)
            val http = client(pforte)
            assertEquals("done", http.newCall(get(api, "/a")).execute().use { it.body?.string() })
            val (first, again) = List(2) { api.next().getHeader("Authorization") }
            assertTrue(first?.startsWith("Bearer ") == true && again?.startsWith("Bearer ") == true)
            assertNotEquals(first, again)
            assertEquals(401, http.newCall(get(api, "/b")).execute().use { it.code })
            assertEquals(4, api.requestCount)
        }

    @Test
    fun `a redirect is authorised anew at a listed origin, and leads to no other`() =
        signedIn { pforte, _ ->
            val http = client(pforte)
            api.enqueue(redirect(second, 302))
            second.enqueue(MockResponse().setBody("a picture"))
            assertEquals("a picture", http.newCall(get(api, "/a")).execute().use { it.body?.string() })
            assertTrue(api.next().getHeader("Authorization") != null && second.next().getHeader("Authorization") != null)

            for (away in listOf(stranger.url("/next").toString(), "file:///etc/hosts", "http://portal.example/")) {
                api.enqueue(MockResponse().setResponseCode(307).setHeader("Location", away))
                val upload = Request.Builder().url(api.url("/upload")).post("mine".json()).build()
                assertThrows<PforteException.FixConfiguration>(away) { http.newCall(upload).execute() }
            }
            assertEquals(0, stranger.requestCount)

            repeat(7) { api.enqueue(redirect(api, 302)) }
            assertThrows<PforteException.FixConfiguration> { http.newCall(get(api, "/round")).execute() }
        }

    @Test
    fun `nobody else gets a token, and an origin that was not listed at opening is named`() =
        signedIn { pforte, _ ->
            stranger.enqueue(MockResponse())
            client(pforte).newCall(get(stranger, "/")).execute().close()
            assertNull(stranger.next().getHeader("Authorization"))
            val http = OkHttpClient.Builder().authorisedBy(pforte, stranger.url("/").toString()).build()
            val error = assertThrows<PforteException.FixConfiguration> { http.newCall(get(stranger, "/")).execute() }
            assertTrue("api_origins" in error.hint, error.hint)
        }

    @Test
    fun `a locked session fails the call, shows no screen and sends nothing`() =
        signedIn { pforte, _ ->
            pforte.lock()
            assertThrows<PforteException.Locked> { client(pforte).newCall(get(api, "/")).execute() }
            assertEquals(0, api.requestCount)
            pforte.unlock()
            api.enqueue(MockResponse())
            client(pforte).newCall(get(api, "/")).execute().close()
        }

    @Test
    fun `a bound token comes with a proof for each sending, with the server's nonce where it wants one`() =
        signedIn(bound = true) { pforte, _ ->
            val wants =
                MockResponse()
                    .setResponseCode(401)
                    .setHeader("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"")
                    .setHeader("DPoP-Nonce", "n-1")
            listOf(wants, MockResponse(), MockResponse()).forEach(api::enqueue)
            val http = client(pforte)
            repeat(2) { http.newCall(get(api, "/a?b=1")).execute().use { answer -> assertEquals(200, answer.code) } }
            val requests = List(3) { api.next() }
            requests.forEach { assertTrue(it.getHeader("Authorization")?.startsWith("DPoP ") == true) }
            val proofs = requests.map { proof(it.getHeader("DPoP").orEmpty()) }
            assertEquals(listOf(false, true, true), proofs.map { "\"nonce\":\"n-1\"" in it })
            assertTrue(proofs.all { "\"ath\":" in it && "\"htu\":\"${api.url("/a")}\"" in it }, proofs.first())
            assertEquals(3, proofs.map { it.substringAfter("\"jti\":\"").substringBefore("\"") }.toSet().size)
        }

    @Test
    fun `many calls at once at the end of a token's life cause one refresh`() =
        signedIn { pforte, provider ->
            val refusal = MockResponse().setResponseCode(401).setHeader("WWW-Authenticate", "Bearer error=\"invalid_token\"")
            val stale = runBlocking { pforte.authorization(api.url("/").toString()) }
            api.dispatcher =
                object : okhttp3.mockwebserver.Dispatcher() {
                    override fun dispatch(request: RecordedRequest) =
                        if (request.getHeader("Authorization") == stale) refusal else MockResponse()
                }
            val http = client(pforte)
            val codes = java.util.concurrent.ConcurrentLinkedQueue<Int>()
            List(16) { thread { codes += http.newCall(get(api, "/$it")).execute().use { answer -> answer.code } } }.forEach { it.join() }
            assertEquals(List(16) { 200 }, codes.toList())
            assertTrue("\"refreshes\":1" in provider.state().replace(" ", ""), provider.state())
        }

    @Test
    fun `a cancelled call ends at once, and the next one goes through`() =
        signedIn { pforte, _ ->
            api.enqueue(MockResponse().setSocketPolicy(SocketPolicy.NO_RESPONSE))
            val call = client(pforte).newCall(get(api, "/slow"))
            val ended = java.util.concurrent.CompletableFuture<Throwable?>()
            thread { ended.complete(runCatching { call.execute().close() }.exceptionOrNull()) }
            api.next()
            call.cancel()
            assertInstanceOf(java.io.IOException::class.java, ended.get(10, TimeUnit.SECONDS))
            api.enqueue(MockResponse())
            assertEquals(200, client(pforte).newCall(get(api, "/next")).execute().use { it.code })
        }

    @Test
    fun `another stack is authorised for one sending at a time`() =
        signedIn(bound = true) { pforte, _ ->
            val request = HttpRequest("GET", api.url("/a").toString(), emptyList(), ByteArray(0))
            val (first, second) = List(2) { pforte.authorize(request).associate { it.name to it.value } }
            assertEquals(listOf("authorization", "dpop"), first.keys.sorted())
            assertEquals(first["authorization"], second["authorization"])
            assertNotEquals(first["dpop"], second["dpop"])
            val elsewhere = HttpRequest("GET", stranger.url("/a").toString(), emptyList(), ByteArray(0))
            assertThrows<PforteException.FixConfiguration> { runBlocking { pforte.authorize(elsewhere) } }
        }

    private fun client(pforte: Pforte) =
        OkHttpClient
            .Builder()
            .authorisedBy(pforte, api.url("/").toString(), second.url("/").toString())
            .callTimeout(20, TimeUnit.SECONDS)
            .build()

    private fun signedIn(
        bound: Boolean = false,
        work: suspend (Pforte, DevelopmentProvider) -> Unit,
    ) {
        val settings = if (bound) """{"automatic":"alice","dpop":"offered"}""" else """{"automatic":"alice"}"""
        DevelopmentProvider(settings).use { provider ->
            runBlocking {
                val issued = Provider.development(provider.issuer, "portal-app")
                val pforte =
                    Pforte.open(
                        policy = Policy.fromFolder(Surroundings.policy),
                        provider = if (bound) issued.copy(protocol = issued.protocol.copy(dpop = Use.WHEN_OFFERED)) else issued,
                        redirectUri = "com.example.portal:/callback",
                        ports = MemoryPorts(answer = ::journeyAnswer).ports,
                        folder = folder,
                        apiOrigins = listOf(provider.issuer, api.url("/").toString(), second.url("/").toString()),
                    )
                pforte.use {
                    assertInstanceOf(Entry.Cleared::class.java, it.enter("review.write"))
                    work(it, provider)
                }
            }
        }
    }

    private fun String.json() = toRequestBody()

    private fun get(
        server: MockWebServer,
        path: String,
    ) = Request.Builder().url(server.url(path)).build()

    private fun redirect(
        to: MockWebServer,
        code: Int,
    ) = MockResponse().setResponseCode(code).setHeader("Location", to.url("/next").toString())

    private fun MockWebServer.next(): RecordedRequest = checkNotNull(takeRequest(5, TimeUnit.SECONDS)) { "no request came" }

    private fun proof(jwt: String) = String(Base64.getUrlDecoder().decode(jwt.split(".")[1]))
}
