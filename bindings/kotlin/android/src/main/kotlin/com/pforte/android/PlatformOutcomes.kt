package com.pforte.android

import android.app.KeyguardManager
import android.os.Build
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import com.pforte.ffi.DeviceKeyException
import com.pforte.ffi.GateException
import com.pforte.ffi.GateReadiness
import com.pforte.ffi.StoreException

/**
 * The one table from what Android says to what it means.
 *
 * Numbers and not names, because a phone may say a number that is younger than the SDK this was compiled with. A test walks
 * Android's constants by reflection: one that is not here fails it. What is in no row is [Meaning.FAILED], and never a loss.
 */
internal object PlatformOutcomes {
    /** What the errors of all ports have in common. */
    enum class Meaning {
        CANCELLED,
        NOT_RECOGNISED,
        LOCKED_OUT,
        NOT_ENROLLED,
        NO_HARDWARE,
        NOT_NOW,
        KEY_LOST,
        FAILED,
    }

    /** `BiometricPrompt.BIOMETRIC_ERROR_*` and `BIOMETRIC_ACQUIRED_*`'s neighbours that end a prompt. */
    val promptErrors: Map<Int, Meaning> =
        mapOf(
            1 to Meaning.NOT_NOW, // HW_UNAVAILABLE
            2 to Meaning.NOT_RECOGNISED, // UNABLE_TO_PROCESS
            3 to Meaning.CANCELLED, // TIMEOUT: nobody laid a finger on it
            4 to Meaning.FAILED, // NO_SPACE
            5 to Meaning.NOT_NOW, // CANCELED: by the system; our own dismissal is told apart before
            6 to Meaning.FAILED, // UNABLE_TO_REMOVE
            7 to Meaning.LOCKED_OUT, // LOCKOUT
            8 to Meaning.FAILED, // VENDOR
            9 to Meaning.LOCKED_OUT, // LOCKOUT_PERMANENT
            10 to Meaning.CANCELLED, // USER_CANCELED
            11 to Meaning.NOT_ENROLLED, // NO_BIOMETRICS
            12 to Meaning.NO_HARDWARE, // HW_NOT_PRESENT
            13 to Meaning.CANCELLED, // NEGATIVE_BUTTON
            14 to Meaning.NOT_ENROLLED, // NO_DEVICE_CREDENTIAL
            15 to Meaning.NOT_NOW, // SECURITY_UPDATE_REQUIRED
            16 to Meaning.NOT_ENROLLED, // RE_ENROLL
            17 to Meaning.FAILED, // UNABLE_TO_REMOVE, of face
            18 to Meaning.NOT_NOW, // SENSOR_PRIVACY_ENABLED: the camera is switched off
            19 to Meaning.CANCELLED, // POWER_PRESSED
            20 to Meaning.NOT_NOW, // IDENTITY_CHECK_NOT_ACTIVE
            21 to Meaning.NOT_NOW, // NOT_ENABLED_FOR_APPS
            22 to Meaning.CANCELLED, // CONTENT_VIEW_MORE_OPTIONS_BUTTON
            1000 to Meaning.FAILED, // VENDOR_BASE
        )

    /** The results of `BiometricManager.canAuthenticate`. */
    val readiness: Map<Int, GateReadiness> =
        mapOf(
            0 to GateReadiness.READY, // SUCCESS
            1 to GateReadiness.NOT_NOW, // HW_UNAVAILABLE
            7 to GateReadiness.NOT_NOW, // LOCKOUT
            11 to GateReadiness.NOT_ENROLLED, // NONE_ENROLLED
            12 to GateReadiness.NO_HARDWARE, // NO_HARDWARE
            15 to GateReadiness.NOT_NOW, // SECURITY_UPDATE_REQUIRED
            20 to GateReadiness.NOT_NOW, // IDENTITY_CHECK_NOT_ACTIVE
            21 to GateReadiness.NOT_NOW, // NOT_ENABLED_FOR_APPS
        )

