package com.pforte.android

import android.app.Activity
import android.os.Build
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.view.Window
import android.widget.LinearLayout
import android.widget.ScrollView
import com.pforte.Act
import com.pforte.ffi.Answer
import com.pforte.ffi.Ask

/**
 * The window of the ready-made asks. It holds nothing itself: after a rotation it shows the same ask with what was filled in, and
 * in a process that was started anew it closes, because the entry that asked is over and is taken up by the next one.
 */
class AskActivity : Activity() {
    private var shown: Ask? = null
    private val input = PersonsInput()

    override fun onCreate(savedInstanceState: Bundle?) {
        setTheme(systemTheme())
        requestWindowFeature(Window.FEATURE_NO_TITLE)
        super.onCreate(savedInstanceState)
        val ask = AskDesk.ask
        if (ask == null) {
            finish()
            return
        }
        shown = ask
        title = ask.title
        setContentView(scrolling(AskForm(this, ask, input) { answer -> give(ask, answer) }.build()))
    }

    override fun onStart() {
        super.onStart()
        AskDesk.closed = { runOnUiThread(::closeWhereOver) }
        closeWhereOver()
    }

    override fun onStop() {
        AskDesk.closed = null
        super.onStop()
    }

    @Deprecated("the system's own way back, on every version this runs on")
    override fun onBackPressed() {
        shown?.let { give(it, Answer.Dismissed) }
    }

    private fun give(
        ask: Ask,
        answer: Answer,
    ) {
        AskDesk.answer(ask, answer)
        finish()
    }

    private fun closeWhereOver() {
        if (shown !== AskDesk.ask && !isFinishing) finish()
    }

    private fun scrolling(form: View): View =
        ScrollView(this).apply {
            fitsSystemWindows = true
            isFillViewport = true
            addView(form, ViewGroup.LayoutParams(ViewGroup.LayoutParams.MATCH_PARENT, ViewGroup.LayoutParams.WRAP_CONTENT))
        }

    /** Light or dark as the person set it; Android 9 has no such setting. */
    private fun systemTheme(): Int =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            android.R.style.Theme_DeviceDefault_DayNight
        } else {
            android.R.style.Theme_DeviceDefault_Light
        }

    internal companion object {
        /** Which screen an act was made on. */
        const val SURFACE = "sheet"
    }
}

/** Evidence of what was operated on this window. */
internal fun act(
    control: String,
    genuine: Boolean,
) = Act(AskActivity.SURFACE, control, genuine)

/** A column with the same gap everywhere. */
internal fun column(
    activity: Activity,
    children: List<View>,
): LinearLayout =
    LinearLayout(activity).apply {
        orientation = LinearLayout.VERTICAL
        val gap = (GAP_DP * resources.displayMetrics.density).toInt()
        setPadding(gap, gap, gap, gap)
        children.forEach { child ->
            val place = LinearLayout.LayoutParams(LinearLayout.LayoutParams.MATCH_PARENT, LinearLayout.LayoutParams.WRAP_CONTENT)
            place.topMargin = gap / 2
            addView(child, place)
        }
    }

private const val GAP_DP = 24
