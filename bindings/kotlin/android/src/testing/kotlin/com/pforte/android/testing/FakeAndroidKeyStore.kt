package com.pforte.android.testing

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.StrongBoxUnavailableException
import java.io.InputStream
import java.io.OutputStream
import java.security.AlgorithmParameters
import java.security.InvalidKeyException
import java.security.Key
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.KeyPairGeneratorSpi
import java.security.KeyStore
import java.security.KeyStoreException
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.ProviderException
import java.security.PublicKey
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.security.spec.ECGenParameterSpec
import java.util.Collections
import java.util.Date
import java.util.TreeMap
import javax.crypto.Cipher
import javax.crypto.CipherSpi
import javax.crypto.IllegalBlockSizeException
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import javax.crypto.spec.SecretKeySpec

/**
 * A FAKE of the provider `AndroidKeyStore`, for tests without a phone: keys are software keys in a map.
 *
 * It shows which calls come in which order, with which key specs, and it keeps the one rule that the gate rests on: a key that
 * was made to ask each time works once after [authenticate], and not without it. It shows nothing about hardware: not StrongBox,
 * not attestation, not what a phone really does after a new enrolment.
 */
class FakeAndroidKeyStore private constructor() : Provider("AndroidKeyStore", "1.0", "FAKE, for tests") {
    init {
        put("KeyStore.AndroidKeyStore", Store::class.java.name)
        put("KeyPairGenerator.EC", Pairs::class.java.name)
        put("KeyGenerator.AES", Secrets::class.java.name)
        put("Cipher.AES/GCM/NoPadding", Gcm::class.java.name)
        put("Cipher.AES/GCM/NoPadding SupportedKeyClasses", FakeSecretKey::class.java.name)
    }

    /** What the fake was asked, and how it is told to behave. */
    companion object {
        /** Calls, oldest first: `generate ALIAS`, `init encrypt ALIAS`, `finish ALIAS`, `delete ALIAS`. */
        val calls: MutableList<String> = Collections.synchronizedList(mutableListOf())

        /** The specs that keys were made with. */
        val specs: MutableMap<String, KeyGenParameterSpec> = Collections.synchronizedMap(TreeMap())

        internal val entries: MutableMap<String, Any> = Collections.synchronizedMap(TreeMap())

        /** StrongBox: takes keys and works, refuses them, or takes them and then fails. */
        @Volatile
        var strongBox = StrongBox.WORKS

        /** How often the next `Cipher.init` fails as a busy Keystore does. */
        @Volatile
        var busy = 0

        @Volatile
        private var authenticated = false

        /** Puts it in the place of the platform's, empty. */
        fun install() {
            Security.removeProvider("AndroidKeyStore")
            Security.insertProviderAt(FakeAndroidKeyStore(), 1)
            calls.clear()
            specs.clear()
            entries.clear()
            strongBox = StrongBox.WORKS
            busy = 0
            authenticated = false
        }

        /** The finger was right: the next use of one key is allowed. */
        fun authenticate() {
            authenticated = true
        }

        /** A new finger was enrolled: keys that said so never work again. */
        fun enrol() {
            entries.values.filterIsInstance<FakeSecretKey>().forEach {
                if (it.spec.isUserAuthenticationRequired && it.spec.isInvalidatedByBiometricEnrollment) it.invalidated = true
            }
        }

        internal fun used(): Boolean = authenticated.also { authenticated = false }

        private fun plain(
            type: String,
            algorithm: String,
        ): Provider = Security.getProviders().first { it.name != "AndroidKeyStore" && it.getService(type, algorithm) != null }
    }

    /** How StrongBox behaves. */
    enum class StrongBox { WORKS, REFUSES, BREAKS_IN_USE }

