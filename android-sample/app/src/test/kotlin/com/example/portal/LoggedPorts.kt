package com.example.portal

import com.pforte.PortLog
import com.pforte.Presenter
import com.pforte.android.AndroidHost
import com.pforte.ffi.Answer
import com.pforte.ffi.Ask
import com.pforte.ffi.BackgroundTime
import com.pforte.ffi.DeviceKey
import com.pforte.ffi.GateKey
import com.pforte.ffi.GateKind
import com.pforte.ffi.Prompt
import com.pforte.ffi.SecretStore
import com.pforte.ffi.UserAgent
import com.pforte.lastSegment
import com.pforte.summary
import java.net.URI
import java.util.concurrent.ConcurrentHashMap

/** The app's own ports, the real adapters, with each call written down as the walks in the other languages write it. */
fun logged(
    app: PortalApp,
    log: PortLog,
): AndroidHost {
    val real = AndroidHost(app, app.presenter)
    return AndroidHost(
        app,
        presenter = LoggedPresenter(real.presenter, log),
        gateKey = LoggedGateKey(real.gateKey, log),
        deviceKey = LoggedDeviceKey(real.deviceKey, log),
        secretStore = LoggedSecretStore(real.secretStore, log),
        userAgent = LoggedUserAgent(real.userAgent, log),
        clock = real.clock,
        backgroundTime = LoggedBackgroundTime(real.backgroundTime, log),
    )
}

private class LoggedPresenter(
    private val real: Presenter,
    private val log: PortLog,
) : Presenter by real {
    override suspend fun present(ask: Ask): Answer {
        log.write("presenter.present", summary(ask.kind))
        return real.present(ask)
    }

    override fun withdrawAsk() {
        log.write("presenter.withdraw_ask")
        real.withdrawAsk()
    }
}

private class LoggedGateKey(
    private val real: GateKey,
    private val log: PortLog,
) : GateKey by real {
    private val kinds = ConcurrentHashMap<String, String>()

    private fun kind(alias: String) = kinds[alias] ?: "missing"

    override suspend fun availability() = log.write("gate_key.availability").let { real.availability() }

    override suspend fun createKey(
        alias: String,
        kind: GateKind,
    ) {
        kinds[alias] = if (kind == GateKind.BIOMETRIC) "biometric" else "device-credential"
        log.write("gate_key.create_key", kind(alias))
        real.createKey(alias, kind)
    }

    override suspend fun wrapSecret(
        alias: String,
        secret: ByteArray,
        prompt: Prompt,
    ): ByteArray {
        log.write("gate_key.wrap_secret", kind(alias))
        return real.wrapSecret(alias, secret, prompt)
    }

    override suspend fun unwrapSecret(
        alias: String,
        wrapped: ByteArray,
        prompt: Prompt,
    ): ByteArray {
        log.write("gate_key.unwrap_secret", kind(alias))
        return real.unwrapSecret(alias, wrapped, prompt)
    }

    override suspend fun deleteKey(alias: String) {
        log.write("gate_key.delete_key", kind(alias))
        real.deleteKey(alias)
    }

    override fun dismissPrompt() {
        log.write("gate_key.dismiss_prompt")
        real.dismissPrompt()
    }
}

private class LoggedDeviceKey(
    private val real: DeviceKey,
    private val log: PortLog,
) : DeviceKey by real {
    override fun publicKey(alias: String): ByteArray {
        log.write("device_key.public_key", lastSegment(alias))
        return real.publicKey(alias)
    }

    override fun signEs256(
        alias: String,
        data: ByteArray,
    ): ByteArray {
        log.write("device_key.sign_es256", lastSegment(alias))
        return real.signEs256(alias, data)
    }

    override fun deleteKey(alias: String) {
        log.write("device_key.delete_key", lastSegment(alias))
        real.deleteKey(alias)
    }
}

private class LoggedSecretStore(
    private val real: SecretStore,
    private val log: PortLog,
) : SecretStore by real {
    override fun read(name: String): ByteArray? {
        log.write("secret_store.read", lastSegment(name))
        return real.read(name)
    }

    override fun write(
        name: String,
        secret: ByteArray,
    ) {
        log.write("secret_store.write", lastSegment(name))
        real.write(name, secret)
    }

    override fun remove(name: String) {
        log.write("secret_store.remove", lastSegment(name))
        real.remove(name)
    }
}

private class LoggedUserAgent(
    private val real: UserAgent,
    private val log: PortLog,
) : UserAgent {
    override suspend fun browse(
        url: String,
        redirectUri: String,
    ): String {
        log.write("user_agent.browse", URI(url).path)
        return real.browse(url, redirectUri)
    }
}

private class LoggedBackgroundTime(
    private val real: BackgroundTime,
    private val log: PortLog,
) : BackgroundTime by real {
    override fun begin(task: String) = log.write("background_time.begin", task).let { real.begin(task) }

    override fun finish(grant: com.pforte.ffi.Grant) {
        log.write("background_time.finish")
        real.finish(grant)
    }
}
