package com.pforte.android

import android.content.Context
import android.content.Intent
import com.pforte.Answer
import com.pforte.Ask
import com.pforte.Presenter
import com.pforte.ffi.PresenterException
import kotlinx.coroutines.CompletableDeferred

/**
 * The ready-made asks: one plain, system-styled window over the one in front.
 *
 * Closing it gives up on the touchpoint; going away and coming back, or turning the phone, does not end it. There is no time limit.
 */
class AndroidPresenter(
    private val context: Context,
) : Presenter {
    override suspend fun present(ask: Ask): Answer {
        val answer = AskDesk.put(ask)
        try {
            onMain {
                if (!Front.show(context, Intent(context, AskActivity::class.java))) throw PresenterException.NoWindow()
            }
            return answer.await()
        } finally {
            AskDesk.clear(answer)
        }
    }

    override fun withdrawAsk() = AskDesk.withdraw()
}

/** The one ask that is on the screen, between the presenter and the window that shows it. Ends with the process. */
internal object AskDesk {
    private class Open(
        val ask: Ask,
        val answer: CompletableDeferred<Answer>,
    )

    private var open: Open? = null

    /** The ask that waits for an answer; nothing where there is none, as in a process that was started anew. */
    val ask: Ask? get() = synchronized(this) { open?.takeIf { it.answer.isActive }?.ask }

    @Synchronized
    fun put(ask: Ask): CompletableDeferred<Answer> {
        withdraw()
        return CompletableDeferred<Answer>().also { open = Open(ask, it) }
    }

    /** Takes the answer to [ask]; whether it was still open. */
    @Synchronized
    fun answer(
        ask: Ask,
        answer: Answer,
    ): Boolean = open?.takeIf { it.ask === ask }?.answer?.complete(answer) == true

    @Synchronized
    fun withdraw() {
        open?.answer?.completeExceptionally(PresenterException.Interrupted())
    }

    /** The one who asked is gone: [listener]s close the window. */
    fun clear(answer: CompletableDeferred<Answer>) {
        synchronized(this) { if (open?.answer === answer) open = null }
        closed?.invoke()
    }

    /** Told, on any thread, that the ask went away without the window's doing. */
    @Volatile
    var closed: (() -> Unit)? = null
}
