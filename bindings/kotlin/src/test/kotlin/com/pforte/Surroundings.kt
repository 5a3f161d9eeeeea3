package com.pforte

import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** What a test is given by the runner, with the workspace's own places where it is run by hand. */
object Surroundings {
    val policy: Path = place("PFORTE_POLICY", "../../core/gate/portal")
    val journeys: Path = place("PFORTE_JOURNEY_OUT", "../../target/journeys")
    val cases: Path = place("PFORTE_CASES", "../../target/cases")
    val providerProgram: Path = place("PFORTE_PROVIDER_BIN", "../../target/debug/pforte-provider")

    private fun place(
        variable: String,
        otherwise: String,
    ): Path = Path.of(System.getenv(variable) ?: otherwise).toAbsolutePath().normalize()
}

/** The development provider in a process of its own, signing `alice` in without a page; ended by [close]. */
class DevelopmentProvider(
    settings: String = """{"automatic":"alice"}""",
) : AutoCloseable {
    private val process: Process
    private val http = HttpClient.newHttpClient()

    /** Its issuer, which is its address. */
    val issuer: String

    init {
        check(Files.isExecutable(Surroundings.providerProgram)) {
            "${Surroundings.providerProgram} is not there: cargo build -p pforte-provider"
        }
        process =
            ProcessBuilder(Surroundings.providerProgram.toString(), "--settings", settings)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start()
        val line = process.inputReader().readLine()
        check(line != null && line.startsWith(READY)) { "the provider said: $line" }
        issuer = line.removePrefix(READY)
    }

    fun advanceClock(seconds: Long) = control("POST", "/dev/clock", """{"advance_seconds":$seconds}""")

    fun requestLog(): String = control("GET", "/dev/log")

    fun state(): String = control("GET", "/dev/state")

    /** The code that was sent to an address, or that somebody's authenticator shows. */
    fun oneTimeCode(whose: String): String = control("POST", "/dev/one_time_code", """{"person":"$whose"}""").trim('"')

    private fun control(
        method: String,
        path: String,
        body: String = "",
    ): String {
        val request =
            HttpRequest
                .newBuilder(URI("$issuer$path"))
                .header("content-type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build()
        val response = http.send(request, HttpResponse.BodyHandlers.ofString())
        check(response.statusCode() in 200..299) { "$method $path: ${response.statusCode()} ${response.body()}" }
        return response.body()
    }

    /** Closing its standard input ends it; by its handle, should it not listen. */
    override fun close() {
        process.outputStream.close()
        if (!process.waitFor(5, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    private companion object {
        const val READY = "ready "
    }
}
