package com.pforte

/** The four things a session can be. Offline, a device not yet unlocked and a lost key are never [SignedOut]. */
sealed interface Status {
    /** Nobody is signed in. */
    data object SignedOut : Status

    /** Somebody is signed in; finger or face opens it. */
    data class Locked(
        /** Whose session it is, if the person chose to be remembered. */
        val loginHint: String?,
    ) : Status

    /** Signed in and open. */
    data class Unlocked(
        /** What is known about the person. */
        val profile: List<ProfileField>,
    ) : Status

    /** Not to be known or not to be opened now. */
    data class Unavailable(
        /** What an app tells apart, for its own words and whether to offer a sign-in. */
        val cause: UnavailableCause,
        /** Why, in words for a support screen. */
        val why: String,
    ) : Status
}

internal fun com.pforte.ffi.Status.toStatus(): Status =
    when (this) {
        is com.pforte.ffi.Status.SignedOut -> Status.SignedOut
        is com.pforte.ffi.Status.Locked -> Status.Locked(loginHint)
        is com.pforte.ffi.Status.Unlocked -> Status.Unlocked(profile)
        is com.pforte.ffi.Status.Unavailable -> Status.Unavailable(cause, why)
    }
