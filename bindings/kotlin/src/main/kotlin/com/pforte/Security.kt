package com.pforte

import com.pforte.ffi.PforteCoreInterface

/**
 * The gate before the session, for the app's security screen.
 *
 * What changes the gate prompts, because the person agrees to it with the key it concerns. Refused or broken off, the gate
 * is as it was.
 */
class Security internal constructor(
    private val core: PforteCoreInterface,
) {
    /** How the session is kept, and what the device offers. Prompts nobody. */
    suspend fun view(): SecurityView = translated { core.securityView() }

    /** Puts the open session behind finger or face. What could open it before opens nothing any more. */
    suspend fun turnGateOn() = translated { core.turnGateOn() }

    /**
     * Takes the gate away from the open session, after the person has opened it once more.
     *
     * @throws PforteException.FixConfiguration if the policy requires the gate; do not offer it there.
     */
    suspend fun turnGateOff() = translated { core.turnGateOff() }

    /**
     * Puts another key in the place of the one behind finger or face, as after a new finger was enrolled and the device's
     * credential opened the session.
     */
    suspend fun renewGateKey() = translated { core.renewGateKey() }

    /**
     * Lets the device's own PIN, pattern or password open the session, too. It survives a new enrolment, and opens where the
     * sensor is locked out.
     */
    suspend fun addDeviceCredential() = translated { core.addDeviceCredential() }

    /** Takes that away again; prompts nobody. */
    suspend fun removeDeviceCredential() = translated { core.removeDeviceCredential() }

    /**
     * Whether this device shows whose session it is while it is locked, and fills that in when the person has to sign in
     * again. Off until the person chooses it; signing out forgets it.
     */
    suspend fun rememberPerson(remembers: Boolean) = translated { core.rememberPerson(remembers) }
}
