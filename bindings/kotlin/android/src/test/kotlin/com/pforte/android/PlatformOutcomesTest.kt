package com.pforte.android

import android.app.KeyguardManager
import android.hardware.biometrics.BiometricManager
import android.hardware.biometrics.BiometricPrompt
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import com.pforte.android.PlatformOutcomes.Meaning
import com.pforte.ffi.DeviceKeyException
import com.pforte.ffi.GateException
import com.pforte.ffi.GateReadiness
import com.pforte.ffi.StoreException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import java.lang.reflect.Modifier
import java.security.ProviderException

/** The table: every constant of the platform is in it, and what is in no row is never a loss. */
@RunWith(RobolectricTestRunner::class)
class PlatformOutcomesTest {
    /** The numbers behind a class's constants that begin with [prefix], hidden ones included. */
    private fun constants(
        of: Class<*>,
        prefix: String,
    ): Map<String, Int> =
        (of.declaredFields + of.interfaces.flatMap { it.declaredFields.toList() })
            .filter { Modifier.isStatic(it.modifiers) && it.type == Int::class.javaPrimitiveType && it.name.startsWith(prefix) }
            .associate {
                it.isAccessible = true
                it.name to it.getInt(null)
            }

    @Test
    fun `every error of the prompt has its row`() {
        val known = constants(BiometricPrompt::class.java, "BIOMETRIC_ERROR_")
        assertTrue(known.toString(), known.size >= 14)
        val missing = known.filterValues { it !in PlatformOutcomes.promptErrors }
        assertEquals(emptyMap<String, Int>(), missing)
    }

    @Test
    fun `every result of canAuthenticate has its row`() {
        val known = constants(BiometricManager::class.java, "BIOMETRIC_")
        assertTrue(known.toString(), known.size >= 5)
        val missing = known.filterValues { it !in PlatformOutcomes.readiness }
        assertEquals(emptyMap<String, Int>(), missing)
    }

    @Test
    @Config(sdk = [34]) // such errors are there from API 33 on
    fun `every error of the Keystore has its row`() {
        val known = constants(android.security.KeyStoreException::class.java, "ERROR_")
        assertTrue(known.toString(), known.size >= 14)
        val missing = known.filterValues { it !in PlatformOutcomes.keystoreErrors }
        assertEquals(emptyMap<String, Int>(), missing)
        // By name and not by number: only these two say that a key can't come back.
        val lost = known.filterValues { PlatformOutcomes.keystoreErrors[it] == Meaning.KEY_LOST }.keys
        assertEquals(setOf("ERROR_KEY_DOES_NOT_EXIST", "ERROR_KEY_CORRUPTED"), lost)
    }

    @Test
    fun `what a prompt says arrives as what it means`() {
        val means = { code: Int -> PlatformOutcomes.ofPrompt(code) }
        assertEquals(Meaning.LOCKED_OUT, means(BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT))
        assertEquals(Meaning.LOCKED_OUT, means(BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT_PERMANENT))
        assertEquals(Meaning.CANCELLED, means(BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED))
        assertEquals(Meaning.NOT_NOW, means(BiometricPrompt.BIOMETRIC_ERROR_CANCELED))
        assertEquals(Meaning.NOT_NOW, means(BiometricPrompt.BIOMETRIC_ERROR_HW_UNAVAILABLE))
        assertEquals(Meaning.NO_HARDWARE, means(BiometricPrompt.BIOMETRIC_ERROR_HW_NOT_PRESENT))
        assertEquals(Meaning.NOT_ENROLLED, means(BiometricPrompt.BIOMETRIC_ERROR_NO_BIOMETRICS))
        assertEquals(Meaning.FAILED, means(4711))
        assertEquals(GateReadiness.NOT_NOW, PlatformOutcomes.ofCanAuthenticate(4711))
        assertEquals(GateReadiness.READY, PlatformOutcomes.ofCanAuthenticate(BiometricManager.BIOMETRIC_SUCCESS))
    }

    @Test
    fun `no outcome of a prompt is a lost key`() {
        assertFalse(PlatformOutcomes.promptErrors.containsValue(Meaning.KEY_LOST))
        assertEquals(Meaning.FAILED, PlatformOutcomes.ofException(ProviderException("anything")))
    }

    @Test
    fun `an exception is judged by the cause that says why`() {
        val invalidated = ProviderException("outer", KeyPermanentlyInvalidatedException("inner"))
        assertTrue(invalidated.toGate() is GateException.KeyLost)
        assertTrue(invalidated.toDeviceKey() is DeviceKeyException.KeyLost)
        assertTrue(invalidated.toStore() is StoreException.Lost)
        assertTrue(UserNotAuthenticatedException().toGate() is GateException.NotNow)
        assertTrue(StrongBoxUnavailableException().toDeviceKey() is DeviceKeyException.Failed)
        val failed = IllegalStateException("a person's account", RuntimeException("more")).toGate() as GateException.Failed
        assertEquals("IllegalStateException by RuntimeException", failed.reason)
    }

    @Test
    fun `the keyguard decides about the device's credential`() {
        val keyguard = RuntimeEnvironment.getApplication().getSystemService(KeyguardManager::class.java)
        assertFalse(PlatformOutcomes.ofKeyguard(keyguard))
        shadowOf(keyguard).setIsDeviceSecure(true)
        assertTrue(PlatformOutcomes.ofKeyguard(keyguard))
        assertFalse(PlatformOutcomes.ofKeyguard(null))
    }
}
