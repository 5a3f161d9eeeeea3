package com.pforte.okhttp

import com.pforte.Pforte
import com.pforte.PforteException
import com.pforte.ffi.AppCallSteps
import com.pforte.ffi.Header
import com.pforte.ffi.Sending
import com.pforte.translated
import kotlinx.coroutines.runBlocking
import okhttp3.HttpUrl
import okhttp3.HttpUrl.Companion.toHttpUrl
import okhttp3.Interceptor
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import java.io.IOException
import java.io.InterruptedIOException

/**
 * Authorises the calls of this OkHttp client to [origins] (`https://host[:port]`, each among the `apiOrigins` of
 * [Pforte.open]), and turns OkHttp's own redirects off, because each one is authorised anew or not at all.
 *
 * ```kotlin
 * val http = OkHttpClient.Builder().authorisedBy(pforte, "https://api.portal.example").build()
 * ```
 */
fun OkHttpClient.Builder.authorisedBy(
    pforte: Pforte,
    vararg origins: String,
): OkHttpClient.Builder = followRedirects(false).followSslRedirects(false).addInterceptor(pforte.interceptor(*origins))

/**
 * Owns the whole exchange with [origins]: the token, the DPoP proof and its nonce, one refresh after a refused token, and
 * redirects, where OkHttp leaves them to it (see [authorisedBy]). Calls to any other origin pass as they are, without a token.
 *
 * It shows no screen. A call fails with [PforteException.StepUpNeeded] where the server wants more assurance, which
 * [Pforte.call] answers, with [PforteException.Locked] where the session is locked, and with
 * [PforteException.FixConfiguration] where a redirect leaves the listed origins; each is an [IOException]. It waits on
 * OkHttp's own thread. A body that can be written once only is not sent a second time: the server's answer comes as it is.
 */
fun Pforte.interceptor(vararg origins: String): Interceptor {
    val listed = origins.map { it.toHttpUrl().origin() }.toSet()
    return Interceptor { chain ->
        val request = chain.request()
        if (request.url.origin() in listed) Exchange(this, chain).of(request) else chain.proceed(request)
    }
}

private class Exchange(
    private val pforte: Pforte,
    private val chain: Interceptor.Chain,
) {
    fun of(request: Request): Response =
        waitingFor { pforte.beginCall(request.method, request.url.toString()) }.use { call ->
            var sent = request.sentAs(call.first())
            var response = chain.proceed(sent)
            while (true) {
                val next = response.judged(call)
                if (next == null || (next.keepsBody && sent.body?.isOneShot() == true)) break
                response.close()
                if (chain.call().isCanceled()) throw IOException("Canceled")
                sent = sent.sentAs(next)
                response = chain.proceed(sent)
            }
            response
        }

    /** What to send next; nothing where the answer is the app's. A failure closes the answer. */
    private fun Response.judged(call: AppCallSteps): Sending? =
        try {
            val head = headers.map { (name, value) -> Header(name, value) }
            waitingFor { translated { call.answered(code.toUShort(), head) } }
        } catch (failure: IOException) {
            close()
            throw failure
        }

    /** This request as [sending] has it. */
    private fun Request.sentAs(sending: Sending): Request {
        val request = newBuilder().url(sending.url).removeHeader("Authorization").removeHeader("DPoP")
        sending.credentials.forEach { request.header(it.name, it.value) }
        if (!sending.keepsBody) request.removeHeader("Content-Type").removeHeader("Content-Length")
        return request.method(sending.method, body.takeIf { sending.keepsBody }).build()
    }
}

/** An interruption of the waiting is one of the I/O, as everywhere in OkHttp. */
private fun <T> waitingFor(work: suspend () -> T): T =
    try {
        runBlocking { work() }
    } catch (interrupted: InterruptedException) {
        throw InterruptedIOException("interrupted").apply { initCause(interrupted) }
    }

private fun HttpUrl.origin() = "$scheme://$host:$port"
