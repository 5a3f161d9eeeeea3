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

/** One turn of a visit, for an app that draws its own screens ([Pforte.next]). */
sealed interface Turn {
    /** This is to be asked next; hand the answer to [Pforte.answer]. */
    data class Asked(
        /** The question, complete with its texts. */
        val ask: Ask,
    ) : Turn

    /** The visit has ended. */
    data class Ended(
        /** How. */
        val entry: Entry,
    ) : Turn
}

/** The end of a visit that began in an earlier process. */
data class Resumed(
    /** The touchpoint that the person was on the way to; `sign-in` for a plain sign-in, `step-up` for a challenge. */
    val touchpoint: String,
    /** How it ended, or nothing where it was broken off: [Pforte.enter] takes it up again. */
    val entry: Entry?,
    /** What to do where it was broken off. */
    val hint: String?,
)

internal fun com.pforte.ffi.Turn.toTurn(): Turn =
    when (this) {
        is com.pforte.ffi.Turn.Asked -> Turn.Asked(ask)
        is com.pforte.ffi.Turn.Ended -> Turn.Ended(entry.toEntry())
    }

internal fun com.pforte.ffi.Resumed.toResumed(): Resumed =
    when (val end = end) {
        is com.pforte.ffi.ResumedEnd.Entered -> Resumed(touchpoint, end.entry.toEntry(), null)
        is com.pforte.ffi.ResumedEnd.Failed -> Resumed(touchpoint, null, end.hint)
    }
