package com.pforte.android

import android.os.Bundle
import android.view.KeyEvent
import android.view.MotionEvent
import android.view.View
import android.view.accessibility.AccessibilityManager
import android.view.accessibility.AccessibilityNodeInfo

/**
 * Whether it was the person who operated a control: a touch that no other window covered, a key, or a screen reader that is
 * switched on. A click that a script makes leaves nothing here, and what it chose grants nothing.
 */
internal class PersonsInput {
    /** What led to the click that is being handled. */
    enum class Seen { NOTHING, PERSON, COVERED }

    private var seen = Seen.NOTHING

    /** Looks at what happens to [view]; changes nothing. */
    fun <T : View> watch(view: T): T {
        view.setOnTouchListener { _, event ->
            if (event.action == MotionEvent.ACTION_UP) {
                val covered = event.flags and MotionEvent.FLAG_WINDOW_IS_OBSCURED != 0
                seen = if (covered) Seen.COVERED else Seen.PERSON
            }
            false
        }
        view.setOnKeyListener { _, _, event ->
            if (event.action == KeyEvent.ACTION_UP && KeyEvent.isConfirmKey(event.keyCode)) seen = Seen.PERSON
            false
        }
        view.accessibilityDelegate =
            object : View.AccessibilityDelegate() {
                override fun performAccessibilityAction(
                    host: View,
                    action: Int,
                    arguments: Bundle?,
                ): Boolean {
                    val reader = host.context.getSystemService(AccessibilityManager::class.java)?.isEnabled == true
                    if (action == AccessibilityNodeInfo.ACTION_CLICK && reader) seen = Seen.PERSON
                    return super.performAccessibilityAction(host, action, arguments)
                }
            }
        return view
    }

    /** What led to this click; the next one begins anew. */
    fun take(): Seen = seen.also { seen = Seen.NOTHING }
}
