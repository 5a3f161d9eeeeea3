package com.pforte

import com.pforte.ffi.Answer
import com.pforte.ffi.Ask
import com.pforte.ffi.DeviceKeyException
import com.pforte.ffi.GateAvailability
import com.pforte.ffi.GateException
import com.pforte.ffi.GateKind
import com.pforte.ffi.GateReadiness
import com.pforte.ffi.Grant
import com.pforte.ffi.Prompt
import com.pforte.ffi.UserAgentException
import java.math.BigInteger
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.SecureRandom
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.time.Duration
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/** Everything a client is given in these tests, each port written in Kotlin and each call written down. */
class MemoryPorts(
    val finger: MemoryGateKey.Finger = MemoryGateKey.Finger.RIGHT,
    val browser: RedirectingBrowser.Habit = RedirectingBrowser.Habit.FOLLOWS,
    answer: (Ask) -> Answer,
) {
    val log = PortLog()
    val gateKey = MemoryGateKey(log, finger)
    val secretStore = MemorySecretStore(log)
    val ports =
        Ports(
            gateKey = gateKey,
            deviceKey = MemoryDeviceKey(log),
            secretStore = secretStore,
            userAgent = RedirectingBrowser(log, browser),
            presenter = ScriptedPresenter(log, answer),
            backgroundTime = GrantedTime(log),
        )
}

/** A gate key of AES-GCM in memory, and the finger that is laid on it. */
class MemoryGateKey(
    private val log: PortLog,
    @Volatile var finger: Finger,
) : GateKey {
    /** What happens when the prompt shows. */
    enum class Finger { RIGHT, WRONG, GIVES_OTHER_BYTES }

    private val kinds = ConcurrentHashMap<String, String>()
    private val keys = ConcurrentHashMap<String, SecretKey>()

    override suspend fun availability(): GateAvailability {
        log.write("gate_key.availability")
        return GateAvailability(GateReadiness.READY, wrapPrompts = true, deviceCredential = true)
    }

    override suspend fun createKey(
        alias: String,
        kind: GateKind,
    ) {
        log.write("gate_key.create_key", word(kind))
        kinds[alias] = word(kind)
        keys[alias] = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
    }

    override suspend fun wrapSecret(
        alias: String,
        secret: ByteArray,
        prompt: Prompt,
    ): ByteArray {
        log.write("gate_key.wrap_secret", kindOf(alias))
        val nonce = ByteArray(NONCE).also(SecureRandom()::nextBytes)
        return (nonce + cipher(Cipher.ENCRYPT_MODE, alias, nonce).doFinal(secret)).also { secret.fill(0) }
    }

    override suspend fun unwrapSecret(
        alias: String,
        wrapped: ByteArray,
        prompt: Prompt,
    ): ByteArray {
        log.write("gate_key.unwrap_secret", kindOf(alias))
        if (finger == Finger.WRONG) throw GateException.NotRecognised()
        val secret = cipher(Cipher.DECRYPT_MODE, alias, wrapped.copyOf(NONCE)).doFinal(wrapped, NONCE, wrapped.size - NONCE)
        if (finger == Finger.GIVES_OTHER_BYTES) secret[0] = (secret[0].toInt() xor 1).toByte()
        return secret
    }

    override suspend fun deleteKey(alias: String) {
        log.write("gate_key.delete_key", kindOf(alias))
        keys.remove(alias)
    }

    override fun dismissPrompt() = log.write("gate_key.dismiss_prompt")

    /** The kind of key: an alias holds a random part. */
    private fun kindOf(alias: String) = kinds[alias] ?: "missing"

    private fun cipher(
        mode: Int,
        alias: String,
        nonce: ByteArray,
    ): Cipher {
        val key = keys[alias] ?: throw GateException.KeyLost()
        return Cipher.getInstance("AES/GCM/NoPadding").apply { init(mode, key, GCMParameterSpec(128, nonce)) }
    }

    private fun word(kind: GateKind) =
        when (kind) {
            GateKind.BIOMETRIC -> "biometric"
            GateKind.DEVICE_CREDENTIAL -> "device-credential"
        }

    private companion object {
        const val NONCE = 12
    }
}

