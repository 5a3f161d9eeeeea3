package com.pforte

/** How an entry ends. */
sealed interface Entry {
    /** Everything the policy asks for is there: go ahead. The server checks again what matters. */
    data class Cleared(
        /** The touchpoint. */
        val touchpoint: String,
        /** The level the person has reached, as the policy names it. */
        val level: String,
    ) : Entry

    /** The policy does not let this person pass, whatever they answer. */
    data class Stopped(
        /** Why, in the person's language. */
        val reason: String,
    ) : Entry

    /** The person gave up; counted already, nothing was granted or refused by it. */
    data class Abandoned(
        /** The kind of ask they gave up at, such as `sign-in`. */
        val at: String,
    ) : Entry
}

internal fun com.pforte.ffi.Entry.toEntry(): Entry =
    when (this) {
        is com.pforte.ffi.Entry.Cleared -> Entry.Cleared(clearance.touchpoint, clearance.level)
        is com.pforte.ffi.Entry.Stopped -> Entry.Stopped(reason)
        is com.pforte.ffi.Entry.Abandoned -> Entry.Abandoned(at)
    }
