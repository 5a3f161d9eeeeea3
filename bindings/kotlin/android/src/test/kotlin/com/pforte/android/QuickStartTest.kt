package com.pforte.android

import PortalApp
import android.app.Activity
import com.pforte.DevelopmentProvider
import com.pforte.Pforte
import com.pforte.PforteException
import com.pforte.Policy
import com.pforte.Provider
import com.pforte.Status
import com.pforte.android.testing.FakeAndroidKeyStore
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import kotlin.time.Duration.Companion.seconds

/** The quick start as its readers run it, except that the provider is the development one. */
class QuickStartApp : PortalApp() {
    override val provider get() = Provider.development(issuer, "portal-app").copy(name = "oidc")

    companion object {
        lateinit var issuer: String
    }
}

/** The quick start of the README: compiled, and a whole sign-in run through its ready-made screens. */
@RunWith(RobolectricTestRunner::class)
@Config(application = QuickStartApp::class)
class QuickStartTest {
    private val app get() = RuntimeEnvironment.getApplication() as QuickStartApp

    @Before
    fun fresh() {
        FakeAndroidKeyStore.install()
        // As the system does before the first window.
        Robolectric.setupContentProvider(PforteStart::class.java)
    }

    private val agreeing = listOf("agree-all", "continue", "route:page", "proceed", "not-now")

    private fun <T> asked(work: suspend () -> T) = CoroutineScope(Dispatchers.Default).async { work() }

    @Test
    fun `the quick start signs in through the ready-made screens`() =
        DevelopmentProvider().use { provider ->
            QuickStartApp.issuer = provider.issuer
            Robolectric.buildActivity(Activity::class.java).setup()
            val person = Person(app) { buttons -> agreeing.first { it in buttons } }
            val said = person.until(asked { app.mayWriteReview() })
            assertEquals(person.pressed.toString(), "go ahead", said)
            assertTrue(person.pressed.toString(), person.pressed.containsAll(listOf("route:page", "continue", "agree-all")))
            assertEquals(1, person.pages.size)
            assertTrue(provider.requestLog(), "token" in provider.requestLog())
            val status = runBlocking { withTimeout(5.seconds) { app.pforte.await().status.first { it is Status.Unlocked } } }
            assertTrue(status is Status.Unlocked)
        }

    @Test
    @Config(sdk = [29])
    fun `below API 30 the quick start signs in without a gate, and says so`() =
        DevelopmentProvider().use { provider ->
            QuickStartApp.issuer = provider.issuer
            Robolectric.buildActivity(Activity::class.java).setup()
            val person = Person(app) { buttons -> agreeing.first { it in buttons } }
            assertEquals("go ahead", person.until(asked { app.mayWriteReview() }))
            assertEquals(0, person.fingers)
            assertEquals(emptyList<String>(), FakeAndroidKeyStore.specs.filterValues { it.isUserAuthenticationRequired }.keys.toList())
            assertTrue(runBlocking { app.pforte.await().status.first() } is Status.Unlocked)
        }

    @Test
    fun `closing an ask gives up, and a second time asks the same again`() =
        DevelopmentProvider().use { provider ->
            QuickStartApp.issuer = provider.issuer
            Robolectric.buildActivity(Activity::class.java).setup()
            var closed = ""
            val person = Person(app) { buttons -> listOf("close", "not-now", "refuse-all").first { it in buttons }.also { closed = it } }
            val said = person.until(asked { app.mayWriteReview() })
            assertTrue("$said after $closed", said.startsWith("given up at "))
            assertEquals(said, person.until(asked { app.mayWriteReview() }))
        }

    @Test
    fun `opening names the manifest line that is missing`() {
        val error =
            assertThrows(PforteException.FixConfiguration::class.java) {
                runBlocking {
                    Pforte.open(app, Policy.fromAssets("policy"), Provider.oidc("https://id.example", "c"), "com.example.other:/callback")
                }
            }
        assertTrue(error.hint, "manifestPlaceholders[\"pforteRedirectScheme\"] = \"com.example.other\"" in error.hint)
        val link =
            assertThrows(PforteException.FixConfiguration::class.java) {
                val appLink = "https://portal.example/callback"
                runBlocking { Pforte.open(app, Policy.fromAssets("policy"), Provider.oidc("https://id.example", "c"), appLink) }
            }
        assertTrue(link.hint, "android:autoVerify=\"true\"" in link.hint && "android:host=\"portal.example\"" in link.hint)
        shadowOf(app.packageManager).removeActivity(android.content.ComponentName(app, AskActivity::class.java))
        val gone =
            assertThrows(PforteException.FixConfiguration::class.java) {
                runBlocking { Pforte.open(app, Policy.fromAssets("policy"), Provider.oidc("https://id.example", "c"), REDIRECT) }
            }
        assertTrue(gone.hint, "<activity android:name=\"com.pforte.android.AskActivity\">" in gone.hint)
    }

    @Test
    fun `opening names the policy file that is missing`() {
        val error =
            assertThrows(PforteException.FixConfiguration::class.java) {
                runBlocking { Pforte.open(app, Policy.fromAssets("nothing"), Provider.oidc("https://id.example", "c"), REDIRECT) }
            }
        assertTrue(error.hint, error.hint.startsWith("assets/nothing/texts/LOCALE.toml is missing"))
    }
}
