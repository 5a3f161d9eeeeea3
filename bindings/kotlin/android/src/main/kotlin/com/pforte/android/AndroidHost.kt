package com.pforte.android

import android.app.Application
import android.content.Context
import com.pforte.Ports
import com.pforte.Presenter
import com.pforte.ffi.BackgroundTime
import com.pforte.ffi.Clock
import com.pforte.ffi.DeviceKey
import com.pforte.ffi.GateKey
import com.pforte.ffi.SecretStore
import com.pforte.ffi.UserAgent

/*
 * The Android library: every port of Pforte, filled with framework APIs alone. No androidx, minSdk 28.
 *
 *   Opening.kt             Pforte.open(context, ...), Policy.fromAssets: what an app calls
 *   AndroidHost.kt         all ports of one app, each of which can be replaced
 *   AndroidGateKey.kt      Keystore key bound to each finger or face; BiometricGate.kt shows the prompt
 *   AndroidDeviceKey.kt    P-256 signing keys without a prompt, and their attestation
 *   AndroidSecretStore.kt  small secrets, sealed by a Keystore key
 *   CustomTabs.kt          the browser: CustomTabs, BrowserActivity, RedirectActivity, Redirects
 *   Front.kt               the app's windows, seen and not held; SessionLock locks when the last one leaves
 *   AndroidTime.kt         clocks, and time to finish work in the background
 *   CertificateVerifier.kt the system's trust store, for the TLS in Rust
 *   PlatformOutcomes.kt    the one table from Android's codes and exceptions to typed outcomes
 *   asks/                  the ready-made asks: AndroidPresenter, AskActivity
 *
 * What it never does: hold an Activity, block the main thread, read a token, or prompt without being asked to.
 */

/**
 * All ports of one app on this device. Everything has a default; a test, or an app with an idea of its own, replaces one.
 *
 * @param context any context; the application's is kept.
 * @param presenter the screens that ask; the ready-made ones where nothing is given.
 * @param biometricGate shows the prompt of finger or face; a test scripts it.
 * @param allowsDeviceCredential whether PIN, pattern or password may be made a way to open the session.
 */
class AndroidHost(
    context: Context,
    presenter: Presenter? = null,
    biometricGate: BiometricGate = FrameworkBiometricGate(context.applicationContext),
    allowsDeviceCredential: Boolean = false,
    val gateKey: GateKey = AndroidGateKey(context.applicationContext, biometricGate, allowsDeviceCredential),
    val deviceKey: DeviceKey = AndroidDeviceKey(),
    val secretStore: SecretStore = AndroidSecretStore(context.applicationContext),
    val userAgent: UserAgent = CustomTabs(context.applicationContext),
    val clock: Clock = AndroidClock(context.applicationContext),
    val backgroundTime: BackgroundTime = AndroidBackgroundTime(context.applicationContext),
) {
    private val application = context.applicationContext as Application

    /** The screens that ask. */
    val presenter: Presenter = presenter ?: AndroidPresenter(application)

    /** The folder of the sealed files: private to the app and outside of every backup. */
    val folder: java.nio.file.Path get() = application.noBackupFilesDir.toPath().resolve(FOLDER)

    /** As `Pforte.open` takes them. */
    val ports: Ports
        get() =
            Ports(
                gateKey = gateKey,
                deviceKey = deviceKey,
                secretStore = secretStore,
                userAgent = userAgent,
                presenter = presenter,
                backgroundTime = backgroundTime,
                clock = clock,
            )

    init {
        Front.watch(application)
    }

    internal companion object {
        const val FOLDER = "pforte"
    }
}
