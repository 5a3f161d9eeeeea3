package com.pforte

import com.pforte.ffi.CoreException
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * What went wrong, by what to do about it. The message is one or two plain sentences and never holds a secret.
 *
 * An [IOException], so that it passes through HTTP stacks as one.
 */
sealed class PforteException(
    hint: String,
) : IOException(hint) {
    /** What to do, in one or two sentences; the message. */
    val hint: String get() = message.orEmpty()

    /** Passing trouble, such as no network: try again, [after] some time at the earliest. The session is as it was. */
    class Retry internal constructor(
        val after: Duration,
        hint: String,
    ) : PforteException(hint)

    /** The session is over: let the person sign in again. */
    class SignInAgain internal constructor(
        hint: String,
    ) : PforteException(hint)

    /** A server wants more assurance: call [Pforte.enter] with the [challenge] (RFC 9470). */
    class StepUpNeeded internal constructor(
        val challenge: Challenge,
        hint: String,
    ) : PforteException(hint)

    /** The session is locked: call [Pforte.unlock]. */
    class Locked internal constructor(
        hint: String,
    ) : PforteException(hint)

    /** A setting is wrong; the hint names it and the place to change it. Retrying does not help. */
    class FixConfiguration internal constructor(
        hint: String,
    ) : PforteException(hint)

    /** The device can't do this now, or what it kept can't be read. Never to be shown as "signed out". */
    class Unavailable internal constructor(
        hint: String,
    ) : PforteException(hint)

    /** The person, or the app, ended it. Nothing was changed. */
    class Cancelled internal constructor(
        hint: String,
    ) : PforteException(hint)

    /** Thrown by [Pforte.call] alone: the touchpoint was not cleared, so there was nothing to run; see [entry]. */
    class NotCleared internal constructor(
        val entry: Entry,
    ) : PforteException(
            when (entry) {
                is Entry.Stopped -> entry.reason
                is Entry.Abandoned -> "The person gave up at ${entry.at}. Offer it again when they come back."
                is Entry.Cleared -> "The touchpoint was cleared."
            },
        )
}

internal fun CoreException.toPforteException(): PforteException =
    when (this) {
        is CoreException.Retry -> PforteException.Retry(afterSeconds.toLong().seconds, hint)
        is CoreException.SignInAgain -> PforteException.SignInAgain(hint)
        is CoreException.StepUpNeeded -> PforteException.StepUpNeeded(challenge, hint)
        is CoreException.Locked -> PforteException.Locked(hint)
        is CoreException.FixConfiguration -> PforteException.FixConfiguration(hint)
        is CoreException.Unavailable -> PforteException.Unavailable(hint)
        is CoreException.Cancelled -> PforteException.Cancelled(hint)
    }.also { it.initCause(this) }
