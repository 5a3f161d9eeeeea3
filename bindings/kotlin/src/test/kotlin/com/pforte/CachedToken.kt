package com.pforte

import kotlinx.coroutines.runBlocking
import java.nio.file.Files

/**
 * A contender of `cargo xtask bench vault`: signs in, then reads `NAME TIMES` and answers with the nanoseconds that so many
 * cached tokens took.
 */
fun main() =
    runBlocking {
        val folder = Files.createTempDirectory("pforte")
        DevelopmentProvider().use { provider ->
            open(MemoryPorts(answer = ::journeyAnswer), provider.issuer, folder).use { pforte ->
                check(pforte.enter("review.write") is Entry.Cleared)
                val url = "${provider.issuer}/portal/reviews"
                // The JVM's compiler gets to know the work before anything is measured.
                val end = System.nanoTime() + 5_000_000_000
                while (System.nanoTime() < end) pforte.authorization(url)
                generateSequence(::readLine).forEach { line ->
                    val times = line.substringAfter(' ').toLong()
                    val started = System.nanoTime()
                    repeat(times.toInt()) { pforte.authorization(url) }
                    println("took ${System.nanoTime() - started}")
                }
            }
        }
        folder.toFile().deleteRecursively()
        Unit
    }