/** P-256 keys in memory; signatures as JWS wants them, `r || s`. */
class MemoryDeviceKey(
    private val log: PortLog,
) : DeviceKey {
    private val pairs = ConcurrentHashMap<String, KeyPair>()

    override fun publicKey(alias: String): ByteArray {
        log.write("device_key.public_key", lastSegment(alias))
        val point = (pair(alias).public as ECPublicKey).w
        return byteArrayOf(UNCOMPRESSED) + point.affineX.in32Bytes() + point.affineY.in32Bytes()
    }

    override fun signEs256(
        alias: String,
        data: ByteArray,
    ): ByteArray {
        log.write("device_key.sign_es256", lastSegment(alias))
        val signature = Signature.getInstance("SHA256withECDSAinP1363Format")
        signature.initSign(pair(alias).private)
        signature.update(data)
        return signature.sign()
    }

    override fun deleteKey(alias: String) {
        log.write("device_key.delete_key", lastSegment(alias))
        pairs.remove(alias) ?: return
    }

    private fun pair(alias: String): KeyPair =
        pairs.computeIfAbsent(alias) {
            try {
                KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
            } catch (error: java.security.GeneralSecurityException) {
                throw DeviceKeyException.Failed(error.toString())
            }
        }

    private fun BigInteger.in32Bytes(): ByteArray {
        val bytes = toByteArray()
        return if (bytes.size > 32) bytes.copyOfRange(bytes.size - 32, bytes.size) else ByteArray(32 - bytes.size) + bytes
    }

    private companion object {
        const val UNCOMPRESSED: Byte = 4
    }
}

/** A few secrets in memory. */
class MemorySecretStore(
    private val log: PortLog,
) : SecretStore {
    private val secrets = ConcurrentHashMap<String, ByteArray>()

    override fun read(name: String): ByteArray? {
        log.write("secret_store.read", lastSegment(name))
        return secrets[name]?.copyOf()
    }

    override fun write(
        name: String,
        secret: ByteArray,
    ) {
        log.write("secret_store.write", lastSegment(name))
        secrets[name] = secret
    }

    override fun remove(name: String) {
        log.write("secret_store.remove", lastSegment(name))
        secrets.remove(name)?.fill(0)
    }
}

/** A browser without pages: it asks for the URL and goes where it is sent, until it is sent back to the app. */
class RedirectingBrowser(
    private val log: PortLog,
    private val habit: Habit,
) : UserAgent {
    /** What the person, or the phone, does with the browser. */
    enum class Habit { FOLLOWS, IS_CLOSED, COMES_BACK_WRONG }

    private val http = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build()

    override suspend fun browse(
        url: String,
        redirectUri: String,
    ): String {
        log.write("user_agent.browse", URI(url).path)
        return when (habit) {
            Habit.IS_CLOSED -> throw UserAgentException.Closed()
            Habit.COMES_BACK_WRONG -> "$redirectUri?code=guessed&state=guessed"
            Habit.FOLLOWS -> follow(URI(url), redirectUri)
        }
    }

    private fun follow(
        start: URI,
        redirectUri: String,
    ): String {
        var next = start
        repeat(MOST_HOPS) {
            val request = HttpRequest.newBuilder(next).timeout(Duration.ofSeconds(10)).build()
            val response = http.send(request, HttpResponse.BodyHandlers.ofString())
            val location =
                response.headers().firstValue("location").orElseThrow {
                    UserAgentException.Failed("a page with status ${response.statusCode()} stayed on the screen")
                }
            if (location.startsWith(redirectUri)) return location
            next = next.resolve(location)
        }
        throw UserAgentException.Failed("more than $MOST_HOPS redirects")
    }

    private companion object {
        const val MOST_HOPS = 8
    }
}

/** Answers each ask as the test says. */
class ScriptedPresenter(
    private val log: PortLog,
    private val answer: (Ask) -> Answer,
) : Presenter {
    override suspend fun present(ask: Ask): Answer {
        log.write("presenter.present", summary(ask.kind))
        return answer(ask)
    }

    override fun withdrawAsk() = log.write("presenter.withdraw_ask")
}

/** Grants all the time there is. */
class GrantedTime(
    private val log: PortLog,
) : BackgroundTime {
    private val granted = AtomicLong()

    override fun begin(task: String): Grant {
        log.write("background_time.begin", task)
        return Grant(granted.incrementAndGet().toULong())
    }

    override fun finish(grant: Grant) = log.write("background_time.finish")
}
