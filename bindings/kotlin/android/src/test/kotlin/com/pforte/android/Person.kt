package com.pforte.android

import android.app.Application
import android.content.Intent
import android.net.Uri
import android.os.Looper
import android.view.MotionEvent
import android.view.View
import android.view.ViewGroup
import android.widget.EditText
import android.widget.RadioGroup
import com.pforte.PortLog
import com.pforte.RedirectingBrowser
import com.pforte.android.testing.FakeAndroidKeyStore
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.runBlocking
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowBiometricPrompt

/**
 * A person with a phone: fills in the ready-made asks by touch, and goes through the provider's pages. Does what the windows that
 * the app starts call for, until a call has ended.
 *
 * @param goesTo what happens to the browser, where it is not simply gone through.
 * @param presses the button for each ask, by the ask's headline and the buttons there are.
 */
class Person(
    private val app: Application,
    private val goesTo: ((page: Intent) -> Unit)? = null,
    private val presses: (buttons: List<String>) -> String,
) {
    /** The buttons that were pressed, by their tag. */
    val pressed = mutableListOf<String>()

    /** The pages that were opened, by their path. */
    val pages = mutableListOf<String>()

    /** Lives until [call] has ended, and gives its outcome. */
    @OptIn(ExperimentalCoroutinesApi::class)
    fun <T> until(call: Deferred<T>): T {
        try {
            until(::live) { call.isCompleted }
        } catch (stuck: IllegalStateException) {
            throw AssertionError("stuck after $pressed, $pages and $fingers fingers", stuck)
        }
        return call.getCompleted()
    }

    /** How often a finger was laid on the system's prompt. */
    var fingers = 0
        private set

    /** Does what the app's windows call for, once. */
    fun live() {
        if (runCatching(ShadowBiometricPrompt::authenticateCurrentSessionSuccessfully).isSuccess) {
            fingers++
            FakeAndroidKeyStore.authenticate() // before the app is told, which happens on this thread
        }
        val next = shadowOf(app).nextStartedActivity ?: return
        when (next.component?.className) {
            AskActivity::class.java.name -> answer(next)
            BrowserActivity::class.java.name -> goesTo?.invoke(next) ?: browse(next)
        }
    }

    private fun answer(intent: Intent) {
        val window = Robolectric.buildActivity(AskActivity::class.java, intent).setup()
        val content = window.get().findViewById<View>(android.R.id.content)
        fillIn(content)
        val button = presses(buttons(content))
        pressed += button
        touch(content.findViewWithTag(button))
        shadowOf(Looper.getMainLooper()).idle()
        if (window.get().isFinishing) window.pause().stop().destroy()
    }

    private fun fillIn(content: View) {
        everything(content).forEach { view ->
            when {
                view is EditText -> view.setText("Alice")
                view is RadioGroup && view.tag.toString().startsWith("field:") -> touch(view.getChildAt(1))
            }
        }
    }

    private fun browse(intent: Intent) {
        val url = intent.getStringExtra(BrowserActivity.URL) ?: return
        val browser = Robolectric.buildActivity(BrowserActivity::class.java, intent).setup()
        shadowOf(app).nextStartedActivity // the tab
        pages += Uri.parse(url).path.orEmpty()
        redirectFrom(url)
        browser.newIntent(shadowOf(app).nextStartedActivity)
        browser.pause().stop().destroy()
    }
}

/** Goes through the provider's page at [url], and has the system start the app with the redirect. */
fun redirectFrom(url: String) {
    val back = runBlocking { RedirectingBrowser(PortLog(), RedirectingBrowser.Habit.FOLLOWS).browse(url, REDIRECT) }
    Robolectric.buildActivity(RedirectActivity::class.java, Intent(Intent.ACTION_VIEW, Uri.parse(back))).setup()
}

/** Lets the main thread work, and [meanwhile] happen, until [condition] holds; what never comes ends the test. */
fun until(
    meanwhile: () -> Unit = {},
    condition: () -> Boolean,
) {
    val end = System.nanoTime() + 20_000_000_000
    while (!condition()) {
        shadowOf(Looper.getMainLooper()).idle()
        meanwhile()
        check(System.nanoTime() < end) { "waited for something that never came" }
        Thread.onSpinWait()
    }
}

/** Every view below this one, itself included. */
fun everything(view: View): List<View> =
    listOf(view) + if (view is ViewGroup) (0 until view.childCount).flatMap { everything(view.getChildAt(it)) } else emptyList()

/** The tags of the buttons, from top to bottom. */
fun buttons(content: View): List<String> =
    everything(content).filter { it.javaClass == android.widget.Button::class.java }.map { it.tag.toString() }

/** A finger, down and up; [covered] by another app's window. */
fun touch(
    view: View,
    covered: Boolean = false,
) {
    val now = android.os.SystemClock.uptimeMillis()
    for (action in listOf(MotionEvent.ACTION_DOWN, MotionEvent.ACTION_UP)) {
        val flags = if (covered) MotionEvent.FLAG_WINDOW_IS_OBSCURED else 0
        val properties = arrayOf(MotionEvent.PointerProperties().apply { id = 0 })
        val at = arrayOf(MotionEvent.PointerCoords())
        val event = MotionEvent.obtain(now, now, action, 1, properties, at, 0, 0, 1f, 1f, 0, 0, 0, flags)
        view.dispatchTouchEvent(event)
        event.recycle()
    }
    shadowOf(Looper.getMainLooper()).idle()
}
