package com.example.portal.asks

import android.view.accessibility.AccessibilityManager
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.input.key.onPreviewKeyEvent
import androidx.compose.ui.input.pointer.PointerEventPass
import androidx.compose.ui.input.pointer.pointerInput
import androidx.compose.ui.platform.LocalContext
import com.pforte.Act

/**
 * Whether it was the person who operated a control: by touch, by a key, or by a screen reader that is switched on. A consent
 * rests on it: what a script clicks leaves nothing here, and grants nothing.
 */
class PersonsInput(
    private val hasScreenReader: () -> Boolean,
) {
    private var seen = false

    /** Looks at what happens below, before it gets there; changes nothing. */
    val watched: Modifier =
        Modifier
            .pointerInput(Unit) {
                awaitPointerEventScope {
                    while (true) {
                        awaitPointerEvent(PointerEventPass.Initial)
                        seen = true
                    }
                }
            }.onPreviewKeyEvent {
                seen = true
                false
            }

    /** What was operated, as evidence; the next act begins anew. */
    fun act(
        surface: String,
        control: String,
    ): Act = Act(surface, control, genuine = seen || hasScreenReader()).also { seen = false }
}

/** One for each screen that asks for consent. */
@Composable
fun rememberPersonsInput(): PersonsInput {
    val context = LocalContext.current
    return remember(context) { PersonsInput { context.getSystemService(AccessibilityManager::class.java).isEnabled } }
}
