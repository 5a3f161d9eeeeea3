package com.pforte.android

import android.annotation.TargetApi
import android.content.Context
import android.hardware.biometrics.BiometricManager.Authenticators
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import com.pforte.ffi.GateException
import com.pforte.ffi.GateKind
import com.pforte.ffi.Prompt
import kotlinx.coroutines.suspendCancellableCoroutine
import javax.crypto.Cipher
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/** Shows the prompt for one use of a key. What it returns is a cipher that the hardware lets work once, not a boolean. */
interface BiometricGate {
    /**
     * Asks for the finger, the face, or the device's credential, as [kind] says.
     *
     * @return the cipher to go on with.
     * @throws GateException if the person, or the platform, did not let it.
     */
    suspend fun authenticate(
        cipher: Cipher,
        kind: GateKind,
        prompt: Prompt,
    ): Cipher

    /** Takes a prompt off the screen; nothing happens where there is none. */
    fun dismiss()
}

/**
 * The framework's prompt (API 30 and later). It belongs to the system and not to a window of the app: rotation does not end it,
 * and no Activity is needed.
 */
class FrameworkBiometricGate(
    private val context: Context,
) : BiometricGate {
    @Volatile
    private var shown: CancellationSignal? = null

    @TargetApi(Build.VERSION_CODES.R)
    override suspend fun authenticate(
        cipher: Cipher,
        kind: GateKind,
        prompt: Prompt,
    ): Cipher {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) throw GateException.NoHardware()
        val signal = CancellationSignal()
        shown?.cancel()
        shown = signal
        return try {
            suspendCancellableCoroutine { waiting ->
                waiting.invokeOnCancellation { signal.cancel() }
                val outcome =
                    object : BiometricPrompt.AuthenticationCallback() {
                        override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult) {
                            // The same cipher; where it was not let through, the Keystore refuses it.
                            if (waiting.isActive) waiting.resume(result.cryptoObject?.cipher ?: cipher)
                        }

                        override fun onAuthenticationError(
                            code: Int,
                            message: CharSequence?,
                        ) {
                            if (!waiting.isActive) return
                            val said = PlatformOutcomes.ofPrompt(code).toGate("biometric error $code")
                            waiting.resumeWithException(if (signal.isCanceled) GateException.Cancelled() else said)
                        }
                    }
                // The framework dismisses the prompt for this button, and tells nobody but its listener.
                val cancelled = { if (waiting.isActive) waiting.resumeWithException(GateException.Cancelled()) }
                built(kind, prompt, cancelled)
                    .authenticate(BiometricPrompt.CryptoObject(cipher), signal, context.mainExecutor, outcome)
            }
        } finally {
            if (shown === signal) shown = null
        }
    }

    override fun dismiss() {
        shown?.cancel()
    }

    @TargetApi(Build.VERSION_CODES.R)
    private fun built(
        kind: GateKind,
        prompt: Prompt,
        cancelled: () -> Unit,
    ): BiometricPrompt {
        val builder = BiometricPrompt.Builder(context).setTitle(prompt.title).setDescription(prompt.reason).setConfirmationRequired(false)
        when (kind) {
            GateKind.BIOMETRIC -> {
                builder
                    .setAllowedAuthenticators(Authenticators.BIOMETRIC_STRONG)
                    .setNegativeButton(prompt.cancel, context.mainExecutor) { _, _ -> cancelled() }
            }

            // It has a button of its own; a second one is refused.
            GateKind.DEVICE_CREDENTIAL -> {
                builder.setAllowedAuthenticators(Authenticators.DEVICE_CREDENTIAL)
            }
        }
        return builder.build()
    }
}
