package com.pforte.android

import android.app.Activity
import android.content.Context
import com.pforte.Pforte
import com.pforte.PforteException
import com.pforte.Policy
import com.pforte.Provider
import com.pforte.android.testing.FakeAndroidKeyStore
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.lang.reflect.Modifier

/** The certificate verifier's context, on a machine that only says that it is Android: the JNI function itself is for a phone. */
@RunWith(RobolectricTestRunner::class)
class CertificateVerifierTest {
    private class SaysItIsAndroid(
        val fails: Boolean = false,
    ) : CertificateVerifier.Machine {
        val given = mutableListOf<Context>()

        override val isAndroid = true

        override fun initialise(context: Context) {
            given += context
            if (fails) throw UnsatisfiedLinkError("dlopen failed: library \"libpforte.so\" not found")
        }
    }

    private val real = CertificateVerifier.machine
    private val app get() = RuntimeEnvironment.getApplication()

    @Before
    fun fresh() = FakeAndroidKeyStore.install()

    @After
    fun asItWas() {
        CertificateVerifier.machine = real
    }

    private fun open(
        context: Context,
        redirectUri: String = REDIRECT,
    ) = runBlocking { Pforte.open(context, Policy.fromAssets("policy"), Provider.oidc("https://id.example", "c"), redirectUri) }

    @Test
    fun `opening gives the application's context first, and once`() {
        val machine = SaysItIsAndroid().also { CertificateVerifier.machine = it }
        val window = Robolectric.buildActivity(Activity::class.java).setup().get()
        // It comes before anything else that opening looks at.
        assertThrows(PforteException.FixConfiguration::class.java) { open(window, "com.example.other:/callback") }
        assertEquals(listOf<Context>(app), machine.given)
        open(window).close()
        assertEquals(listOf<Context>(app), machine.given)
    }

    @Test
    fun `a library that was not packed is named with its ABI, and looked for again`() {
        val machine = SaysItIsAndroid(fails = true).also { CertificateVerifier.machine = it }
        repeat(2) {
            val error = assertThrows(PforteException.FixConfiguration::class.java) { open(app) }
            assertTrue(error.hint, "libpforte.so" in error.hint && android.os.Build.SUPPORTED_ABIS[0] in error.hint)
        }
        assertEquals(2, machine.given.size)
    }

    @Test
    fun `a computer's JVM is not taken for Android`() {
        assertEquals(false, real.isAndroid)
        CertificateVerifier.machine = real
        CertificateVerifier.prepare(app)
    }

    @Test
    fun `the function has the name and the parameter that Rust exports`() {
        val function = CertificateVerifier::class.java.getDeclaredMethod("initialise", Context::class.java)
        assertTrue(Modifier.isNative(function.modifiers) && Modifier.isStatic(function.modifiers))
        assertEquals("com.pforte.android.CertificateVerifier", function.declaringClass.name)
    }
}
