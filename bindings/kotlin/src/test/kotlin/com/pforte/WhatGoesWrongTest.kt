package com.pforte

import com.pforte.ffi.LocaleTexts
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.channels.FileChannel
import java.nio.file.Path
import java.nio.file.StandardOpenOption.WRITE
import kotlin.io.path.fileSize
import kotlin.io.path.isRegularFile
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name

/** Each ends in a typed error whose text says what to do, and leaves the state as it was. */
class WhatGoesWrongTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `a policy with a mistake names the line`() {
        val policy = PolicyFolder("version = 3\nlevels = nonsense\n", listOf(LocaleTexts("en", "")))
        val error =
            assertThrows<PforteException.FixConfiguration> {
                runBlocking { open(ports(), UNREACHABLE, folder, policy = policy) }
            }
        assertTrue("2" in error.hint && "policy" in error.hint, error.hint)
    }

    @Test
    fun `a policy folder without its file names the file`() {
        val error = assertThrows<PforteException.FixConfiguration> { Policy.fromFolder(folder) }
        assertTrue("texts" in error.hint, error.hint)
    }

    @Test
    fun `an unreachable provider is passing trouble`() =
        runBlocking {
            val address = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { "http://127.0.0.1:${it.localPort}" }
            open(ports(), address, folder).use { pforte ->
                val error = assertThrows<PforteException.Retry> { runBlocking { pforte.enter("account.sign-in") } }
                assertSays(error, "try again")
                assertEquals(Status.SignedOut, pforte.status.value)
            }
        }

    @Test
    fun `a wrong client id is a setting to fix`() =
        withProvider { provider ->
            open(ports(), provider.issuer, folder, clientId = "nobody").use { pforte ->
                val error = assertThrows<PforteException> { runBlocking { pforte.enter("account.sign-in") } }
                assertSays(error, "sign in")
                assertEquals(Status.SignedOut, pforte.status.value)
            }
        }

    @Test
    fun `a browser closed by the person is giving up`() =
        withProvider { provider ->
            open(ports(browser = RedirectingBrowser.Habit.IS_CLOSED), provider.issuer, folder).use { pforte ->
                assertEquals(Entry.Abandoned("sign-in"), pforte.enter("account.sign-in"))
                var ran = false
                val stopped = assertThrows<PforteException.NotCleared> { runBlocking { pforte.call("account.sign-in") { ran = true } } }
                assertEquals(Entry.Abandoned("sign-in"), stopped.entry)
                assertSays(stopped, "gave up at sign-in")
                assertFalse(ran)
                assertEquals(Status.SignedOut, pforte.status.value)
                val error = assertThrows<PforteException.Cancelled> { runBlocking { pforte.signIn() } }
                assertSays(error, "browser")
                assertEquals(Status.SignedOut, pforte.status.value)
            }
        }

    @Test
    fun `a wrong redirect is refused`() =
        withProvider { provider ->
            open(ports(browser = RedirectingBrowser.Habit.COMES_BACK_WRONG), provider.issuer, folder).use { pforte ->
                val error = assertThrows<PforteException> { runBlocking { pforte.enter("account.sign-in") } }
                assertSays(error, "nothing was changed")
                assertEquals(Status.SignedOut, pforte.status.value)
            }
        }

    @Test
    fun `a truncated vault file is never taken for signed out`() =
        withProvider { provider ->
            val ports = ports()
            open(ports, provider.issuer, folder).use { it.enter("review.write") }
            vaultFiles().forEach { file -> FileChannel.open(file, WRITE).use { it.truncate(it.size() / 2) } }
            val error =
                runCatching {
                    open(ports, provider.issuer, folder).use { pforte ->
                        val status = assertInstanceOf(Status.Unavailable::class.java, pforte.status.value)
                        assertEquals(UnavailableCause.UNREADABLE, status.cause)
                        pforte.unlock()
                    }
                }.exceptionOrNull()
            assertInstanceOf(PforteException.Unavailable::class.java, error)
            assertSays(error as PforteException, "sign in again")
        }

    @Test
    fun `a wrong finger leaves the session locked`() =
        withProvider { provider ->
            val ports = ports()
            open(ports, provider.issuer, folder).use { pforte ->
                pforte.enter("review.write")
                pforte.lock()
                ports.gateKey.finger = MemoryGateKey.Finger.WRONG
                assertSays(assertThrows<PforteException.Locked> { runBlocking { pforte.unlock() } }, "unlock")
                ports.gateKey.finger = MemoryGateKey.Finger.RIGHT
                pforte.unlock()
            }
        }

    private fun ports(browser: RedirectingBrowser.Habit = RedirectingBrowser.Habit.FOLLOWS) =
        MemoryPorts(browser = browser, answer = ::journeyAnswer)

    private fun withProvider(test: suspend (DevelopmentProvider) -> Unit) =
        DevelopmentProvider().use { provider -> runBlocking { test(provider) } }

    private fun vaultFiles() = folder.listDirectoryEntries().filter { it.isRegularFile() && it.fileSize() > 0 && "lock" !in it.name }

    private fun assertSays(
        error: PforteException,
        words: String,
    ) = assertTrue(error.message.orEmpty().contains(words, ignoreCase = true), error.message)

    private companion object {
        const val UNREACHABLE = "http://127.0.0.1:9"
    }
}