    /** A key that can't be read out. */
    class FakeSecretKey internal constructor(
        internal val alias: String,
        internal val spec: KeyGenParameterSpec,
        internal val inner: SecretKey,
    ) : SecretKey {
        @Volatile
        internal var invalidated = false

        override fun getAlgorithm() = "AES"

        override fun getFormat(): String? = null

        override fun getEncoded(): ByteArray? = null
    }

    /** Makes AES keys. */
    class Secrets : KeyGeneratorSpi() {
        private lateinit var spec: KeyGenParameterSpec

        override fun engineInit(random: SecureRandom?) = throw InvalidKeyException("a KeyGenParameterSpec is due")

        override fun engineInit(
            size: Int,
            random: SecureRandom?,
        ) = throw InvalidKeyException("a KeyGenParameterSpec is due")

        override fun engineInit(
            given: AlgorithmParameterSpec,
            random: SecureRandom?,
        ) {
            spec = given as KeyGenParameterSpec
        }

        override fun engineGenerateKey(): SecretKey {
            generating(spec)
            val key =
                FakeSecretKey(spec.keystoreAlias, spec, SecretKeySpec(ByteArray(spec.keySize / 8).also(SecureRandom()::nextBytes), "AES"))
            entries[spec.keystoreAlias] = key
            return key
        }
    }

    /** Makes P-256 pairs. */
    class Pairs : KeyPairGeneratorSpi() {
        private lateinit var spec: KeyGenParameterSpec

        override fun initialize(
            size: Int,
            random: SecureRandom?,
        ) = throw InvalidKeyException("a KeyGenParameterSpec is due")

        override fun initialize(
            given: AlgorithmParameterSpec,
            random: SecureRandom?,
        ) {
            spec = given as KeyGenParameterSpec
        }

        override fun generateKeyPair(): KeyPair {
            generating(spec)
            val generator = KeyPairGenerator.getInstance("EC", plain("KeyPairGenerator", "EC"))
            generator.initialize(spec.algorithmParameterSpec as ECGenParameterSpec)
            return generator.generateKeyPair().also { entries[spec.keystoreAlias] = it }
        }
    }

    /** AES-GCM that asks whether the finger was there. */
    class Gcm : CipherSpi() {
        private val inner = Cipher.getInstance("AES/GCM/NoPadding", plain("Cipher", "AES"))
        private lateinit var key: FakeSecretKey

        override fun engineInit(
            mode: Int,
            given: Key,
            random: SecureRandom?,
        ) = begin(mode, given) { inner.init(mode, it) }

        override fun engineInit(
            mode: Int,
            given: Key,
            parameters: AlgorithmParameterSpec?,
            random: SecureRandom?,
        ) = begin(mode, given) { inner.init(mode, it, parameters) }

        override fun engineInit(
            mode: Int,
            given: Key,
            parameters: AlgorithmParameters?,
            random: SecureRandom?,
        ) = begin(mode, given) { inner.init(mode, it, parameters) }

        private fun begin(
            mode: Int,
            given: Key,
            init: (SecretKey) -> Unit,
        ) {
            key = given as? FakeSecretKey ?: throw InvalidKeyException("not of this store")
            calls += "init ${if (mode == Cipher.ENCRYPT_MODE) "encrypt" else "decrypt"} ${key.alias}"
            if (key.invalidated) throw KeyPermanentlyInvalidatedException("a new finger")
            if (busy > 0) {
                busy--
                throw InvalidKeyException("busy")
            }
            init(key.inner)
        }

        override fun engineDoFinal(
            input: ByteArray?,
            offset: Int,
            length: Int,
        ): ByteArray {
            calls += "finish ${key.alias}"
            if (key.spec.isUserAuthenticationRequired && !used()) throw IllegalBlockSizeException("Key user not authenticated")
            if (key.spec.isStrongBoxBacked && strongBox == StrongBox.BREAKS_IN_USE) throw ProviderException("HARDWARE_TYPE_UNAVAILABLE")
            return if (input == null) inner.doFinal() else inner.doFinal(input, offset, length)
        }

