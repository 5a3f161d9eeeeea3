package com.pforte.android

import android.annotation.TargetApi
import android.app.KeyguardManager
import android.content.Context
import android.content.pm.PackageManager
import android.hardware.biometrics.BiometricManager
import android.hardware.biometrics.BiometricManager.Authenticators
import android.os.Build
import android.os.UserManager
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import com.pforte.ffi.GateAvailability
import com.pforte.ffi.GateException
import com.pforte.ffi.GateKey
import com.pforte.ffi.GateKind
import com.pforte.ffi.GateReadiness
import com.pforte.ffi.Prompt
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.util.concurrent.ConcurrentHashMap
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * The gate: an AES-256-GCM key in the Keystore that works once for each finger or face, and never again after a new enrolment.
 *
 * From API 30 on. On 28 and 29 there are devices whose Keystore lets a key work without the finger it asked for; there it says
 * that there is no hardware, and the core keeps the session device-only, recorded and shown.
 */
class AndroidGateKey(
    private val context: Context,
    private val gate: BiometricGate,
    private val allowsDeviceCredential: Boolean = false,
) : GateKey {
    /** The keys in StrongBox that were made in this process and have not yet wrapped anything. */
    private val fresh: MutableSet<String> = ConcurrentHashMap.newKeySet()

    /** StrongBox took a key and then did not work: it is not tried again in this process. */
    @Volatile
    private var strongBoxBroken = false

    private class Found(
        val key: SecretKey,
        val kind: GateKind,
    )

    override suspend fun availability(): GateAvailability =
        GateAvailability(
            biometric = readiness(),
            wrapPrompts = true,
            deviceCredential =
                hasGate && allowsDeviceCredential && PlatformOutcomes.ofKeyguard(context.getSystemService(KeyguardManager::class.java)),
        )

    private fun readiness(): GateReadiness {
        if (!hasGate) return GateReadiness.NO_HARDWARE
        if (context.getSystemService(UserManager::class.java)?.isUserUnlocked == false) return GateReadiness.NOT_NOW
        val manager = context.getSystemService(BiometricManager::class.java) ?: return GateReadiness.NO_HARDWARE
        return PlatformOutcomes.ofCanAuthenticate(strength(manager))
    }

    @TargetApi(Build.VERSION_CODES.R)
    private fun strength(manager: BiometricManager): Int = manager.canAuthenticate(Authenticators.BIOMETRIC_STRONG)

    override suspend fun createKey(
        alias: String,
        kind: GateKind,
    ) = typed {
        delete(alias)
        create(alias, kind, hasStrongBox && !strongBoxBroken)
    }

    private fun create(
        alias: String,
        kind: GateKind,
        strongBox: Boolean,
    ) {
        if (!hasGate) throw GateException.NoHardware()
        val inStrongBox =
            AndroidKeystore.inStrongBox(strongBox) {
                AndroidKeystore.createSecretKey(spec(nameOf(alias, kind), kind, it))
                it
            }
        if (inStrongBox) fresh += alias
    }

    override suspend fun wrapSecret(
        alias: String,
        secret: ByteArray,
        prompt: Prompt,
    ): ByteArray =
        try {
            typed {
                try {
                    wrapped(alias, secret, prompt)
                } catch (error: Exception) {
                    if (alias !in fresh || isAnswer(error)) throw error
                    // Nothing is sealed by this key yet, so another may take its place.
                    strongBoxBroken = true
                    val kind = found(alias).kind
                    delete(alias)
                    create(alias, kind, strongBox = false)
                    wrapped(alias, secret, prompt)
                }
            }
        } finally {
            secret.fill(0)
        }

    /** Whether this is an answer of the person or the sensor, and not StrongBox that did not work. */
    private fun isAnswer(error: Exception) = error is CancellationException || (error is GateException && error !is GateException.Failed)

    private suspend fun wrapped(
        alias: String,
        secret: ByteArray,
        prompt: Prompt,
    ): ByteArray {
        val (cipher, kind) =
            beforePrompt {
                val found = found(alias)
                Cipher.getInstance(AndroidKeystore.CIPHER).apply { init(Cipher.ENCRYPT_MODE, found.key) } to found.kind
            }
        val open = gate.authenticate(cipher, kind, prompt)
        val sealed = open.doFinal(secret)
        fresh -= alias
        return open.iv + sealed
    }

    override suspend fun unwrapSecret(
        alias: String,
        wrapped: ByteArray,
        prompt: Prompt,
    ): ByteArray =
        typed {
            if (wrapped.size <= AndroidKeystore.NONCE) throw GateException.Failed("what was wrapped is too short")
            val (cipher, kind) =
                beforePrompt {
                    val found = found(alias)
                    val nonce = GCMParameterSpec(AndroidKeystore.TAG_BITS, wrapped, 0, AndroidKeystore.NONCE)
                    Cipher.getInstance(AndroidKeystore.CIPHER).apply { init(Cipher.DECRYPT_MODE, found.key, nonce) } to found.kind
                }
            gate.authenticate(cipher, kind, prompt).doFinal(wrapped, AndroidKeystore.NONCE, wrapped.size - AndroidKeystore.NONCE)
        }

    override suspend fun deleteKey(alias: String) = typed { delete(alias) }

    private fun delete(alias: String) {
        GateKind.entries.forEach { AndroidKeystore.delete(nameOf(alias, it)) }
        fresh -= alias
    }

    override fun dismissPrompt() = gate.dismiss()

    /** The key, and its kind: that stands in its name, so that the next process knows which prompt it wants. */
    private fun found(alias: String): Found =
        GateKind.entries.firstNotNullOfOrNull { kind -> AndroidKeystore.secretKey(nameOf(alias, kind))?.let { Found(it, kind) } }
            ?: throw GateException.KeyLost()

    private fun nameOf(
        alias: String,
        kind: GateKind,
    ): String = if (kind == GateKind.BIOMETRIC) "$alias.biometric" else "$alias.device-credential"

    private val hasStrongBox get() = context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)

    private val hasGate get() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.R

    private suspend fun <T> typed(work: suspend () -> T): T =
        withContext(Dispatchers.IO) {
            try {
                work()
            } catch (cancelled: CancellationException) {
                throw cancelled
            } catch (error: Exception) {
                throw error.toGate()
            }
        }

    @TargetApi(Build.VERSION_CODES.R)
    private fun spec(
        alias: String,
        kind: GateKind,
        strongBox: Boolean,
    ): KeyGenParameterSpec =
        KeyGenParameterSpec
            .Builder(alias, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(AndroidKeystore.KEY_BITS)
            .setUserAuthenticationRequired(true)
            .setIsStrongBoxBacked(strongBox)
            .apply {
                // No seconds: each use asks anew.
                when (kind) {
                    GateKind.BIOMETRIC -> {
                        setUserAuthenticationParameters(0, KeyProperties.AUTH_BIOMETRIC_STRONG).setInvalidatedByBiometricEnrollment(true)
                    }

                    GateKind.DEVICE_CREDENTIAL -> {
                        setUserAuthenticationParameters(0, KeyProperties.AUTH_DEVICE_CREDENTIAL)
                    }
                }
            }.build()
}
