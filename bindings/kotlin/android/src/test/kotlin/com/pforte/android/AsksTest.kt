package com.pforte.android

import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.EditText
import android.widget.RadioGroup
import android.widget.TextView
import com.pforte.ffi.Act
import com.pforte.ffi.Answer
import com.pforte.ffi.Ask
import com.pforte.ffi.AskKind
import com.pforte.ffi.ConsentChoice
import com.pforte.ffi.ConsentQuestion
import com.pforte.ffi.FieldKind
import com.pforte.ffi.FieldQuestion
import com.pforte.ffi.FieldValue
import com.pforte.ffi.Notice
import com.pforte.ffi.PresenterException
import com.pforte.ffi.Route
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config

/** The ready-made asks, operated by touch. */
@OptIn(ExperimentalCoroutinesApi::class)
@RunWith(RobolectricTestRunner::class)
class AsksTest {
    private fun ask(
        kind: AskKind,
        locale: String = "en",
    ) = Ask("review.write", locale, "A headline", "Why this is asked", kind)

    private fun question(purpose: String) =
        ConsentQuestion(purpose, "Title of $purpose", "May we?", "$purpose@1", "00", "Somebody", listOf("email"), null)

    private val two get() = AskKind.Consent(listOf(question("analytics"), question("newsletter")))

    private lateinit var window: ActivityController<AskActivity>
    private lateinit var answer: CompletableDeferred<Answer>

    private fun shown(ask: Ask): View {
        answer = AskDesk.put(ask)
        window = Robolectric.buildActivity(AskActivity::class.java).setup()
        return content()
    }

    private fun content(): View = window.get().findViewById(android.R.id.content)

    private fun press(tag: String) = touch(content().findViewWithTag(tag))

    @After
    fun cleared() = AskDesk.clear(answer)

    @Test
    fun `a consent is given by touch, each purpose by itself`() {
        val content = shown(ask(two))
        press("save")
        assertFalse("nothing is chosen beforehand", answer.isCompleted)
        touch(content.findViewWithTag<RadioGroup>("choice:analytics").getChildAt(1))
        touch(content.findViewWithTag<RadioGroup>("choice:newsletter").getChildAt(0))
        press("save")
        val choices = listOf(ConsentChoice("analytics", true), ConsentChoice("newsletter", false))
        assertEquals(Answer.Consent(choices, Act("sheet", "save", true)), answer.getCompleted())
        assertTrue(window.get().isFinishing)
    }

    @Test
    fun `to refuse is as prominent as to agree`() {
        val content = shown(ask(two))
        val refuse = content.findViewWithTag<Button>("refuse-all")
        val agree = content.findViewWithTag<Button>("agree-all")
        assertTrue(buttons(content).indexOf("refuse-all") < buttons(content).indexOf("agree-all"))
        assertEquals(agree.textSize, refuse.textSize, 0f)
        assertEquals(agree.currentTextColor, refuse.currentTextColor)
        assertEquals(agree.minHeight, refuse.minHeight)
        val widths = listOf(agree, refuse).map { it.layoutParams.width }
        assertEquals(listOf(ViewGroup.LayoutParams.MATCH_PARENT, ViewGroup.LayoutParams.MATCH_PARENT), widths)
        press("refuse-all")
        assertEquals(listOf(false, false), (answer.getCompleted() as Answer.Consent).choices.map { it.granted })
    }

    @Test
    fun `a click by a script is no act of the person`() {
        shown(ask(two)).findViewWithTag<Button>("agree-all").performClick()
        assertEquals(Act("sheet", "agree-all", false), (answer.getCompleted() as Answer.Consent).act)
    }

    @Test
    fun `a touch through another app's window chooses nothing and says so`() {
        val content = shown(ask(two))
        touch(content.findViewWithTag("agree-all"), covered = true)
        assertFalse(answer.isCompleted)
        assertTrue(texts(content).any { it.startsWith("Another app covers this screen") })
        press("agree-all")
        assertTrue((answer.getCompleted() as Answer.Consent).act.genuine)
    }

