package com.example.portal

import android.content.Intent
import android.hardware.biometrics.BiometricManager
import android.net.Uri
import android.os.Bundle
import android.os.Looper
import android.os.UserManager
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.SemanticsNodeInteraction
import androidx.compose.ui.test.hasAnyAncestor
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.hasScrollAction
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextReplacement
import androidx.lifecycle.ViewModelProvider
import com.pforte.DevelopmentProvider
import com.pforte.Pforte
import com.pforte.PortLog
import com.pforte.Provider
import com.pforte.RedirectingBrowser
import com.pforte.android.BrowserActivity
import com.pforte.android.PforteStart
import com.pforte.android.RedirectActivity
import com.pforte.android.testing.FakeAndroidKeyStore
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.runBlocking
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowBiometricManager
import org.robolectric.shadows.ShadowBiometricPrompt

/** The app as it is, except that the provider is the development one, and that the ports' calls are written down. */
class TestPortal : PortalApp() {
    val log = PortLog()
    private var running: Deferred<Pforte>? = null

    override val provider get() = Provider.development(issuer, "portal-app").copy(name = "oidc")
    override val server get() = issuer
    override val host get() = logged(this, log)
    override val pforte get() = running ?: opened().also { running = it }

    /** What the end of the process leaves: the files and the keys. */
    fun endProcess() {
        runBlocking { pforte.await() }.close()
        running = null
        forgetRedirects()
    }

    /** What a new process knows of redirects: nothing. */
    private fun forgetRedirects() {
        val redirects = Class.forName("com.pforte.android.Redirects")
        val itself = redirects.getDeclaredField("INSTANCE").get(null)
        for (name in listOf("waiting", "kept")) redirects.getDeclaredField(name).apply { isAccessible = true }.set(itself, null)
        (redirects.getDeclaredField("clients").apply { isAccessible = true }.get(itself) as MutableList<*>).clear()
    }

    companion object {
        lateinit var issuer: String
    }
}

