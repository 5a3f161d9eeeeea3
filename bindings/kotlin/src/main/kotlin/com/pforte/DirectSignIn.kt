package com.pforte

import com.pforte.ffi.DirectAnswer
import com.pforte.ffi.DirectAsk
import com.pforte.ffi.DirectSteps

/** A social provider whose own SDK can sign people in. */
typealias SocialProvider = com.pforte.ffi.SocialProvider

/** How a confirmation is asked for. */
typealias ConfirmationChannel = com.pforte.ffi.ConfirmationChannel

/** A sign-in without a page that is under way. It lives in memory: after the end of the process it begins anew. */
class DirectSignIn internal constructor(
    private val steps: DirectSteps,
) : AutoCloseable {
    /** What is to be done first. */
    val first: DirectAsk = steps.first()

    /**
     * Takes an answer in. What to do next; with [DirectAsk.SignedIn] it is settled how the session is kept, too. One answer
     * is judged at a time.
     *
     * @throws PforteException.Cancelled for a wrong code: ask for it again.
     */
    suspend fun answer(answer: DirectAnswer): DirectAsk = translated { steps.answer(answer) }

    /** Lets go of it. */
    override fun close() = steps.close()
}
