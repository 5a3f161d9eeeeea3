package com.example.portal

import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.Looper
import androidx.annotation.StringRes
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import com.pforte.DevelopmentProvider
import com.pforte.android.testing.FakeAndroidKeyStore
import com.pforte.ffi.AskKind
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.File

/**
 * Pictures of every screen, for people to look at: the journey is walked in each language, and at each stop the phone is turned
 * light and dark, and its font larger. Nothing is compared: a picture is judged by looking at it.
 */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(application = TestPortal::class, sdk = [34], qualifiers = "w411dp-h891dp-xhdpi")
class ScreenshotsTest {
    @get:Rule
    val screen = createEmptyComposeRule()

    private val folder = File(checkNotNull(System.getProperty("screenshots")))
    private var written = 0

    @Test
    fun `in English`(): Unit = pictures("en", "Sign in with a password", "Display name")

    @Test
    fun `in German`(): Unit = pictures("de", "Mit Passwort anmelden", "Anzeigename")

    private fun pictures(
        language: String,
        password: String,
        displayName: String,
    ) = DevelopmentProvider().use { provider ->
        RuntimeEnvironment.setQualifiers("+$language")
        with(Guest(screen, provider)) {
            opensTheApp()
            looksAround(language)
            writesAReview(language, password, displayName)
            books(language)
            looksAfterTheAccount(language)
            closesTheApp()
        }
        assertEquals("pictures in $folder", 4 * SCREENS, written)
    }

    private fun Guest.looksAround(language: String) {
        at(R.string.look_at_hotels).also { picture(language, "welcome") }
        taps(word(R.string.look_at_hotels))
        at(R.string.agree).also { picture(language, "ask-consent") }
        taps(word(R.string.agree))
        at(R.string.account).also { picture(language, "hotels") }
        taps("Hotel Aurora")
        at(R.string.write_review).also { picture(language, "hotel") }
    }

    private fun Guest.writesAReview(
        language: String,
        password: String,
        displayName: String,
    ) {
        taps(word(R.string.write_review))
        at(R.string.go_on).also { picture(language, "ask-inform") }
        taps(word(R.string.go_on))
        sees(password).also { picture(language, "ask-sign-in") }
        taps(password)
        at(R.string.turn_on).also { picture(language, "ask-biometrics") }
        taps(word(R.string.turn_on))
        sees(displayName).also { picture(language, "ask-profile") }
        fillsIn(displayName, "Alice")
        taps(word(R.string.yes))
        taps(word(R.string.go_on))
        chooses("agree:profile.store").also { picture(language, "ask-consents") }
        chooses("refuse:crm.link")
        taps(word(R.string.save_choice))
        fillsIn(word(R.string.your_review), if (language == "de") "Ruhige Zimmer, gutes Frühstück." else "Quiet rooms, good breakfast.")
        picture(language, "review")
        taps(word(R.string.publish))
    }

    private fun Guest.books(language: String) {
        at(R.string.read_reviews)
        taps(word(R.string.read_reviews))
        at(R.string.reviews).also { picture(language, "reviews") }
        taps(word(R.string.book))
        answersUntil(R.string.pay)
        picture(language, "booking")
        taps(word(R.string.pay))
        until("the step-up") { questionGoesOn() || app.presenter.open.value?.ask?.kind is AskKind.StepUp }
        picture(language, "ask-step-up")
        goesBack()
        until("the end of the question") { app.presenter.open.value == null }
        at(R.string.pay)
        goesBack()
        at(R.string.read_reviews)
        goesBack()
    }

    private fun Guest.looksAfterTheAccount(language: String) {
        taps(word(R.string.account))
        at(R.string.lock_now).also { picture(language, "account") }
        taps(word(R.string.security))
        at(R.string.what_happened).also { picture(language, "security") }
        goesBack()
        taps(word(R.string.who_knows_me))
        at(R.string.withdraw).also { picture(language, "who-knows-me") }
        goesBack()
        taps(word(R.string.lock_now))
        at(R.string.locked).also { picture(language, "locked") }
        val saved = losesTheProcess()
        unlocksThePhone(false)
        comesBackTo(saved)
        at(R.string.later).also { picture(language, "later") }
        unlocksThePhone(true)
        leavesAndComesBack()
        at(R.string.locked)
        FakeAndroidKeyStore.enrol()
        taps(word(R.string.unlock))
        at(R.string.sign_in_anew).also { picture(language, "key-lost") }
    }

    private fun Guest.word(
        @StringRes id: Int,
    ) = app.getString(id)

    private fun Guest.at(
        @StringRes id: Int,
    ) = sees(word(id))

    /** Goes on at notices and offers until a screen of the app is there. */
    private fun Guest.answersUntil(
        @StringRes goal: Int,
    ) {
        until(word(goal)) { questionGoesOn() || !doesNotSee(word(goal)) }
    }

    /** Answers a question that only has to be gone through; never true, so that who waits goes on waiting. */
    private fun Guest.questionGoesOn(): Boolean {
        val asked = app.presenter.open.value
        val kind = asked?.ask?.kind
        val label = listOf(R.string.go_on, R.string.agree).map { word(it) }.firstOrNull { !doesNotSee(it) }
        if (label != null && (kind is AskKind.Inform || kind is AskKind.Consent)) {
            taps(label)
            until("the end of ${asked.ask.title}") { app.presenter.open.value !== asked }
        }
        return false
    }

    private fun Guest.picture(
        language: String,
        title: String,
    ) {
        val numbered = "%02d-%s".format(written / 4 + 1, title)
        for (look in listOf("notnight", "night")) {
            for (scale in listOf(1.0f, 2.0f)) {
                RuntimeEnvironment.setQualifiers("+$look")
                RuntimeEnvironment.setFontScale(scale)
                turnsThePhone()
                screen.waitForIdle()
                shadowOf(Looper.getMainLooper()).idle()
                write("$language-${if (look == "night") "dark" else "light"}-font$scale-$numbered.png")
            }
        }
        RuntimeEnvironment.setQualifiers("+notnight")
        RuntimeEnvironment.setFontScale(1.0f)
        turnsThePhone()
        screen.waitForIdle()
    }

    private fun Guest.write(name: String) {
        val view = window.get().window.decorView
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        folder.mkdirs()
        File(folder, name).outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        written++
    }

    private companion object {
        const val SCREENS = 19
    }
}
