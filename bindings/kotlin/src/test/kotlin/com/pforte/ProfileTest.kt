package com.pforte

import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.IOException
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

/** What the person fills in finds its way back to the account, from Kotlin. */
class ProfileTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `what was filled in is offered until the account took it`(): Unit =
        DevelopmentProvider().use { provider ->
            runBlocking {
                open(MemoryPorts(answer = ::journeyAnswer), provider.issuer, folder).use { pforte ->
                    assertInstanceOf(Entry.Cleared::class.java, pforte.enter("review.write"))
                    val given = Channel<List<ProfileField>>(Channel.UNLIMITED)
                    var fails = 1
                    pforte.writeProfileTo { fields ->
                        given.send(fields)
                        if (fails-- > 0) throw IOException("the account's server is away")
                    }
                    val first = withTimeout(10.seconds) { given.receive() }
                    assertEquals(setOf("self"), first.map { it.source }.toSet())
                    pforte.lock()
                    pforte.unlock()
                    assertEquals(first, withTimeout(10.seconds) { given.receive() })
                    withTimeout(10.seconds) {
                        pforte.status.first { status -> status is Status.Unlocked && status.profile.any { it.source == "account" } }
                    }
                }
            }
        }
}
