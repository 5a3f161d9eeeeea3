package com.pforte

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** Consents from Kotlin: seen, changed, tracked under, exported, taken in again, erased. */
class ConsentTest {
    @TempDir
    lateinit var folder: Path

    private val act = Act(surface = "settings", control = "switch", genuine = true)

    private suspend fun Pforte.status(purpose: String) = consent.purposes().single { it.purpose == purpose }.status

    @Test
    fun `an event goes out under a live grant and under no other`() =
        runBlocking {
            open(MemoryPorts(answer = ::journeyAnswer), UNREACHABLE, folder).use { pforte ->
                val taken = LinkedBlockingQueue<TrackedEvent>()
                pforte.deliverEvents { taken.add(it) }
                assertFalse(pforte.track("review.posted", purpose = "analytics"))
                pforte.consent.grant("analytics", act)
                assertTrue(pforte.track("review.posted", purpose = "analytics"))
                val event = taken.poll(20, TimeUnit.SECONDS)
                assertEquals("analytics", event?.purpose)
                assertTrue(""""event":"review.posted"""" in event!!.json, event.json)
                pforte.consent.withdraw("analytics")
                assertFalse(pforte.track("review.posted", purpose = "analytics"))
                assertThrows<PforteException.FixConfiguration> {
                    runBlocking { pforte.track("review.posted", purpose = "unknown") }
                }
                Unit
            }
        }

    @Test
    fun `an export comes back, and an erasure says what remains`() =
        runBlocking {
            open(MemoryPorts(answer = ::journeyAnswer), UNREACHABLE, folder.resolve("one")).use { pforte ->
                pforte.consent.grant("analytics", act)
                pforte.consent.withdraw("newsletter")
                val document = pforte.consent.export()
                open(MemoryPorts(answer = ::journeyAnswer), UNREACHABLE, folder.resolve("other")).use { other ->
                    assertEquals(2uL, other.consent.import(document))
                    assertEquals(com.pforte.ffi.ConsentStatus.WITHDRAWN, other.status("newsletter"))
                    assertEquals(com.pforte.ffi.ConsentStatus.UNKNOWN, other.status("analytics"))
                }
                val needs =
                    assertThrows<PforteException.FixConfiguration> {
                        runBlocking { pforte.consent.export(ExportFormat.KANTARA) }
                    }
                assertTrue("contact" in needs.hint, needs.hint)
                val report = pforte.consent.erase()
                assertEquals(2uL to 3uL, report.destroyed to report.remaining)
                assertTrue("P3Y" in report.why, report.why)
                assertEquals(com.pforte.ffi.ConsentStatus.WITHDRAWN, pforte.status("analytics"))
                val service = assertThrows<PforteException.FixConfiguration> { runBlocking { pforte.consent.sync() } }
                assertTrue("consent_service" in service.hint, service.hint)
            }
        }

    private companion object {
        const val UNREACHABLE = "http://127.0.0.1:9"
    }
}
