package com.pforte.android

import android.app.Service
import android.content.ComponentName
import android.content.Context
import android.content.Intent
import android.os.IBinder
import android.os.SystemClock
import android.provider.Settings
import com.pforte.ffi.BackgroundException
import com.pforte.ffi.BackgroundTime
import com.pforte.ffi.Clock
import com.pforte.ffi.ClockException
import com.pforte.ffi.Grant

/** The device's clocks. Elapsed time counts sleep and can't be set by the person. */
class AndroidClock(
    private val context: Context,
) : Clock {
    override fun wallMs(): Long = System.currentTimeMillis()

    override fun elapsedMs(): ULong = SystemClock.elapsedRealtime().toULong()

    override fun bootId(): String =
        try {
            "boot-${Settings.Global.getInt(context.contentResolver, Settings.Global.BOOT_COUNT)}"
        } catch (_: Settings.SettingNotFoundException) {
            throw ClockException.Failed("this device does not count its starts")
        }
}

/**
 * Time to finish work: while a grant is held, a service runs that does nothing, so that Android does not freeze the process
 * between a token's rotation and its write. Android itself decides: it lets a service start while the app is in front and a
 * short while after, and refuses later.
 */
class AndroidBackgroundTime(
    private val context: Context,
) : BackgroundTime {
    private val held = mutableSetOf<ULong>()
    private var last = 0uL

    @Synchronized
    override fun begin(task: String): Grant {
        val service =
            try {
                context.startService(intent())
            } catch (_: IllegalStateException) {
                throw BackgroundException.NotGranted()
            } catch (error: SecurityException) {
                throw BackgroundException.Failed(error.javaClass.simpleName)
            }
        if (service == null) throw BackgroundException.Failed("${FinishingService::class.java.name} is not in the manifest")
        last++
        held += last
        return Grant(last)
    }

    @Synchronized
    override fun finish(grant: Grant) {
        if (held.remove(grant.id) && held.isEmpty()) context.stopService(intent())
    }

    private fun intent() = Intent().setComponent(ComponentName(context, FinishingService::class.java))
}

/** Runs and does nothing: see [AndroidBackgroundTime]. Not started again after the process has ended. */
class FinishingService : Service() {
    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(
        intent: Intent?,
        flags: Int,
        startId: Int,
    ): Int = START_NOT_STICKY
}
