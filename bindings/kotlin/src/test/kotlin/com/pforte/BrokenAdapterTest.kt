package com.pforte

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path

/** The comparison must be able to fail: an adapter broken on purpose has to show, in the outcome and in the record. */
class BrokenAdapterTest {
    @Test
    fun `a gate key that hands out other bytes ends the journey at the unlock`(
        @TempDir good: Path,
        @TempDir broken: Path,
    ) = runBlocking {
        val whole = MemoryPorts(answer = ::journeyAnswer)
        DevelopmentProvider().use { provider ->
            open(whole, provider.issuer, good).use { Journey(it, provider).walk() }
        }
        val ports = MemoryPorts(finger = MemoryGateKey.Finger.GIVES_OTHER_BYTES, answer = ::journeyAnswer)
        DevelopmentProvider().use { provider ->
            open(ports, provider.issuer, broken).use { pforte ->
                val error = assertThrows<PforteException.Locked> { runBlocking { Journey(pforte, provider).walk() } }
                assertFalse(error.hint.isBlank())
                val atTheGate = ports.log.lines.last { it.startsWith("gate_key.") }
                assertEquals("gate_key.unwrap_secret(biometric)", atTheGate)
                assertInstanceOf(Status.Locked::class.java, pforte.status.value)
            }
        }
        assertNotEquals(whole.log.lines, ports.log.lines)
    }
}
