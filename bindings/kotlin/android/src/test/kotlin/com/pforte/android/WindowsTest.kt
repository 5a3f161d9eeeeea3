package com.pforte.android

import android.app.Activity
import android.content.ComponentName
import android.content.DialogInterface
import android.content.Intent
import android.content.IntentFilter
import android.content.pm.ResolveInfo
import android.content.pm.ServiceInfo
import android.hardware.biometrics.BiometricPrompt
import android.net.Uri
import android.os.Looper
import android.provider.Settings
import com.pforte.android.testing.FakeAndroidKeyStore
import com.pforte.ffi.BackgroundException
import com.pforte.ffi.GateException
import com.pforte.ffi.GateKind
import com.pforte.ffi.Prompt
import com.pforte.ffi.UserAgentException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowBiometricPrompt
import javax.crypto.Cipher
import javax.crypto.spec.SecretKeySpec

/** The redirect of the tests' app. */
const val REDIRECT = "com.example.portal:/callback"

/** The windows: what is in front, the browser and its way back, the system's prompt, clocks and background time. */
@RunWith(RobolectricTestRunner::class)
class WindowsTest {
    private val context get() = RuntimeEnvironment.getApplication()
    private val told = mutableListOf<Boolean>()
    private val listener: (Boolean) -> Unit = { told += it }

    @Before
    fun watched() {
        FakeAndroidKeyStore.install()
        Front.watch(context)
        Front.tell(listener)
    }

    private fun idle() = shadowOf(Looper.getMainLooper()).idle()

    /** Runs off the main thread, and lets the main thread work until it is through. */
    private fun <T> beside(work: suspend () -> T): Deferred<T> = CoroutineScope(Dispatchers.Default).async { work() }

    @OptIn(ExperimentalCoroutinesApi::class)
    private fun <T> Deferred<T>.ended(): Result<T> {
        until { isCompleted }
        return runCatching { getCompleted() }
    }

    @Test
    fun `the app leaves the front with its last window, and not by being inactive`() {
        val one = Robolectric.buildActivity(Activity::class.java).setup()
        assertEquals(listOf(true), told)
        one.pause()
        assertTrue(Front.isInFront)
        val two = Robolectric.buildActivity(Activity::class.java).setup()
        one.stop()
        assertEquals(listOf(true), told)
        two.pause().stop()
        assertEquals(listOf(true, false), told)
        assertFalse(Front.isInFront)
        two.restart().resume()
        assertEquals(listOf(true, false, true), told)
    }

    @Test
    fun `turning the phone is not leaving`() {
        val window = Robolectric.buildActivity(Activity::class.java).setup()
        window.recreate()
        assertTrue(Front.isInFront)
        assertEquals(listOf(true), told)
        window.pause().stop()
        assertEquals(listOf(true, false), told)
    }

    @Test
    fun `no window is held`() {
        val field = Front::class.java.getDeclaredField("started").apply { isAccessible = true }
        Robolectric.buildActivity(Activity::class.java).setup()
        val kept = field.get(Front) as List<*>
        assertTrue(kept.isNotEmpty() && kept.all { it is java.lang.ref.WeakReference<*> })
    }

    @Test
    fun `the page opens in a Custom Tab of the person's own browser`() {
        browsers("org.example.other", "org.example.browser")
        val window = Robolectric.buildActivity(Activity::class.java).setup().get()
        val call = beside { CustomTabs(context).browse("https://id.example/authorize?x=1", REDIRECT) }
        until { shadowOf(window).peekNextStartedActivity() != null }
        val first = shadowOf(window).nextStartedActivity
        assertEquals(BrowserActivity::class.java.name, first.component!!.className)
        val browser = Robolectric.buildActivity(BrowserActivity::class.java, first).setup()
        val tab = shadowOf(browser.get()).nextStartedActivity
        assertEquals("https://id.example/authorize?x=1", tab.dataString)
        assertEquals("org.example.browser", tab.`package`)
        assertTrue(tab.hasExtra("android.support.customtabs.extra.SESSION"))
        // The redirect comes back.
        val redirect = Intent(Intent.ACTION_VIEW, Uri.parse("$REDIRECT?code=c&state=s"))
        val receiving = Robolectric.buildActivity(RedirectActivity::class.java, redirect).setup().get()
        assertTrue(receiving.isFinishing)
        val back = shadowOf(receiving).nextStartedActivity
        assertEquals(BrowserActivity::class.java.name, back.component!!.className)
        assertTrue(back.flags and Intent.FLAG_ACTIVITY_CLEAR_TOP != 0)
        assertEquals("$REDIRECT?code=c&state=s", call.ended().getOrThrow())
        browser.newIntent(back)
        assertTrue(browser.get().isFinishing)
    }

    @Test
    fun `a closed browser ends the call, a turned phone does not open a second`() {
        browsers("org.example.browser", "org.example.browser")
        val window = Robolectric.buildActivity(Activity::class.java).setup().get()
        val call = beside { CustomTabs(context).browse("https://id.example/authorize", REDIRECT) }
        until { shadowOf(window).peekNextStartedActivity() != null }
        val browser = Robolectric.buildActivity(BrowserActivity::class.java, shadowOf(window).nextStartedActivity).setup()
        assertNotNull(shadowOf(browser.get()).nextStartedActivity)
        assertFalse(call.isCompleted)
        browser.pause().stop()
        browser.restart().resume()
        assertTrue(call.ended().exceptionOrNull() is UserAgentException.Closed)
        assertTrue(browser.get().isFinishing)
        assertNull("no second tab", shadowOf(browser.get()).nextStartedActivity)
    }

