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
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import javax.crypto.Cipher

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
    private var asked: Asked? = null

    @TargetApi(Build.VERSION_CODES.R)
    override suspend fun authenticate(
        cipher: Cipher,
        kind: GateKind,
        prompt: Prompt,
    ): Cipher {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) throw GateException.NoHardware()
        asked?.dismiss()
        val now = Asked().also { asked = it }
        val outcome =
            object : BiometricPrompt.AuthenticationCallback() {
                override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult) {
                    // The same cipher; where it was not let through, the Keystore refuses it.
                    now.answer.complete(result.cryptoObject?.cipher ?: cipher)
                }

                override fun onAuthenticationError(
                    code: Int,
                    message: CharSequence?,
                ) {
                    now.answer.completeExceptionally(PlatformOutcomes.ofPrompt(code).toGate("biometric error $code"))
                }
            }
        return try {
            // The framework dismisses the prompt for its button, and tells nobody but the button's listener.
            built(kind, prompt) { now.answer.completeExceptionally(GateException.Cancelled()) }
                .authenticate(BiometricPrompt.CryptoObject(cipher), now.signal, context.mainExecutor, outcome)
            now.answer.await()
        } catch (ended: CancellationException) {
            now.signal.cancel()
            throw ended
        } finally {
            if (asked === now) asked = null
        }
    }

    override fun dismiss() {
        asked?.dismiss()
    }

    /** A prompt that is on the screen, or about to be. */
    private class Asked {
        val answer = CompletableDeferred<Cipher>()
        val signal = CancellationSignal()

        /** Ends the call by itself: of a prompt that is cancelled before it was on the screen, the framework tells nothing. */
        fun dismiss() {
            answer.completeExceptionally(GateException.Cancelled())
            signal.cancel()
        }
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
