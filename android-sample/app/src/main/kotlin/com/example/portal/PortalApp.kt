package com.example.portal

import android.app.Application
import com.example.portal.asks.PortalPresenter
import com.pforte.Pforte
import com.pforte.Policy
import com.pforte.Provider
import com.pforte.android.AndroidHost
import com.pforte.android.fromAssets
import com.pforte.android.open
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async

/**
 * The hotel portal. It opens Pforte once a process, and holds no token: who may do what is asked of Pforte, and calls to
 * the portal's server go through it.
 */
open class PortalApp : Application() {
    /** Draws Pforte's questions in this app's own style. Leave it out, and the library's ready-made screens ask. */
    val presenter = PortalPresenter()

    /** Who signs people in. */
    open val provider get() = Provider.auth0(domain = "portal.eu.auth0.com", clientId = "the-client-id")

    /** The portal's own server; the only one that gets an access token. */
    open val server get() = "https://api.portal.example"

    /** The device, as Pforte uses it. */
    open val host get() = AndroidHost(this, presenter)

    /** The client, opened when it is first asked for. */
    open val pforte: Deferred<Pforte> by lazy(::opened)

    protected fun opened(): Deferred<Pforte> =
        CoroutineScope(SupervisorJob() + Dispatchers.Default).async {
            Pforte.open(
                context = this@PortalApp,
                policy = Policy.fromAssets("policy"),
                provider = provider,
                redirectUri = "com.example.portal:/callback",
                host = host,
                locale = resources.configuration.locales[0].toLanguageTag(),
                apiOrigins = listOf(server),
            )
        }
}