    @Test
    fun `without a window in front there is no browser`() {
        val call = beside { CustomTabs(context).browse("https://id.example/authorize", REDIRECT) }
        assertTrue(call.ended().exceptionOrNull() is UserAgentException.NoBrowser)
    }

    @Test
    fun `a redirect that nothing takes is named before the browser opens`() {
        val call = beside { CustomTabs(context).browse("https://id.example/authorize", "com.example.other:/callback") }
        val error = call.ended().exceptionOrNull() as UserAgentException.RedirectNotRegistered
        assertTrue(error.reason, "manifestPlaceholders[\"pforteRedirectScheme\"] = \"com.example.other\"" in error.reason)
    }

    /** Browsers with Custom Tabs, of which [own] is the person's. */
    private fun browsers(
        vararg all: String,
        own: String = all.last(),
    ) {
        val packages = shadowOf(context.packageManager)
        packages.addActivityIfNotPresent(ComponentName(own, "$own.Main"))
        val web =
            IntentFilter(Intent.ACTION_VIEW).apply {
                addCategory(Intent.CATEGORY_BROWSABLE)
                addCategory(Intent.CATEGORY_DEFAULT)
                addDataScheme("https")
            }
        packages.addIntentFilterForActivity(ComponentName(own, "$own.Main"), web)
        all.distinct().forEach { name ->
            val service =
                ResolveInfo().apply {
                    serviceInfo =
                        ServiceInfo().apply {
                            packageName = name
                            this.name = "$name.Tabs"
                        }
                }
            packages.addResolveInfoForIntent(Intent(CustomTabs.SERVICE), service)
        }
    }

    @Test
    fun `the system's prompt succeeds, and its errors arrive as what they mean`() {
        val cipher = Cipher.getInstance("AES/GCM/NoPadding").apply { init(Cipher.ENCRYPT_MODE, SecretKeySpec(ByteArray(32), "AES")) }
        val gate = FrameworkBiometricGate(context)
        val asked = { kind: GateKind ->
            beside { gate.authenticate(cipher, kind, Prompt("Unlock", "Your session", "Cancel")) }
        }
        GateKind.entries.forEach { kind ->
            val call = asked(kind)
            prompted { ShadowBiometricPrompt.authenticateCurrentSessionSuccessfully() }
            assertTrue(call.ended().getOrThrow() === cipher)
        }
        val locked = asked(GateKind.BIOMETRIC)
        prompted { ShadowBiometricPrompt.authenticateCurrentSessionWithError(BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT, "too often") }
        assertTrue(locked.ended().exceptionOrNull() is GateException.LockedOut)
        val cancelled = asked(GateKind.BIOMETRIC)
        prompted { pressNegativeButton(checkNotNull(ShadowBiometricPrompt.getCurrentPrompt())) }
        assertTrue(cancelled.ended().exceptionOrNull() is GateException.Cancelled)
        val dismissed = asked(GateKind.BIOMETRIC)
        until(gate::dismiss) { dismissed.isCompleted }
        assertTrue(dismissed.ended().exceptionOrNull() is GateException.Cancelled)
    }

    @Test
    fun `a prompt that is dismissed before it is on the screen ends its call`() {
        lateinit var gate: FrameworkBiometricGate
        val hasty =
            object : android.content.ContextWrapper(context) {
                override fun getMainExecutor() = super.getMainExecutor().also { gate.dismiss() }
            }
        gate = FrameworkBiometricGate(hasty)
        val cipher = Cipher.getInstance("AES/GCM/NoPadding").apply { init(Cipher.ENCRYPT_MODE, SecretKeySpec(ByteArray(32), "AES")) }
        val call = beside { gate.authenticate(cipher, GateKind.BIOMETRIC, Prompt("Unlock", "Your session", "Cancel")) }
        assertTrue(call.ended().exceptionOrNull() is GateException.Cancelled)
    }

    /** What the framework does for that button, and all it does: it calls the listener. */
    private fun pressNegativeButton(prompt: BiometricPrompt) {
        val info = BiometricPrompt::class.java.getDeclaredField("mNegativeButtonInfo").apply { isAccessible = true }.get(prompt)
        val listener = info.javaClass.getDeclaredField("listener").apply { isAccessible = true }.get(info)
        (listener as DialogInterface.OnClickListener).onClick(null, DialogInterface.BUTTON_NEGATIVE)
    }

    /** Does it as soon as the prompt is on the screen. */
    private fun prompted(does: () -> Unit) = until { runCatching(does).isSuccess }

    @Test
    fun `clocks count sleep and name the boot`() {
        Settings.Global.putInt(context.contentResolver, Settings.Global.BOOT_COUNT, 7)
        val clock = AndroidClock(context)
        assertEquals("boot-7", clock.bootId())
        assertEquals(android.os.SystemClock.elapsedRealtime().toULong(), clock.elapsedMs())
        assertTrue(clock.wallMs() > 0)
    }

    @Test
    fun `a grant is a service that runs until the last one is given back`() {
        val time = AndroidBackgroundTime(context)
        val one = time.begin("refresh")
        val two = time.begin("refresh")
        assertEquals(FinishingService::class.java.name, shadowOf(context).nextStartedService.component!!.className)
        time.finish(one)
        time.finish(one)
        assertNull(shadowOf(context).nextStoppedService)
        time.finish(two)
        assertNotNull(shadowOf(context).nextStoppedService)
    }

    @Test
    fun `where the system gives no time none is granted`() {
        val refusing =
            object : android.content.ContextWrapper(context) {
                override fun startService(service: Intent?): ComponentName? = error("not allowed to start service")
            }
        assertTrue(runCatching { AndroidBackgroundTime(refusing).begin("refresh") }.exceptionOrNull() is BackgroundException.NotGranted)
    }
}
