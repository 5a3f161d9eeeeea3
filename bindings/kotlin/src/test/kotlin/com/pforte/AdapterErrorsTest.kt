package com.pforte

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path

/** Whatever an adapter throws arrives as a typed error; nothing ends the process. */
class AdapterErrorsTest {
    @Test
    fun `an exception no port declares arrives as unavailable with one line of it`(
        @TempDir folder: Path,
    ) = runBlocking {
        val ports = MemoryPorts { throw IllegalStateException("no window yet") }
        open(ports, "http://127.0.0.1:9", folder).use { pforte ->
            val error = assertThrows<PforteException.Unavailable> { runBlocking { pforte.enter("hotel.browse") } }
            assertTrue("IllegalStateException: no window yet" in error.hint, error.hint)
            assertFalse("\n" in error.hint || "\tat " in error.hint, error.hint)
        }
    }
}
