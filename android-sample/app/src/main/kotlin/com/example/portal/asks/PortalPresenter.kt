package com.example.portal.asks

import com.pforte.Presenter
import com.pforte.ffi.Answer
import com.pforte.ffi.Ask
import com.pforte.ffi.PresenterException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/**
 * Pforte's questions, for this app's own screens: Pforte hands one over and waits, [AskScreen] shows it and answers.
 *
 * It knows no window. A turned phone shows the same question again; in a new process Pforte asks it anew.
 */
class PortalPresenter : Presenter {
    private val shown = MutableStateFlow<OpenAsk?>(null)

    /** The question that waits for an answer. */
    val open: StateFlow<OpenAsk?> = shown.asStateFlow()

    override suspend fun present(ask: Ask): Answer {
        val asked = OpenAsk(ask) { shown.compareAndSet(it, null) }
        shown.value = asked
        try {
            return asked.answer.await()
        } finally {
            shown.compareAndSet(asked, null)
        }
    }

    override fun withdrawAsk() {
        shown.value?.answer?.completeExceptionally(PresenterException.Interrupted())
    }
}

/** One question on the screen. The first answer counts, and with it the question leaves: a second tap must not reach it. */
class OpenAsk(
    val ask: Ask,
    private val leave: (OpenAsk) -> Unit,
) {
    internal val answer = CompletableDeferred<Answer>()

    fun give(answer: Answer) {
        this.answer.complete(answer)
        leave(this)
    }
}
