package com.example.portal

import android.content.Intent
import android.os.Looper
import android.view.MotionEvent
import android.view.View
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.getUnclippedBoundsInRoot
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.performSemanticsAction
import com.pforte.ConsentStatus
import com.pforte.DevelopmentProvider
import com.pforte.Kept
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** What the journey does not go through: booking, pictures, who knows me, security, and taps that are none of the person's. */
@RunWith(RobolectricTestRunner::class)
@Config(application = TestPortal::class)
class ScreensTest {
    @get:Rule
    val screen = createEmptyComposeRule()

    private fun guest(test: Guest.(DevelopmentProvider) -> Unit) =
        DevelopmentProvider().use { provider ->
            with(Guest(screen, provider)) {
                opensTheApp()
                test(provider)
                closesTheApp()
            }
        }

    private fun Guest.analytics() =
        runBlocking {
            app.pforte
                .await()
                .consent
                .purposes()
                .single { it.purpose == "analytics" }
                .status
        }

    @Test
    fun `booking asks for what is missing and for two factors, and books once`(): Unit =
        guest { provider ->
            signsInToWriteAReview()
            goesBack()
            taps("Book a room")
            answersUntil("Book and pay")
            taps("Book and pay")
            answersUntil("It is booked. We look forward to your stay.")
            assertEquals(
                provider.requestLog(),
                1,
                Regex("\"/portal/bookings\"[^}]*}[^}]*}[^}]*\"status\":\\s*201").findAll(provider.requestLog()).count(),
            )
            assertTrue("a second sign-in, with two factors: $pages", pages.size == 2 && "acr_values=" in pages.last())
        }

    /** Fills in and goes on through whatever questions come. */
    private fun Guest.answersUntil(goal: String) {
        val yes = listOf("Continue", "Agree", "Agree to all", "Unlock")
        while (true) {
            until("$goal, or a question") { !doesNotSee(goal) || (yes + "Yes").any { !doesNotSee(it) } }
            if (!doesNotSee(goal)) return
            if (!doesNotSee("First and last name")) fillsIn("First and last name", "Alice Example")
            if (!doesNotSee("Country of your billing address")) fillsIn("Country of your billing address", "Austria")
            val label = yes.first { !doesNotSee(it) }
            val asked = app.presenter.open.value
            taps(label)
            until("the end of ${asked?.ask?.title}") { app.presenter.open.value !== asked }
        }
    }

    @Test
    fun `a picture is asked about and then chosen in the phone's own picker`(): Unit =
        guest {
            signsInToWriteAReview()
            goesBack()
            taps("Add a picture")
            taps("Agree")
            until("the picker") { otherApps.isNotEmpty() }
            assertEquals("${otherApps.single()}", "image/*", otherApps.single().type)
        }

    @Test
    fun `who knows me shows, takes back, agrees again, exports and erases without anybody signed in`(): Unit =
        guest { provider ->
            taps("Look at hotels")
            taps("Agree")
            taps("Account")
            taps("Who knows me")
            tapsIn("analytics", "Withdraw")
            seesPart("You withdrew it")
            assertEquals(ConsentStatus.WITHDRAWN, analytics())
            tapsIn("analytics", "Agree")
            seesPart("You agreed")
            assertEquals(ConsentStatus.GRANTED, analytics())
            taps("Get a copy")
            until("the share sheet") { otherApps.isNotEmpty() }
            @Suppress("DEPRECATION")
            val shared = otherApps.single().getParcelableExtra<Intent>(Intent.EXTRA_INTENT)?.getStringExtra(Intent.EXTRA_TEXT)
            assertTrue("$shared", shared.orEmpty().contains("analytics"))
            taps("Erase my choices")
            taps("Erase")
            sees("Your choices are erased.")
            assertNotEquals(ConsentStatus.GRANTED, analytics())
            assertEquals("no network", "[]", provider.requestLog())
        }

    @Test
    fun `the security screen takes the gate away, puts it back, and says what happened`(): Unit =
        guest {
            signsInToWriteAReview()
            goesBack()
            goesBack()
            taps("Account")
            taps("Security")
            sees("What happened lately, for our support")
            taps("Unlock with face or fingerprint")
            sees("Your account is kept on this device. It opens without face or fingerprint.")
            taps("Unlock with face or fingerprint")
            sees("Your account is locked on this device. Only you can open it.")
            assertEquals(Kept.BEHIND_GATE, runBlocking { app.pforte.await().security.view() }.kept)
        }

    @Test
    fun `a click by a script grants nothing`(): Unit =
        guest {
            taps("Look at hotels")
            sees("Agree")
            screen.onNode(hasText("Agree") and hasClickAction()).performSemanticsAction(SemanticsActions.OnClick)
            until("the end of the question") { app.presenter.open.value == null }
            assertNotEquals(ConsentStatus.GRANTED, analytics())
        }

    @Test
    fun `a touch through another app's window reaches nothing`(): Unit =
        guest {
            taps("Look at hotels")
            sees("Agree")
            val agree = screen.onNode(hasText("Agree") and hasClickAction()).fetchSemanticsNode().boundsInWindow.center
            touch(agree.x, agree.y, MotionEvent.FLAG_WINDOW_IS_OBSCURED)
            screen.waitForIdle()
            assertNotEquals("the question stays", null, app.presenter.open.value)
            touch(agree.x, agree.y, 0)
            until("the end of the question") { app.presenter.open.value == null }
            sees("Hotel Aurora")
            assertEquals(ConsentStatus.GRANTED, analytics())
        }

    /** A finger on the window itself, down and up. */
    private fun Guest.touch(
        x: Float,
        y: Float,
        flags: Int,
    ) {
        val content = window.get().findViewById<View>(android.R.id.content)
        val now = android.os.SystemClock.uptimeMillis()
        for (action in listOf(MotionEvent.ACTION_DOWN, MotionEvent.ACTION_UP)) {
            val finger = arrayOf(MotionEvent.PointerProperties().apply { id = 0 })
            val at =
                arrayOf(
                    MotionEvent.PointerCoords().apply {
                        this.x = x
                        this.y = y
                    },
                )
            val event = MotionEvent.obtain(now, now, action, 1, finger, at, 0, 0, 1f, 1f, 0, 0, 0, flags)
            content.dispatchTouchEvent(event)
            event.recycle()
        }
        shadowOf(Looper.getMainLooper()).idle()
    }

    @Test
    fun `to refuse is as prominent as to agree, and nothing is chosen beforehand`(): Unit =
        guest {
            taps("Look at hotels")
            sees("Agree")
            val sizes =
                listOf("Agree", "Refuse").map { label ->
                    val bounds = screen.onNode(hasText(label) and hasClickAction()).getUnclippedBoundsInRoot()
                    bounds.right - bounds.left to bounds.bottom - bounds.top
                }
            assertEquals(sizes[0], sizes[1])
            assertTrue("large enough for a finger", sizes[0].second.value >= 48f)
            taps("Refuse")
            taps("Hotel Aurora")
            taps("Write a review")
            taps("Continue")
            taps("Sign in with a password")
            taps("Not now")
            fillsIn("Display name", "Alice")
            taps("Yes")
            taps("Continue")
            sees("Save my choice")
            val chosen = SemanticsMatcher("is chosen") { it.config.firstOrNull { entry -> entry.key.name == "Selected" }?.value == true }
            assertEquals(0, screen.onAllNodes(chosen).fetchSemanticsNodes(false).size)
            taps("Save my choice")
            sees("Please choose for each: agree or refuse.")
        }
}
