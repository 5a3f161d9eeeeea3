package com.pforte

import com.pforte.ffi.AppCallSteps
import com.pforte.ffi.Caller
import com.pforte.ffi.Config
import com.pforte.ffi.CoreException
import com.pforte.ffi.DirectRoute
import com.pforte.ffi.PforteCore
import com.pforte.ffi.PforteCoreInterface
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.SendChannel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.receiveAsFlow
import java.nio.file.Path
import java.util.Locale

/**
 * One app's client; one instance a process and account.
 *
 * Every call leaves the calling thread at once and comes back on the caller's dispatcher. Cancelling a coroutine ends
 * the waiting, never the work: a token rotation under way runs to its end. Calls throw [PforteException] only,
 * or [IllegalStateException] after [close].
 *
 * ```kotlin
 * val pforte = Pforte.open(
 *     policy = Policy.fromFolder(Path.of("policy")),
 *     provider = Provider.auth0(domain = "portal.eu.auth0.com", clientId = clientId),
 *     redirectUri = "com.example.portal:/callback",
 *     ports = ports,
 *     folder = Path.of("vault"),
 * )
 * when (val entry = pforte.enter("review.write")) {
 *     is Entry.Cleared -> editor.show()
 *     is Entry.Stopped -> show(entry.reason)
 *     is Entry.Abandoned -> Unit
 * }
 * ```
 */
