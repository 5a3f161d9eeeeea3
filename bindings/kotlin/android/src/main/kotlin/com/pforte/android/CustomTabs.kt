package com.pforte.android

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Bundle
import com.pforte.Pforte
import com.pforte.PforteException
import com.pforte.ffi.UserAgent
import com.pforte.ffi.UserAgentException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import java.lang.ref.WeakReference

/**
 * The provider's pages in a Custom Tab (RFC 8252, appendix B.2), or in the browser where it has none.
 *
 * ```text
 *   browse ──► BrowserActivity ──► Custom Tab ──► RedirectActivity ──► BrowserActivity, which closes the tab
 *                    │ comes back without a redirect: Closed                 │
 *                    ▼                                                       ▼
 *                Redirects: to who waits; in a new process to `resume` of the client that is opened next
 * ```
 */
class CustomTabs(
    private val context: Context,
) : UserAgent {
    override suspend fun browse(
        url: String,
        redirectUri: String,
    ): String {
        missingManifestLine(context, redirectUri)?.let { throw UserAgentException.RedirectNotRegistered(it) }
        val waiting = Redirects.await(redirectUri)
        try {
            onMain {
                val intent = Intent(context, BrowserActivity::class.java).putExtra(BrowserActivity.URL, url)
                if (!Front.show(context, intent)) throw UserAgentException.NoBrowser("no window of the app is in front")
            }
            return waiting.await()
        } finally {
            Redirects.forget(waiting)
        }
    }

    internal companion object {
        const val SESSION = "android.support.customtabs.extra.SESSION"
        const val SERVICE = "android.support.customtabs.action.CustomTabsService"

        /** A Custom Tab of the person's own browser, else of any that has them, else a plain view of [url]. */
        fun intent(
            context: Context,
            url: Uri,
        ): Intent {
            val packages = context.packageManager
            val view = Intent(Intent.ACTION_VIEW, url).addCategory(Intent.CATEGORY_BROWSABLE)
            val preferred = packages.resolveActivity(view, PackageManager.MATCH_DEFAULT_ONLY)?.activityInfo?.packageName
            val withTabs = packages.queryIntentServices(Intent(SERVICE), 0).mapNotNull { it.serviceInfo?.packageName }
            val chosen = preferred?.takeIf { it in withTabs } ?: withTabs.firstOrNull() ?: return view
            // No session: a binder that is null asks for a tab without one.
            return view.setPackage(chosen).putExtras(Bundle().apply { putBinder(SESSION, null) })
        }
    }
}

/**
 * Where redirects go: to the call that waits, or, when the process that waited has ended, to the client that is opened next.
 */
internal object Redirects {
    private class Waiting(
        val redirectUri: String,
        val arrived: CompletableDeferred<String>,
    )

    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private var waiting: Waiting? = null
    private var kept: String? = null
    private val clients = mutableListOf<Pair<String, WeakReference<Pforte>>>()

    /** Begins to wait. There is one browser: whoever waited before is told that it was closed. */
    @Synchronized
    fun await(redirectUri: String): CompletableDeferred<String> {
        waiting?.arrived?.completeExceptionally(UserAgentException.Closed())
        val begun = CompletableDeferred<String>()
        waiting = Waiting(redirectUri, begun)
        return begun
    }

    @Synchronized
    fun forget(arrived: CompletableDeferred<String>) {
        if (waiting?.arrived === arrived) waiting = null
    }

    /** A redirect came in. */
    @Synchronized
    fun arrive(url: String) {
        val waits = waiting?.takeIf { url.startsWith(it.redirectUri) }
        if (waits != null) {
            waits.arrived.complete(url)
            return
        }
        clients.removeAll { it.second.get() == null }
        val client = clients.firstOrNull { url.startsWith(it.first) }?.second?.get()
        if (client == null) kept = url else resume(client, url)
    }

    /** The browser is gone without one. */
    @Synchronized
    fun close(error: UserAgentException = UserAgentException.Closed()) {
        waiting?.arrived?.completeExceptionally(error)
    }

    /** Gives [pforte] what arrived before it was opened, and what will arrive while nobody waits. */
    @Synchronized
    fun handOver(
        pforte: Pforte,
        redirectUri: String,
    ) {
        clients.add(0, redirectUri to WeakReference(pforte))
        val url = kept?.takeIf { it.startsWith(redirectUri) } ?: return
        kept = null
        resume(pforte, url)
    }

    private fun resume(
        pforte: Pforte,
        url: String,
    ) {
        scope.launch {
            try {
                pforte.resume(url)
            } catch (_: PforteException) {
                // A redirect that belongs to no sign-in changes nothing; the end of one that does is told by `resumed`.
            } catch (_: IllegalStateException) {
                passOn(pforte, url)
            }
        }
    }

    /** The app has [closed] it: another client may be meant, or the one that is opened next. */
    @Synchronized
    private fun passOn(
        closed: Pforte,
        url: String,
    ) {
        clients.removeAll { it.second.get() === closed }
        arrive(url)
    }
}

/**
 * Invisible, in the app's own task: opens the browser above itself and is on top again when the browser is gone. With the
 * redirect if there is one; without, the person closed it. Survives the end of the process: it remembers that it had opened it.
 */
class BrowserActivity : Activity() {
    private var opened = false

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        opened = savedInstanceState?.getBoolean(OPENED) == true
        if (intent.getBooleanExtra(REDIRECTED, false)) leave()
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        setIntent(intent)
        opened = false
        if (intent.getBooleanExtra(REDIRECTED, false)) leave()
    }

    override fun onResume() {
        super.onResume()
        if (isFinishing) return
        val url = intent.getStringExtra(URL)
        if (opened || url == null) {
            Redirects.close()
            leave()
            return
        }
        opened = true
        try {
            startActivity(CustomTabs.intent(this, Uri.parse(url)))
        } catch (_: ActivityNotFoundException) {
            Redirects.close(UserAgentException.NoBrowser("no app on this device opens web pages"))
            leave()
        }
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putBoolean(OPENED, opened)
    }

    /** Back to the app's own window; where the process had ended and took it along, to the app's first one. */
    private fun leave() {
        if (isTaskRoot) packageManager.getLaunchIntentForPackage(packageName)?.let(::startActivity)
        finish()
    }

    internal companion object {
        const val URL = "com.pforte.android.url"
        const val REDIRECTED = "com.pforte.android.redirected"
        private const val OPENED = "opened"
    }
}

/** The browser comes back here. Hands on what it was given, and brings the app's task to the front; nothing else. */
class RedirectActivity : Activity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        intent.data?.let { Redirects.arrive(it.toString()) }
        startActivity(
            Intent(this, BrowserActivity::class.java)
                .putExtra(BrowserActivity.REDIRECTED, true)
                .addFlags(Intent.FLAG_ACTIVITY_CLEAR_TOP or Intent.FLAG_ACTIVITY_SINGLE_TOP or Intent.FLAG_ACTIVITY_NEW_TASK),
        )
        finish()
    }
}
