package com.pforte.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import com.pforte.ffi.GateException
import kotlinx.coroutines.delay
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.cert.Certificate
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds

/** The Keystore, by the few operations that the adapters need. Stateless: every call asks the platform. */
internal object AndroidKeystore {
    const val PROVIDER = "AndroidKeyStore"
    const val CIPHER = "AES/GCM/NoPadding"

    /** Lengths in bytes of the nonce, which the Keystore chooses, and in bits of the tag. */
    const val NONCE = 12
    const val TAG_BITS = 128
    const val KEY_BITS = 256

    fun secretKey(alias: String): SecretKey? = store().getKey(alias, null) as SecretKey?

    fun privateKey(alias: String): PrivateKey? = store().getKey(alias, null) as PrivateKey?

    fun certificates(alias: String): List<Certificate> = store().getCertificateChain(alias)?.toList().orEmpty()

    fun createSecretKey(spec: KeyGenParameterSpec): SecretKey =
        KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).apply { init(spec) }.generateKey()

    fun createKeyPair(spec: KeyGenParameterSpec) {
        KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER).apply { initialize(spec) }.generateKeyPair()
    }

    fun delete(alias: String) = store().deleteEntry(alias)

    /** Makes a key in StrongBox where [wanted], and in the TEE where StrongBox does not take it. Returns where it went. */
    fun <T> inStrongBox(
        wanted: Boolean,
        make: (strongBox: Boolean) -> T,
    ): T =
        try {
            make(wanted)
        } catch (error: Exception) {
            // Some devices throw the exception made for it, others wrap it or only say that something failed.
            if (!wanted || error is GateException) throw error
            make(false)
        }

    private fun store(): KeyStore = KeyStore.getInstance(PROVIDER).apply { load(null) }
}

/**
 * Runs what comes before a prompt, and again where the Keystore was busy: three times in all, with jitter. A lost key is not
 * tried again, and nothing after a prompt ever is: a key that is bound to one use can't be retried silently.
 */
internal suspend fun <T> beforePrompt(attempt: () -> T): T {
    repeat(2) {
        try {
            return attempt()
        } catch (error: Exception) {
            if (error is GateException || PlatformOutcomes.ofException(error) == PlatformOutcomes.Meaning.KEY_LOST) throw error
            delay(Random.nextLong(SHORTEST_WAIT, LONGEST_WAIT).milliseconds)
        }
    }
    return attempt()
}

/** Between two tries, in milliseconds. */
private const val SHORTEST_WAIT = 50L
private const val LONGEST_WAIT = 150L