/** Somebody with a phone: taps on the app's real screens, lays a finger on the system's prompt, goes through the browser. */
class Guest(
    private val screen: ComposeTestRule,
    private val provider: DevelopmentProvider,
) {
    /** What the finger does when the system's prompt shows. */
    var finger: () -> Unit = ::rightFinger

    /** Whether the browser comes back. */
    var comesBack = true

    /** The addresses that the browser was opened with. */
    val pages = mutableListOf<String>()

    /** What other apps were started with. */
    val otherApps = mutableListOf<Intent>()

    val app get() = RuntimeEnvironment.getApplication() as TestPortal

    lateinit var window: ActivityController<MainActivity>
        private set

    /** A phone with a finger enrolled, and the app opened for the first time. */
    fun opensTheApp() {
        FakeAndroidKeyStore.install()
        TestPortal.issuer = provider.issuer
        Robolectric.setupContentProvider(PforteStart::class.java) // as the system does before the first window
        Shadow.extract<ShadowBiometricManager>(app.getSystemService(BiometricManager::class.java)).setCanAuthenticate(true)
        window = Robolectric.buildActivity(MainActivity::class.java).setup()
    }

    /** Whether what was tapped is still under way. */
    val isBusy: Boolean get() = ViewModelProvider(window.get())[Portal::class.java].isBusy

    fun turnsThePhone() {
        window.recreate()
    }

    /** Whether the phone has been unlocked since it was started; before that, nobody can read what apps keep. */
    fun unlocksThePhone(unlocked: Boolean) = shadowOf(app.getSystemService(UserManager::class.java)).setUserUnlocked(unlocked)

    /** Leaves the app for another, and comes back. */
    fun leavesAndComesBack() {
        window.pause().stop()
        window.restart().resume()
    }

    /** The system ends the process in the background, keeping what the window saved. */
    fun losesTheProcess(): Bundle {
        val saved = Bundle()
        window.pause().saveInstanceState(saved).stop()
        window.destroy()
        app.endProcess()
        return saved
    }

    fun comesBackTo(saved: Bundle) {
        window = Robolectric.buildActivity(MainActivity::class.java).setup(saved)
    }

    /** The browser sends the person back, to a process that knows nothing of it. */
    fun isSentBackTo(redirect: String) {
        Robolectric.buildActivity(RedirectActivity::class.java, Intent(Intent.ACTION_VIEW, Uri.parse(redirect))).setup().destroy()
        shadowOf(app).nextStartedActivity
    }

    fun closesTheApp() {
        window.pause().stop().destroy()
    }

    fun sees(text: String) = until("\"$text\"") { all(text).isNotEmpty() }

    fun doesNotSee(text: String) = all(text).isEmpty()

    /** Waits for a text that holds [part]. */
    fun seesPart(part: String) =
        until("\"…$part…\"") { screen.onAllNodes(hasText(part, substring = true)).fetchSemanticsNodes(false).isNotEmpty() }

    private fun all(text: String) = screen.onAllNodes(hasText(text)).fetchSemanticsNodes(atLeastOneRootRequired = false)

    /** Taps the button with this label, as soon as it is there. */
    fun taps(label: String) {
        val button = hasText(label) and hasClickAction()
        untilThereToTap("the button \"$label\"", button)
        tap(screen.onAllNodes(button)[0], button)
    }

    /** Taps a choice by its tag. */
    fun chooses(tag: String) {
        untilThereToTap("the choice $tag", hasTestTag(tag))
        tap(screen.onNode(hasTestTag(tag)), hasTestTag(tag))
    }

    /** Taps a button inside of what is tagged [tag]. */
    fun tapsIn(
        tag: String,
        label: String,
    ) {
        val button = hasText(label) and hasClickAction() and hasAnyAncestor(hasTestTag(tag))
        untilThereToTap("\"$label\" in $tag", button)
        tap(screen.onNode(button), button)
    }

    /** What is tapped while another thing is under way does nothing, so a guest waits; not at a question, which is a part of it. */
    private fun untilThereToTap(
        what: String,
        button: SemanticsMatcher,
    ) = until(what) {
        (!isBusy || app.presenter.open.value != null) && screen.onAllNodes(button).fetchSemanticsNodes(false).isNotEmpty()
    }

    fun goesBack() {
        screen.waitForIdle()
        window.get().onBackPressedDispatcher.onBackPressed()
        screen.waitForIdle()
    }

    fun fillsIn(
        label: String,
        text: String,
    ) {
        sees(label)
        screen.onNode(hasText(label)).performScrollTo().performTextReplacement(text)
    }

    private fun tap(
        node: SemanticsNodeInteraction,
        itself: SemanticsMatcher,
    ) {
        val scrolls = screen.onAllNodes(itself and hasAnyAncestor(hasScrollAction())).fetchSemanticsNodes(false).isNotEmpty()
        if (scrolls) node.performScrollTo()
        node.performClick()
    }

    /** From the first visit to the editor of a review, as the journey has it: signed in, gated, with all details. */
    fun signsInToWriteAReview() {
        taps("Look at hotels")
        sees("Help us improve the portal")
        taps("Agree")
        taps("Hotel Aurora")
        taps("Write a review")
        sees("Your review is public")
        taps("Continue")
        taps("Sign in with a password")
        taps("Turn on")
        fillsIn("Display name", "Alice")
        taps("Yes")
        taps("Continue")
        chooses("agree:profile.store")
        chooses("refuse:crm.link")
        taps("Save my choice")
        sees("Publish")
    }

    /** Lives until [condition] holds; [what] is told where it never does. */
    fun until(
        what: String,
        condition: () -> Boolean,
    ) {
        val end = System.nanoTime() + PATIENCE
        while (true) {
            live()
            screen.waitForIdle()
            if (condition()) return
            if (System.nanoTime() > end) throw AssertionError("waited for $what; on the screen: ${texts()}")
            Thread.onSpinWait()
        }
    }

    private fun texts() =
        screen.onAllNodes(hasText("", substring = true)).fetchSemanticsNodes(false).flatMap { node ->
            node.config.firstOrNull { it.key.name == "Text" }?.let { listOf(it.value.toString()) }.orEmpty()
        }

    private fun live() {
        shadowOf(Looper.getMainLooper()).idle()
        if (ShadowBiometricPrompt.getCurrentPrompt() != null) runCatching { finger() }
        val next = shadowOf(app).nextStartedActivity ?: return
        when (next.component?.className) {
            BrowserActivity::class.java.name -> browse(next)

            MainActivity::class.java.name -> Unit

            // the way back from the browser
            else -> otherApps += next
        }
    }

    private fun browse(intent: Intent) {
        val url = intent.getStringExtra("com.pforte.android.url") ?: return
        pages += url
        if (!comesBack) return
        val browser = Robolectric.buildActivity(BrowserActivity::class.java, intent).setup()
        shadowOf(app).nextStartedActivity // the tab
        Robolectric.buildActivity(RedirectActivity::class.java, Intent(Intent.ACTION_VIEW, Uri.parse(redirectOf(url)))).setup()
        browser.newIntent(shadowOf(app).nextStartedActivity)
        browser.pause().stop().destroy()
    }

    /** Where the provider sends the browser in the end. */
    fun redirectOf(url: String): String =
        runBlocking { RedirectingBrowser(PortLog(), RedirectingBrowser.Habit.FOLLOWS).browse(url, "com.example.portal:/callback") }

    private companion object {
        const val PATIENCE = 30_000_000_000
    }
}

/** The finger that is enrolled. Before the app is told, the FAKE Keystore lets the key work once. */
fun rightFinger() {
    FakeAndroidKeyStore.authenticate()
    ShadowBiometricPrompt.authenticateCurrentSessionSuccessfully()
}
