package com.pforte

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path

/** The whole journey; what it leaves behind is compared with the runs in Rust and Swift. */
class JourneyTest {
    @Test
    fun `the journey ends signed out and leaves its record`(
        @TempDir folder: Path,
    ) = runBlocking {
        DevelopmentProvider().use { provider ->
            val ports = MemoryPorts(answer = ::journeyAnswer)
            open(ports, provider.issuer, folder).use { pforte ->
                val journey = Journey(pforte, provider)
                journey.walk()
                assertTrue(journey.events.any { it.endsWith("sign-in done") }, journey.events.toString())
                record(ports.log.lines, provider.requestLog(), journey.events)
            }
        }
    }

    private fun record(
        ports: List<String>,
        requests: String,
        events: List<String>,
    ) {
        Files.createDirectories(Surroundings.journeys)
        val json = """{"ports":${array(ports)},"requests":$requests,"events":${array(events)}}"""
        Files.writeString(Surroundings.journeys.resolve("kotlin.json"), json)
    }

    /** The lines hold neither quotes nor backslashes nor control characters. */
    private fun array(lines: List<String>) =
        lines.joinToString(",", "[", "]") { line ->
            check(line.all { it >= ' ' && it != '"' && it != '\\' }) { line }
            "\"$line\""
        }
}
