package com.pforte

import com.pforte.ffi.AskKind
import java.util.Collections

/**
 * Every port call, as the Rust testing kit writes it: `port.method(summary)`, without secrets and random values, so
 * that the logs of two languages can be compared line by line. Reads of a clock are not written: their number depends
 * on timing.
 */
class PortLog {
    private val written: MutableList<String> = Collections.synchronizedList(mutableListOf())

    val lines: List<String> get() = synchronized(written) { written.toList() }

    fun write(
        call: String,
        summary: String = "",
    ) {
        written += "$call($summary)"
    }
}

/** The last segment of a name such as `main/ledger`: what it is for, without whose it is. */
fun lastSegment(name: String): String = name.substringAfterLast('/')

/** An ask in one line: its kind in the policy's word, then what it is about. */
fun summary(kind: AskKind): String =
    when (kind) {
        is AskKind.Inform -> listOf("inform") + kind.notices.map { it.purpose }
        is AskKind.Unlock -> listOf("unlock")
        is AskKind.SignIn -> listOf("sign-in") + kind.routes.map { it.id }
        is AskKind.StepUp -> listOf("step-up", kind.level)
        is AskKind.Profile -> listOf("profile") + kind.fields.map { it.name }
        is AskKind.Consent -> listOf("consent") + kind.questions.map { it.purpose }
        is AskKind.EnrolBiometrics -> listOf("enrol-biometrics")
        is AskKind.EnrolPasskey -> listOf("enrol-passkey")
    }.joinToString(" ")