    /** `android.security.KeyStoreException.ERROR_*` (Android 13 and later). */
    val keystoreErrors: Map<Int, Meaning> =
        mapOf(
            1 to Meaning.FAILED, // OTHER
            2 to Meaning.NOT_NOW, // USER_AUTHENTICATION_REQUIRED
            3 to Meaning.NOT_NOW, // KEYSTORE_UNINITIALIZED: before the first unlock
            4 to Meaning.NOT_NOW, // INTERNAL_SYSTEM_ERROR
            5 to Meaning.FAILED, // PERMISSION_DENIED
            6 to Meaning.KEY_LOST, // KEY_DOES_NOT_EXIST
            7 to Meaning.KEY_LOST, // KEY_CORRUPTED
            8 to Meaning.FAILED, // ID_ATTESTATION_FAILURE
            9 to Meaning.FAILED, // ATTESTATION_CHALLENGE_TOO_LARGE
            10 to Meaning.FAILED, // KEYMINT_FAILURE
            11 to Meaning.FAILED, // KEYSTORE_FAILURE
            12 to Meaning.FAILED, // UNIMPLEMENTED
            13 to Meaning.FAILED, // INCORRECT_USAGE
            14 to Meaning.NOT_NOW, // KEY_NOT_TEMPORALLY_VALID
            15 to Meaning.FAILED, // KEY_OPERATION_EXPIRED
            16 to Meaning.NOT_NOW, // ATTESTATION_KEYS_UNAVAILABLE
            17 to Meaning.FAILED, // DEVICE_REQUIRES_UPGRADE_FOR_ATTESTATION
        )

    /** What a prompt's error code means. */
    fun ofPrompt(code: Int): Meaning = promptErrors[code] ?: Meaning.FAILED

    /** What `canAuthenticate` means; a number that nobody knows yet means: not now. */
    fun ofCanAuthenticate(result: Int): GateReadiness = readiness[result] ?: GateReadiness.NOT_NOW

    /** Whether PIN, pattern or password can be asked for. */
    fun ofKeyguard(keyguard: KeyguardManager?): Boolean = keyguard?.isDeviceSecure == true

    /** What an exception of the Keystore means, wherever in its chain of causes the reason stands. */
    fun ofException(thrown: Throwable): Meaning {
        val chain = generateSequence(thrown) { it.cause }.take(MOST_CAUSES).toList()
        return chain.firstNotNullOfOrNull(::ofOne) ?: Meaning.FAILED
    }

    private fun ofOne(thrown: Throwable): Meaning? =
        when {
            thrown is KeyPermanentlyInvalidatedException -> Meaning.KEY_LOST
            thrown is UserNotAuthenticatedException -> Meaning.NOT_NOW
            thrown is StrongBoxUnavailableException -> Meaning.FAILED
            Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && thrown is android.security.KeyStoreException -> ofKeystore(thrown)
            else -> null
        }

    @Suppress("NewApi") // asked for above
    private fun ofKeystore(thrown: android.security.KeyStoreException): Meaning? {
        val meaning = keystoreErrors[thrown.numericErrorCode]
        return if (meaning == Meaning.FAILED && thrown.isTransientFailure) Meaning.NOT_NOW else meaning
    }

    private const val MOST_CAUSES = 8
}

/** This meaning as a gate's error; [reason] names the platform's word for it, never a secret. */
internal fun PlatformOutcomes.Meaning.toGate(reason: String): GateException =
    when (this) {
        PlatformOutcomes.Meaning.CANCELLED -> GateException.Cancelled()
        PlatformOutcomes.Meaning.NOT_RECOGNISED -> GateException.NotRecognised()
        PlatformOutcomes.Meaning.LOCKED_OUT -> GateException.LockedOut()
        PlatformOutcomes.Meaning.NOT_ENROLLED -> GateException.NotEnrolled()
        PlatformOutcomes.Meaning.NO_HARDWARE -> GateException.NoHardware()
        PlatformOutcomes.Meaning.NOT_NOW -> GateException.NotNow(reason)
        PlatformOutcomes.Meaning.KEY_LOST -> GateException.KeyLost()
        PlatformOutcomes.Meaning.FAILED -> GateException.Failed(reason)
    }

internal fun Throwable.toGate(): GateException = this as? GateException ?: PlatformOutcomes.ofException(this).toGate(named())

internal fun Throwable.toDeviceKey(): DeviceKeyException =
    this as? DeviceKeyException ?: when (PlatformOutcomes.ofException(this)) {
        PlatformOutcomes.Meaning.KEY_LOST -> DeviceKeyException.KeyLost()
        PlatformOutcomes.Meaning.NOT_NOW -> DeviceKeyException.NotNow(named())
        else -> DeviceKeyException.Failed(named())
    }

internal fun Throwable.toStore(): StoreException =
    this as? StoreException ?: when (PlatformOutcomes.ofException(this)) {
        PlatformOutcomes.Meaning.KEY_LOST -> StoreException.Lost()
        PlatformOutcomes.Meaning.NOT_NOW -> StoreException.NotNow(named())
        else -> StoreException.Failed(named())
    }

/** The exception's class and its cause's: enough to find the place; messages of the platform may name a person's account. */
private fun Throwable.named(): String = listOfNotNull(javaClass.simpleName, cause?.javaClass?.simpleName).joinToString(" by ")
