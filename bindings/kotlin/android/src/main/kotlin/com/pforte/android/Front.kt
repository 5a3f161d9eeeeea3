package com.pforte.android

import android.app.Activity
import android.app.Application
import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.content.Intent
import android.database.Cursor
import android.net.Uri
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import com.pforte.Pforte
import com.pforte.PforteException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import kotlinx.coroutines.suspendCancellableCoroutine
import java.lang.ref.WeakReference
import java.util.concurrent.CopyOnWriteArrayList

/**
 * Which of the app's windows are visible. Seen, and never held: an Activity that the app lets go of is collected.
 *
 * ```text
 *   away ── a window starts ──► in front ── the last window stops ──► away
 *                                   └── stops to be made anew (rotation) ──► in front
 * ```
 */
internal object Front {
    private val started = mutableListOf<WeakReference<Activity>>()
    private val listeners = CopyOnWriteArrayList<(inFront: Boolean) -> Unit>()
    private var watched: WeakReference<Application>? = null
    private var rotating = 0

    /** Whether a window of the app is visible. */
    val isInFront: Boolean get() = synchronized(started) { started.isNotEmpty() || rotating > 0 }

    /** Begins to watch; once is enough. Windows that were there before are seen when they next start. */
    fun watch(application: Application) {
        synchronized(started) {
            if (watched?.get() === application) return
            watched?.get()?.unregisterActivityLifecycleCallbacks(callbacks)
            started.clear()
            rotating = 0
            watched = WeakReference(application)
            application.registerActivityLifecycleCallbacks(callbacks)
        }
    }

    /** Has [listener] told of every change, on the main thread, until [stopTelling]. */
    fun tell(listener: (inFront: Boolean) -> Unit) {
        listeners += listener
    }

    /** Ends [tell]. */
    fun stopTelling(listener: (inFront: Boolean) -> Unit) {
        listeners -= listener
    }

    /**
     * Starts [intent] over the window in front. Returns whether there was one: from the background Android would not show it.
     */
    fun show(
        context: Context,
        intent: Intent,
    ): Boolean {
        val window = synchronized(started) { started.mapNotNull { it.get() }.lastOrNull() }
        when {
            window != null -> window.startActivity(intent)
            isInFront -> context.startActivity(intent.addFlags(Intent.FLAG_ACTIVITY_NEW_TASK))
            else -> return false
        }
        return true
    }

    private val callbacks =
        object : Application.ActivityLifecycleCallbacks {
            override fun onActivityStarted(activity: Activity) {
                val arrives =
                    synchronized(started) {
                        val before = started.isEmpty() && rotating == 0
                        if (rotating > 0) rotating--
                        started += WeakReference(activity)
                        before
                    }
                if (arrives) listeners.forEach { it(true) }
            }

            override fun onActivityStopped(activity: Activity) {
                val leaves =
                    synchronized(started) {
                        started.removeAll { it.get() == null || it.get() === activity }
                        if (activity.isChangingConfigurations) rotating++
                        started.isEmpty() && rotating == 0
                    }
                if (leaves) listeners.forEach { it(false) }
            }

            override fun onActivityResumed(activity: Activity) =
                synchronized(started) {
                    // The one in front is the last one.
                    started.removeAll { it.get() === activity }
                    started += WeakReference(activity)
                    Unit
                }

            override fun onActivityCreated(
                activity: Activity,
                savedInstanceState: Bundle?,
            ) = Unit

            override fun onActivityPaused(activity: Activity) = Unit

            override fun onActivitySaveInstanceState(
                activity: Activity,
                outState: Bundle,
            ) = Unit

            override fun onActivityDestroyed(activity: Activity) = Unit
        }
}

/**
 * Tells a client when the app leaves the front and comes back, never when it is merely inactive. What that means is decided in
 * the core: it knows the policy, and which departures (browser, prompt, [Pforte.announceDeparture]) are exempt.
 *
 * A client that was let go of is told nothing any more: it is not held here.
 */
internal object SessionLock {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default.limitedParallelism(1)) // in order

    fun follow(pforte: Pforte) {
        val followed = WeakReference(pforte)
        lateinit var listener: (Boolean) -> Unit
        listener = { inFront ->
            when (val client = followed.get()) {
                null -> Front.stopTelling(listener)
                else -> scope.launch { client.tell(inFront, listener) }
            }
        }
        Front.tell(listener)
    }

    private suspend fun Pforte.tell(
        inFront: Boolean,
        listener: (Boolean) -> Unit,
    ) {
        try {
            if (inFront) enteredForeground() else enteredBackground()
        } catch (_: PforteException) {
            // The status says what there is; a next departure is told again.
        } catch (_: IllegalStateException) {
            Front.stopTelling(listener) // closed
        }
    }
}

/** Runs [work] on the main thread, without a dispatcher of its own: the library brings no further dependency for it. */
internal suspend fun <T> onMain(work: () -> T): T =
    suspendCancellableCoroutine { waiting ->
        Handler(Looper.getMainLooper()).post { if (waiting.isActive) waiting.resumeWith(runCatching(work)) }
    }

/** Begins to watch the app's windows when the process starts, before the first of them. Serves nothing. */
class PforteStart : ContentProvider() {
    override fun onCreate(): Boolean {
        (context?.applicationContext as? Application)?.let(Front::watch)
        return true
    }

    override fun query(
        uri: Uri,
        projection: Array<out String>?,
        selection: String?,
        selectionArgs: Array<out String>?,
        sortOrder: String?,
    ): Cursor? = null

    override fun getType(uri: Uri): String? = null

    override fun insert(
        uri: Uri,
        values: ContentValues?,
    ): Uri? = null

    override fun delete(
        uri: Uri,
        selection: String?,
        selectionArgs: Array<out String>?,
    ): Int = 0

    override fun update(
        uri: Uri,
        values: ContentValues?,
        selection: String?,
        selectionArgs: Array<out String>?,
    ): Int = 0
}