class Pforte internal constructor(
    private val core: PforteCoreInterface,
) : AutoCloseable {
    private val statuses = MutableStateFlow(core.status().toStatus())
    private val steps = MutableSharedFlow<TouchpointEvent>(extraBufferCapacity = 256, onBufferOverflow = BufferOverflow.DROP_OLDEST)

    private val ends = Channel<Resumed>(Channel.UNLIMITED)

    /** The status, starting with the present one. */
    val status: StateFlow<Status> = statuses.asStateFlow()

    /** The touchpoint events from now on. A collector that falls 256 behind misses the oldest. */
    val events: SharedFlow<TouchpointEvent> = steps.asSharedFlow()

    /** The ends of visits that began in an earlier process. Each is kept until it is collected, and goes to one collector. */
    val resumed: Flow<Resumed> = ends.receiveAsFlow()

    /** What the person agreed to: seen and changed at any time, offline too. */
    val consent: Consent = Consent(core)

    /** The gate before the session: turned on and off by the person. */
    val security: Security = Security(core)

    init {
        core.observe(Forwarding(statuses, steps, ends))
    }

    /**
     * May this go ahead? Asks what is missing, one thing at a time, until the touchpoint is cleared or given up.
     *
     * A second call for the same touchpoint joins the first. Cancelling every calling coroutine takes the ask off the
     * screen; that counts as interrupted, not as given up, and the next call resumes at the same ask.
     */
    suspend fun enter(touchpoint: String): Entry = asCaller { core.enter(touchpoint, it).toEntry() }

    /** Answers a server's step-up challenge; then the call can be made again (RFC 9470). */
    suspend fun enter(challenge: Challenge): Entry = asCaller { core.enterChallenge(challenge, it).toEntry() }

    /**
     * The next turn on the way to [touchpoint], for an app that draws its own screens: an ask, or the end.
     *
     * The presenter is not used. Called again before the answer it gives the same ask, after the end of the process, too.
     */
    suspend fun next(touchpoint: String): Turn = translated { core.next(touchpoint).toTurn() }

    /**
     * Takes the [answer] to an [ask] of [next] in, and gives the next turn.
     *
     * @throws PforteException.Retry if the ask is no longer open; nothing was changed then.
     */
    suspend fun answer(
        ask: Ask,
        answer: Answer,
    ): Turn = translated { core.answer(ask, answer).toTurn() }

    /**
     * Enters [touchpoint], runs [block], and runs it once more after a server's step-up challenge was answered.
     *
     * @throws PforteException.NotCleared if the policy stopped the person or they gave up; [block] has then not run,
     * or its challenge was not answered.
     */
    suspend fun <T> call(
        touchpoint: String,
        block: suspend () -> T,
    ): T {
        enter(touchpoint).orNotCleared()
        return try {
            block()
        } catch (needed: PforteException.StepUpNeeded) {
            enter(needed.challenge).orNotCleared()
            block()
        }
    }

    /** Signs in outside any touchpoint, for a plain "sign in" button; by [route], or by the policy's first. */
    suspend fun signIn(route: String? = null) = translated { core.signIn(route) }

    /**
     * Hands over a redirect [url] that reached the app by another way, after the process had ended during sign-in.
     *
     * Returns when the sign-in is done; the visit that had led to it goes on by itself and ends in [resumed].
     */
    suspend fun resume(url: String) = translated { core.resume(url) }

    /** Opens the locked session: a key operation behind finger or face, not a boolean. */
    suspend fun unlock() = translated { core.unlock() }

    /** Locks at once; ends a prompt on the screen. */
    suspend fun lock() = translated { core.lock() }

    /**
     * The app left the front: locks where the policy says so. Not to be called for a departure to the browser or a
     * prompt of our own.
     */
    suspend fun enteredBackground() = translated { core.enteredBackground() }

    /** The app is in front again: locks where it was away for too long. */
    suspend fun enteredForeground() = translated { core.enteredForeground() }

    /**
     * The app is about to leave the front for something of its own, such as the camera: for five minutes that does not
     * lock. Browser and prompts announce themselves.
     */
    suspend fun announceDeparture() = translated { core.announceDeparture() }

    /**
     * The person did something in the app: where the policy locks an idle session, its time begins anew. Unlocking, choosing
     * and filling in count by themselves; calls do not, because an app that polls would never be idle.
     */
    suspend fun used() = translated { core.used() }

    /** Takes an unlock prompt off the screen; the call that showed it ends with [PforteException.Cancelled]. */
    suspend fun cancelUnlock() = translated { core.cancelUnlock() }

    /** Ends the session on this device at once, then at the provider. */
    suspend fun signOut(): SignOutReport = translated { core.signOut() }

    /**
     * Signs out on this device, and then ends the provider's own session in the browser, so that its next page asks who is
     * there. [postLogoutRedirectUri] is registered at the provider.
     */
    suspend fun signOutInBrowser(postLogoutRedirectUri: String): SignOutReport = translated { core.signOutInBrowser(postLogoutRedirectUri) }

    /**
     * Signs in with another [token] (RFC 8693), such as the ID token of a native social sign-in. [tokenType] is its
     * identifier, such as `urn:ietf:params:oauth:token-type:id_token`.
     */
    suspend fun signInWithToken(
        token: String,
        tokenType: String,
    ) = translated { core.signInWithToken(token, tokenType) }

    /** Signs in on another device: gives out what the person types there. One that is still under way is taken up. */
    suspend fun signInOnOtherDevice(): OtherDeviceSignIn = OtherDeviceSignIn(translated { core.signInOnOtherDevice() })

    /**
     * Signs in without a page, in Auth0's or Okta's own steps: a code, a passkey, a social provider's own SDK, or a
     * confirmation on another device. The page ([enter], [signIn]) works everywhere and learns new ways by itself; this is
     * for an app that must draw the steps itself.
     */
    suspend fun signInDirectly(route: DirectRoute): DirectSignIn = DirectSignIn(translated { core.signInDirectly(route) })

    /** Asks the provider for the person's details, where it puts none into the ID token (OIDC Core 1.0, section 5.3). */
    suspend fun fetchProfile() = translated { core.fetchProfile() }

    /** The public key to register at the provider under [keyId] for `private_key_jwt`, as a JWK: this installation's own. */
    suspend fun clientJwk(keyId: String): String = translated { core.clientJwk(keyId) }

    /**
     * Signs the account out and removes everything of it from this device, the consent ledger included: export it before.
     * Other accounts stay as they are. Close this client afterwards.
     */
    suspend fun removeAccount(): SignOutReport = translated { core.removeAccount() }

    /** Takes over a session that another library began, by its [refreshToken], so that nobody has to sign in again. */
    suspend fun adopt(refreshToken: String) = translated { core.adopt(refreshToken) }

    /**
     * Makes an authorised call to a listed API origin. Token, refresh and one retry after a refused token stay inside.
     *
     * @throws PforteException.StepUpNeeded if the server wants more assurance; [call] answers that by itself.
     */
    suspend fun send(request: HttpRequest): HttpResponse = translated { core.send(request) }

    /** Begins a call to a listed API origin that the app's own HTTP stack makes; `pforte.interceptor` does it for OkHttp. */
    internal suspend fun beginCall(
        method: String,
        url: String,
    ): AppCallSteps = translated { core.beginCall(method, url) }

    /**
     * The headers that authorise one sending of [request] by another HTTP stack: `authorization`, and `dpop` where the token
     * is bound to this device.
     */
    suspend fun authorize(request: HttpRequest): List<Header> = translated { core.authorize(request) }

    /** The `Authorization` header's value for a request that another HTTP stack makes to a listed API origin. */
    suspend fun authorization(url: String): String = translated { core.authorization(url) }

    /**
     * Tracks [event] for [purpose]. Returns whether it waits to be delivered: without a live grant it is dropped, here and
     * once more before it leaves the device. A name is lower-case letters, digits, dots, hyphens and underscores.
     */
    suspend fun track(
        event: String,
        purpose: String,
    ): Boolean = translated { core.track(event, purpose) }

    /** Hands tracked events to [sink] from now on, first those that wait; again after trouble, to go on. */
    suspend fun deliverEvents(sink: EventSink) = translated { core.deliverEvents(ForwardingSink(sink)) }

    /**
     * Has [writer] told of each detail that the person fills in, from now on and of those that wait: once it is sealed on this
     * device, and while the session is open. What it took has the source `account` then.
     */
    suspend fun writeProfileTo(writer: ProfileWriter) = translated { core.writeProfileTo(ForwardingProfileWriter(writer)) }

    /** The last transitions in words, newest first, for the app's support screen. */
    fun why(): List<String> = core.why()

    /** Lets go of the client: the flows stop, calls under way run to their end. */
    override fun close() {
        (core as? AutoCloseable)?.close()
    }

    companion object {
        /** The accounts that keep something in [folder], in the order of their names. Opens none of them. */
        suspend fun accounts(folder: Path): List<String> = translated { com.pforte.ffi.accounts(folder.toString()) }

        /**
         * Opens the client: reads the policy, the vault's open part and the clock. Prompts nobody, uses no network.
         *
         * @param folder where the sealed files go: private to the app, excluded from backups; made where it is missing.
         * @param redirectUri where the browser comes back to, exactly as registered at the provider.
         * @param locale the person's language (BCP 47); falls back to the policy's default language.
         * @param apiOrigins the origins (`https://host[:port]`) that may receive the access token, and no other.
         * @param account names the account's vault on this device.
         * @param consentService where a known person's consents are kept beside this device.
         * @param controller who is responsible for the data, for exports.
         */
        suspend fun open(
            policy: PolicyFolder,
            provider: com.pforte.ffi.Provider,
            redirectUri: String,
            ports: Ports,
            folder: Path,
            locale: String = Locale.getDefault().toLanguageTag(),
            apiOrigins: List<String> = emptyList(),
            account: String = "main",
            consentService: ConsentService? = null,
            controller: Controller? = null,
        ): Pforte {
            val config = Config(policy, provider, redirectUri, locale, apiOrigins, account, consentService, controller)
            return Pforte(translated { PforteCore.start(config, ports, folder.toString()) })
        }
    }
}

