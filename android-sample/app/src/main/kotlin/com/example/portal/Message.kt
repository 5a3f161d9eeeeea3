package com.example.portal

import androidx.annotation.StringRes
import com.pforte.Entry
import com.pforte.PforteException
import java.io.IOException

/** Something to tell the person. */
sealed interface Message {
    /** In the app's words. */
    data class Words(
        @param:StringRes val words: Int,
    ) : Message

    /** In the policy's words, which are in the person's language already. */
    data class Text(
        val text: String,
    ) : Message
}

/** What to tell a person about an error; nothing where they know already. An error's `hint` is for the app's developers. */
fun wordsFor(error: IOException): Message? =
    when (error) {
        is PforteException.Cancelled -> null
        is PforteException.NotCleared -> (error.entry as? Entry.Stopped)?.let { Message.Text(it.reason) }
        is PforteException.SignInAgain -> Message.Words(R.string.sign_in_again)
        is PforteException.Locked -> Message.Words(R.string.is_locked)
        is PforteException.Unavailable -> Message.Words(R.string.not_now)
        is PforteException.FixConfiguration, is PforteException.StepUpNeeded -> Message.Words(R.string.not_in_this_version)
        else -> Message.Words(R.string.try_again)
    }