        override fun engineDoFinal(
            input: ByteArray?,
            offset: Int,
            length: Int,
            output: ByteArray,
            outputOffset: Int,
        ): Int = engineDoFinal(input, offset, length).also { it.copyInto(output, outputOffset) }.size

        override fun engineUpdateAAD(
            source: ByteArray,
            offset: Int,
            length: Int,
        ) = inner.updateAAD(source, offset, length)

        override fun engineUpdate(
            input: ByteArray?,
            offset: Int,
            length: Int,
        ): ByteArray? = inner.update(input, offset, length)

        override fun engineUpdate(
            input: ByteArray?,
            offset: Int,
            length: Int,
            output: ByteArray?,
            outputOffset: Int,
        ): Int = inner.update(input, offset, length, output, outputOffset)

        override fun engineGetIV(): ByteArray? = inner.iv

        override fun engineGetParameters(): AlgorithmParameters? = inner.parameters

        override fun engineGetBlockSize() = 16

        override fun engineGetOutputSize(length: Int) = inner.getOutputSize(length)

        override fun engineSetMode(mode: String?) = Unit

        override fun engineSetPadding(padding: String?) = Unit
    }

    /** The map behind `KeyStore.getInstance`. */
    class Store : KeyStoreSpi() {
        override fun engineGetKey(
            alias: String,
            password: CharArray?,
        ): Key? =
            when (val entry = entries[alias]) {
                is KeyPair -> entry.private
                else -> entry as Key?
            }

        override fun engineGetCertificate(alias: String): Certificate? = (entries[alias] as? KeyPair)?.let { BareCertificate(it.public) }

        override fun engineGetCertificateChain(alias: String): Array<Certificate>? = engineGetCertificate(alias)?.let { arrayOf(it) }

        override fun engineGetCreationDate(alias: String): Date? = null

        override fun engineAliases() = Collections.enumeration(entries.keys)

        override fun engineContainsAlias(alias: String) = alias in entries

        override fun engineSize() = entries.size

        override fun engineIsKeyEntry(alias: String) = alias in entries

        override fun engineIsCertificateEntry(alias: String) = false

        override fun engineGetCertificateAlias(certificate: Certificate?): String? = null

        override fun engineDeleteEntry(alias: String) {
            if (entries.remove(alias) != null) calls += "delete $alias"
        }

        override fun engineSetKeyEntry(
            alias: String,
            key: Key?,
            password: CharArray?,
            chain: Array<out Certificate>?,
        ) = throw KeyStoreException("not in this fake")

        override fun engineSetKeyEntry(
            alias: String,
            key: ByteArray?,
            chain: Array<out Certificate>?,
        ) = throw KeyStoreException("not in this fake")

        override fun engineSetCertificateEntry(
            alias: String,
            certificate: Certificate?,
        ) = throw KeyStoreException("not in this fake")

        override fun engineLoad(
            stream: InputStream?,
            password: CharArray?,
        ) = Unit

        override fun engineStore(
            stream: OutputStream?,
            password: CharArray?,
        ) = Unit
    }

    private class BareCertificate(
        private val key: PublicKey,
    ) : Certificate("X.509") {
        override fun getEncoded(): ByteArray = key.encoded

        override fun verify(key: PublicKey?) = Unit

        override fun verify(
            key: PublicKey?,
            provider: String?,
        ) = Unit

        override fun toString() = "FAKE"

        override fun getPublicKey() = key
    }
}

private fun generating(spec: KeyGenParameterSpec) {
    FakeAndroidKeyStore.calls += "generate ${spec.keystoreAlias}"
    val refuses = FakeAndroidKeyStore.strongBox == FakeAndroidKeyStore.StrongBox.REFUSES
    if (spec.isStrongBoxBacked && refuses) throw StrongBoxUnavailableException()
    FakeAndroidKeyStore.specs[spec.keystoreAlias] = spec
}
