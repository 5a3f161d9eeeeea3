package com.pforte

import com.pforte.ffi.OtherDeviceWait

/** A sign-in that waits for the person on another device (RFC 8628). */
class OtherDeviceSignIn internal constructor(
    private val waiting: OtherDeviceWait,
) : AutoCloseable {
    /** What to show. */
    val shown: OtherDevice = waiting.shown()

    /**
     * Waits until the person has confirmed, and settles how the session is kept. Cancelling the coroutine ends the waiting,
     * not the sign-in: [Pforte.signInOnOtherDevice] takes it up again, also in another process.
     */
    suspend fun wait() = translated { waiting.waitForPerson() }

    /** Lets go of it; the sign-in stays under way. */
    override fun close() = waiting.close()
}
