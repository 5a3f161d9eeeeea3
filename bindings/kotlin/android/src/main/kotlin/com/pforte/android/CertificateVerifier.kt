package com.pforte.android

import android.content.Context
import android.os.Build
import com.pforte.PforteException

/**
 * Gives the Rust library Android's context, once for each process and before its first connection: its certificate verifier
 * asks the system's trust store through it. Elsewhere, such as in a test on a computer's JVM, the verifier needs no context.
 */
internal object CertificateVerifier {
    /** What differs between a phone and a test. */
    internal interface Machine {
        val isAndroid: Boolean

        /** Loads libpforte and hands it the context. */
        fun initialise(context: Context)
    }

    private object RealMachine : Machine {
        // Android's runtime has had this name since it had another one.
        override val isAndroid get() = System.getProperty("java.vm.name") == "Dalvik"

        override fun initialise(context: Context) {
            System.loadLibrary("pforte")
            CertificateVerifier.initialise(context)
        }
    }

    @Volatile
    internal var machine: Machine = RealMachine
        set(value) {
            field = value
            isReady = false
        }

    private var isReady = false

    /**
     * Does it where it has not been done.
     *
     * @throws PforteException.FixConfiguration where the app was packed without the library for this device.
     */
    @Synchronized
    fun prepare(context: Context) {
        if (isReady) return
        if (machine.isAndroid) {
            try {
                machine.initialise(context)
            } catch (error: UnsatisfiedLinkError) {
                val abis = Build.SUPPORTED_ABIS.joinToString(" or ")
                val hint = "The app holds no libpforte.so for $abis. Add that ABI where the library is built, or to abiFilters."
                throw PforteException.FixConfiguration(hint).apply { initCause(error) }
            }
        }
        isReady = true
    }

    /** `bindings/ffi/src/android.rs`. */
    @JvmStatic
    private external fun initialise(context: Context)
}
