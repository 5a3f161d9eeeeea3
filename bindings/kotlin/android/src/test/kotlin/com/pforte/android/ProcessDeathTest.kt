package com.pforte.android

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import com.pforte.DevelopmentProvider
import com.pforte.Entry
import com.pforte.Pforte
import com.pforte.Policy
import com.pforte.Provider
import com.pforte.android.testing.FakeAndroidKeyStore
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/** The process ends while the browser is in front: the redirect starts a new one. */
@RunWith(RobolectricTestRunner::class)
class ProcessDeathTest {
    private val app get() = RuntimeEnvironment.getApplication()

    @Before
    fun fresh() {
        FakeAndroidKeyStore.install()
        // As the system does before the first window.
        Robolectric.setupContentProvider(PforteStart::class.java)
    }

    private fun <T> asked(work: suspend () -> T) = CoroutineScope(Dispatchers.Default).async { work() }

    private suspend fun opened(provider: DevelopmentProvider) =
        Pforte.open(app, Policy.fromAssets("policy"), Provider.development(provider.issuer, "portal-app").copy(name = "oidc"), REDIRECT)

    /** What a new process knows of redirects: nothing. */
    private fun forgetAll() {
        for (name in listOf("waiting", "kept")) {
            Redirects::class.java.getDeclaredField(name).apply { isAccessible = true }.set(Redirects, null)
        }
        val clients = Redirects::class.java.getDeclaredField("clients").apply { isAccessible = true }.get(Redirects)
        (clients as MutableList<*>).clear()
    }

    @Test
    fun `a redirect that starts the process goes to the client that is opened then`() = goesOnAfter(::forgetAll)

    @Test
    fun `a redirect after the app closed its client goes to the client that is opened then`() = goesOnAfter {}

    private fun goesOnAfter(end: () -> Unit) =
        DevelopmentProvider().use { provider ->
            Robolectric.buildActivity(Activity::class.java).setup()
            var page: Intent? = null
            val agreeing = listOf("agree-all", "continue", "route:page", "proceed", "not-now")
            val person = Person(app, goesTo = { page = it }) { buttons -> agreeing.first { it in buttons } }
            val saved = Bundle()
            val before = runBlocking { opened(provider) }
            val entering = asked { before.enter("review.write") }
            until(person::live) { page != null }
            val url = checkNotNull(page?.getStringExtra(BrowserActivity.URL))
            val browser = Robolectric.buildActivity(BrowserActivity::class.java, page).setup()
            assertEquals(url, shadowOf(app).nextStartedActivity.dataString)
            browser.pause().stop().saveInstanceState(saved)
            entering.cancel()
            before.close()
            end()

            redirectFrom(url)
            // The window below the browser is made anew from what was saved, and opens no second page.
            val again = Robolectric.buildActivity(BrowserActivity::class.java, shadowOf(app).nextStartedActivity).setup(saved)
            assertTrue(again.get().isFinishing)
            assertNull(shadowOf(app).nextStartedActivity)
            runBlocking { opened(provider) }.use { after ->
                val resumed = person.until(asked { after.resumed.first() })
                assertEquals("review.write", resumed.touchpoint)
                assertTrue(resumed.toString(), resumed.entry is Entry.Cleared)
                assertEquals(1, Regex("token").findAll(provider.requestLog()).count())
            }
        }
}