/** Holds the flows and not the client: what is told must not keep alive who tells. */
private class Forwarding(
    private val statuses: MutableStateFlow<Status>,
    private val steps: MutableSharedFlow<TouchpointEvent>,
    private val ends: SendChannel<Resumed>,
) : com.pforte.ffi.Observer {
    override fun onStatus(status: com.pforte.ffi.Status) {
        statuses.value = status.toStatus()
    }

    override fun onEvent(event: TouchpointEvent) {
        steps.tryEmit(event)
    }

    override fun onResumed(resumed: com.pforte.ffi.Resumed) {
        ends.trySend(resumed.toResumed())
    }
}

/** Tells the core when the calling coroutine is cancelled: dropping the call alone does not reach it. */
private suspend inline fun <T> asCaller(crossinline enter: suspend (Caller) -> T): T =
    Caller().use { caller ->
        try {
            translated { enter(caller) }
        } catch (cancelled: CancellationException) {
            caller.cancel()
            throw cancelled
        }
    }

private fun Entry.orNotCleared() {
    if (this !is Entry.Cleared) throw PforteException.NotCleared(this)
}

/** Runs a call of the core; what it throws arrives as a [PforteException]. */
internal suspend inline fun <T> translated(crossinline call: suspend () -> T): T =
    try {
        call()
    } catch (error: CoreException) {
        throw error.toPforteException()
    }
