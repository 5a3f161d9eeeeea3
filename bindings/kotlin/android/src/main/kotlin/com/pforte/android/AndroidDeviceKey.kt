package com.pforte.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import com.pforte.ffi.DeviceKey
import com.pforte.ffi.DeviceKeyException
import java.math.BigInteger
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec

/**
 * P-256 signing keys in the device's hardware, without a prompt; one for each account and purpose.
 *
 * @param strongBox whether keys are made in StrongBox where there is one. Off by default: a signature there takes a good part of a
 * second, and one is due for every request.
 * @param attestationChallenge the server's challenge, for keys whose [attestation] it wants to check.
 */
class AndroidDeviceKey(
    private val strongBox: Boolean = false,
    private val attestationChallenge: ByteArray? = null,
) : DeviceKey {
    @Synchronized
    override fun publicKey(alias: String): ByteArray =
        typed {
            if (AndroidKeystore.certificates(alias).isEmpty()) create(alias)
            val certificate = AndroidKeystore.certificates(alias).firstOrNull() ?: throw DeviceKeyException.KeyLost()
            val point = (certificate.publicKey as ECPublicKey).w
            byteArrayOf(UNCOMPRESSED) + point.affineX.in32Bytes() + point.affineY.in32Bytes()
        }

    override fun signEs256(
        alias: String,
        data: ByteArray,
    ): ByteArray =
        typed {
            val key = AndroidKeystore.privateKey(alias) ?: throw DeviceKeyException.KeyLost()
            val der =
                Signature.getInstance("SHA256withECDSA").run {
                    initSign(key)
                    update(data)
                    sign()
                }
            rawSignature(der)
        }

    override fun deleteKey(alias: String) = typed { AndroidKeystore.delete(alias) }

    /**
     * The certificates from the key under [alias] up to Google's root, each as DER: what the hardware says about the key. Empty
     * where there is no such key.
     */
    fun attestation(alias: String): List<ByteArray> = typed { AndroidKeystore.certificates(alias).map { it.encoded } }

    private fun create(alias: String) =
        AndroidKeystore.inStrongBox(strongBox) { inStrongBox ->
            AndroidKeystore.createKeyPair(
                KeyGenParameterSpec
                    .Builder(alias, KeyProperties.PURPOSE_SIGN)
                    .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
                    .setDigests(KeyProperties.DIGEST_SHA256)
                    .setIsStrongBoxBacked(inStrongBox)
                    .setAttestationChallenge(attestationChallenge)
                    .build(),
            )
        }

    private inline fun <T> typed(work: () -> T): T =
        try {
            work()
        } catch (error: Exception) {
            throw error.toDeviceKey()
        }

    private companion object {
        const val UNCOMPRESSED: Byte = 4
    }
}

/** The number in 32 bytes, big-endian, without the sign byte that `toByteArray` puts before a high bit. */
private fun BigInteger.in32Bytes(): ByteArray {
    val bytes = toByteArray()
    val digits = if (bytes.size > FIELD && bytes[0] == 0.toByte()) bytes.copyOfRange(1, bytes.size) else bytes
    if (digits.size > FIELD) throw DeviceKeyException.Failed("a number of more than 32 bytes")
    return ByteArray(FIELD - digits.size) + digits
}

/** `r || s` (RFC 7518, section 3.4) out of the Keystore's DER: `30 len 02 len r 02 len s`, each number below 128 bytes. */
internal fun rawSignature(der: ByteArray): ByteArray {
    fun number(at: Int): ByteArray {
        if (at + 2 > der.size || der[at] != INTEGER || der[at + 1] < 1 || at + 2 + der[at + 1] > der.size) {
            throw DeviceKeyException.Failed("a signature that is no DER")
        }
        return der.copyOfRange(at + 2, at + 2 + der[at + 1])
    }
    val r = number(2)
    val s = number(2 + 2 + r.size)
    return BigInteger(r).in32Bytes() + BigInteger(s).in32Bytes()
}

private const val FIELD = 32
private const val INTEGER: Byte = 2