    @Test
    fun `what was told is acknowledged, and can be left`() {
        val notices = listOf(Notice("account.contract", "Your account", "What we need", "account.contract@1", "00"))
        val content = shown(ask(AskKind.Inform(notices)))
        assertTrue(texts(content).containsAll(listOf("A headline", "Why this is asked", "Your account", "What we need")))
        press("continue")
        assertEquals(Answer.Acknowledged(Act("sheet", "continue", true)), answer.getCompleted())
    }

    @Test
    fun `details are filled in and kept when the phone is turned`() {
        val fields = listOf(FieldQuestion("display_name", "Name", FieldKind.TEXT), FieldQuestion("age", "At least 16?", FieldKind.OVER_AGE))
        val content = shown(ask(AskKind.Profile(fields)))
        press("continue")
        assertFalse(answer.isCompleted)
        content.findViewWithTag<EditText>("field:display_name").setText("Alice")
        touch(content.findViewWithTag<RadioGroup>("field:age").getChildAt(1))
        window.recreate()
        assertFalse(answer.isCompleted)
        press("continue")
        assertEquals(Answer.Profile(listOf(FieldValue("display_name", "Alice"), FieldValue("age", "over"))), answer.getCompleted())
    }

    @Test
    fun `a screen reader meets a heading, labels and targets that are large enough`() {
        val fields = listOf(FieldQuestion("display_name", "Name", FieldKind.TEXT))
        val content = shown(ask(AskKind.Profile(fields)))
        val all = everything(content)
        assertEquals("A headline", (all.first { it.isAccessibilityHeading } as TextView).text)
        val field = all.first { it is EditText }
        assertEquals("Name", (all.first { it.labelFor == field.id } as TextView).text)
        val least = (48 * content.resources.displayMetrics.density).toInt()
        assertTrue(all.filterIsInstance<Button>().all { it.minHeight >= least })
        assertEquals("A headline", window.get().title)
    }

    @Test
    @Config(qualifiers = "night")
    fun `dark where the person set it so, and larger with their font`() {
        RuntimeEnvironment.setFontScale(2.0f)
        val content = shown(ask(two))
        val headline = everything(content).filterIsInstance<TextView>().first { it.text == "A headline" }
        // From Android 14 on, large text grows by less than the factor.
        assertTrue("${headline.textSize}", headline.textSize > 26f * 1.3f * content.resources.displayMetrics.density)
        val light = headline.currentTextColor and 0xff
        assertTrue("light text on dark: ${Integer.toHexString(headline.currentTextColor)}", light > 0x80)
    }

    @Test
    fun `routes, unlocking and offers are answered by their buttons`() {
        shown(ask(AskKind.SignIn(listOf(Route("page", "By e-mail"), Route("social:google", "Google")))))
        press("route:social:google")
        assertEquals(Answer.Proceed("social:google"), answer.getCompleted())
        shown(ask(AskKind.Unlock("alice@example.org")))
        press("proceed")
        assertEquals(Answer.Proceed(null), answer.getCompleted())
        shown(ask(AskKind.EnrolBiometrics))
        press("not-now")
        assertEquals(Answer.Skipped, answer.getCompleted())
    }

    @Test
    fun `German where the ask is German`() {
        val content = shown(ask(two, locale = "de-AT"))
        assertTrue(texts(content).containsAll(listOf("Alles ablehnen", "Allem zustimmen", "Auswahl speichern")))
    }

    @Test
    fun `closing gives up and neither refuses nor grants`() {
        shown(ask(two))
        @Suppress("DEPRECATION")
        window.get().onBackPressed()
        assertEquals(Answer.Dismissed, answer.getCompleted())
    }

    @Test
    fun `an ask that is withdrawn leaves the screen without an answer`() {
        shown(ask(two))
        AndroidPresenter(RuntimeEnvironment.getApplication()).withdrawAsk()
        AskDesk.clear(answer)
        until { window.get().isFinishing }
        assertTrue(answer.getCompletionExceptionOrNull() is PresenterException.Interrupted)
    }

    @Test
    fun `in a process that was started anew the window closes`() {
        shown(ask(two))
        AskDesk.clear(answer)
        val restored = Robolectric.buildActivity(AskActivity::class.java).create().get()
        assertTrue(restored.isFinishing)
    }

    private fun texts(content: View) = everything(content).filterIsInstance<TextView>().map { it.text.toString() }
}
