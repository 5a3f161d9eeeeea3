package com.pforte

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path

/** The security screen and the accounts, from Kotlin. */
class SecurityTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `the person turns the gate off and on, adds their pin, and leaves for the camera`() =
        onDevice { pforte, ports ->
            assertEquals(Kept.BEHIND_GATE, pforte.security.view().kept)
            pforte.security.turnGateOff()
            assertEquals(Kept.ON_DEVICE, pforte.security.view().kept)
            pforte.security.turnGateOn()
            pforte.security.addDeviceCredential()
            pforte.security.renewGateKey()
            pforte.security.removeDeviceCredential()
            pforte.security.rememberPerson(true)
            pforte.announceDeparture()
            pforte.enteredBackground()
            pforte.enteredForeground()
            pforte.used()
            assertInstanceOf(Status.Unlocked::class.java, pforte.status.value)
            pforte.lock()
            ports.gateKey.finger = MemoryGateKey.Finger.WRONG
            assertThrows<PforteException.Locked> { runBlocking { pforte.unlock() } }
            ports.gateKey.finger = MemoryGateKey.Finger.RIGHT
            pforte.unlock()
            assertEquals(Kept.BEHIND_GATE, pforte.security.view().kept)
        }

    @Test
    fun `an account is listed until it is removed`() =
        onDevice { pforte, _ ->
            assertEquals(listOf("main"), Pforte.accounts(folder))
            assertEquals(false, pforte.removeAccount().remoteSessionMayLive)
            assertEquals(emptyList<String>(), Pforte.accounts(folder))
            assertEquals(Status.SignedOut, pforte.status.value)
        }

    @Test
    fun `a key for the provider to register is this installation's own`() =
        onDevice { pforte, _ ->
            val jwk = pforte.clientJwk("phone-1")
            assertTrue("\"kid\":\"phone-1\"" in jwk && "\"kty\":\"EC\"" in jwk && "\"d\"" !in jwk, jwk)
            assertEquals(jwk, pforte.clientJwk("phone-1"))
        }

    private fun onDevice(work: suspend (Pforte, MemoryPorts) -> Unit) {
        DevelopmentProvider().use { provider ->
            runBlocking {
                val ports = MemoryPorts(answer = ::journeyAnswer)
                open(ports, provider.issuer, folder).use { pforte ->
                    assertInstanceOf(Entry.Cleared::class.java, pforte.enter("review.write"))
                    work(pforte, ports)
                }
            }
        }
    }
}
