@_exported import PforteGenerated

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One app's client: may this go ahead, and if not, what is the one thing to ask next?
///
/// One instance a process and account. Every call may be made from any task; work leaves the caller's thread, and
/// cancelling the caller ends its waiting, never a rotation or a write under way.
public final class Pforte: Sendable {
    let core: PforteCore
    private let feed: Feed

    /// The person's consents: what, for whom, since when, how to revoke.
    public let consent: Consents

    /// The gate before the session: turned on and off by the person.
    public let security: Security

    private init(core: PforteCore, feed: Feed) {
        self.core = core
        self.feed = feed
        security = Security(core: core)
        consent = Consents(core: core)
    }

    /// Opens the client: reads the policy and the account's files. Prompts nobody, uses no network.
    ///
    /// `folder` is private to the app and excluded from backups. Only `apiOrigins` ever receive the access token.
    public static func open(
        policy: Policy,
        provider: Provider,
        redirectURI: String,
        ports: Ports,
        folder: URL,
        apiOrigins: [String] = [],
        locale: String = Locale.current.identifier(.bcp47),
        account: String = "main",
        consentService: ConsentService? = nil,
        controller: Controller? = nil
    ) async throws -> Pforte {
        let config = Config(
            policy: policy.folder,
            provider: provider,
            redirectUri: redirectURI,
            locale: locale,
            apiOrigins: apiOrigins,
            account: account,
            consentService: consentService,
            controller: controller
        )
        return try await PforteError.rethrown {
            let core = try await PforteCore.start(config: config, ports: ports, folder: folder.path)
            let feed = Feed(current: core.status())
            core.observe(observer: feed)
            return Pforte(core: core, feed: feed)
        }
    }

    /// May this go ahead? Asks what is missing, one thing at a time, until the touchpoint is cleared or given up.
    ///
    /// A second call for the same touchpoint joins the first. Cancelling every calling task takes the ask off the screen;
    /// that counts as interrupted, not as given up, and the next call resumes at the same ask.
    public func enter(_ touchpoint: String) async throws -> Entry {
        try await asCaller { try await $0.enter(touchpoint: touchpoint, caller: $1) }
    }

    /// Answers a server's step-up challenge (RFC 9470); then the call can be made again.
    public func enter(_ challenge: Challenge) async throws -> Entry {
        try await asCaller { try await $0.enterChallenge(challenge: challenge, caller: $1) }
    }

    private func asCaller<Result>(
        _ enter: (PforteCore, Caller) async throws -> Result
    ) async throws -> Result {
        let caller = Caller()
        return try await PforteError.rethrown {
            try await withTaskCancellationHandler {
                try await enter(core, caller)
            } onCancel: {
                caller.cancel()
            }
        }
    }

    /// The next turn on the way to a touchpoint, for an app that draws its own screens: an ask, or the end.
    ///
    /// The presenter is not used. Called again before the answer it gives the same ask, after the end of the process, too.
    public func next(_ touchpoint: String) async throws -> Turn {
        try await PforteError.rethrown { try await core.next(touchpoint: touchpoint) }
    }

    /// Takes the answer to an ask of `next` in, and gives the next turn.
    ///
    /// An answer to an ask that is no longer open changes nothing and throws `retry`.
    public func answer(_ ask: Ask, _ answer: Answer) async throws -> Turn {
        try await PforteError.rethrown { try await core.answer(ask: ask, answer: answer) }
    }

    /// Enters the touchpoint, runs `work`, and runs it once more after a server's step-up challenge was answered.
    ///
    /// Throws `notCleared` if the policy stopped the person or they gave up; `work` has then not run, or its challenge was
    /// not answered.
    public func call<Result: Sendable>(
        _ touchpoint: String,
        _ work: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await enter(touchpoint).orNotCleared()
        do {
            return try await work()
        } catch PforteError.stepUpNeeded(let challenge, _) {
            try await enter(challenge).orNotCleared()
            return try await work()
        }
    }

    /// Signs in outside any touchpoint, for a plain "sign in" button.
    public func signIn(route: String? = nil) async throws {
        try await PforteError.rethrown { try await core.signIn(route: route) }
    }

    /// Hands over a redirect that reached the app by another way, after the process had ended during sign-in.
    ///
    /// Returns when the sign-in is done; the visit that had led to it goes on by itself and ends in `resumed`.
    public func resume(_ callback: URL) async throws {
        try await PforteError.rethrown { try await core.resume(callbackUrl: callback.absoluteString) }
    }

    /// Opens the locked session: a key operation behind finger or face.
    public func unlock() async throws {
        try await PforteError.rethrown { try await core.unlock() }
    }

    /// Locks at once; ends a prompt on the screen.
    public func lock() async throws {
        try await PforteError.rethrown { try await core.lock() }
    }

    /// The app left the front: locks where the policy says so.
    public func enteredBackground() async throws {
        try await PforteError.rethrown { try await core.enteredBackground() }
    }

    /// The app is in front again: locks where it was away for too long.
    public func enteredForeground() async throws {
        try await PforteError.rethrown { try await core.enteredForeground() }
    }

    /// The app is about to leave the front for something of its own, such as the camera: for five minutes that does not
    /// lock. Browser and prompts announce themselves.
    public func announceDeparture() async throws {
        try await PforteError.rethrown { try await core.announceDeparture() }
    }

    /// The person did something in the app: where the policy locks an idle session, its time begins anew. Unlocking,
    /// choosing and filling in count by themselves; calls do not, because an app that polls would never be idle.
    public func used() async throws {
        try await PforteError.rethrown { try await core.used() }
    }

    /// Takes an unlock prompt off the screen; the call that showed it throws `cancelled`.
    public func cancelUnlock() async throws {
        try await PforteError.rethrown { try await core.cancelUnlock() }
    }

    /// The accounts that keep something in `folder`, in the order of their names. Opens none of them.
    public static func accounts(in folder: URL) async throws -> [String] {
        try await PforteError.rethrown { try await PforteGenerated.accounts(folder: folder.path) }
    }

    /// Signs the account out and removes everything of it from this device, the consent ledger included: export it before.
    /// Other accounts stay as they are. The client is of no use afterwards.
    @discardableResult
    public func removeAccount() async throws -> SignOutReport {
        try await PforteError.rethrown { try await core.removeAccount() }
    }

    /// Ends the session on this device at once, then at the provider.
    @discardableResult
    public func signOut() async throws -> SignOutReport {
        try await PforteError.rethrown { try await core.signOut() }
    }

    /// Signs out on this device, and then ends the provider's own session in the browser, so that its next page asks who
    /// is there. `postLogoutRedirectURI` is registered at the provider.
    @discardableResult
    public func signOutInBrowser(postLogoutRedirectURI: String) async throws -> SignOutReport {
        try await PforteError.rethrown {
            try await core.signOutInBrowser(postLogoutRedirectUri: postLogoutRedirectURI)
        }
    }

    /// Signs in with another token (RFC 8693), such as the ID token of a native social sign-in. `type` is its identifier,
    /// such as `urn:ietf:params:oauth:token-type:id_token`.
    public func signIn(token: String, type: String) async throws {
        try await PforteError.rethrown { try await core.signInWithToken(token: token, tokenType: type) }
    }

    /// Signs in on another device: gives out what the person types there. One that is still under way is taken up.
    public func signInOnOtherDevice() async throws -> OtherDeviceSignIn {
        try await PforteError.rethrown { OtherDeviceSignIn(waiting: try await core.signInOnOtherDevice()) }
    }

    /// Signs in without a page, in Auth0's or Okta's own steps: a code, a passkey, a social provider's own SDK, or a
    /// confirmation on another device. The page (`enter`, `signIn`) works everywhere and learns new ways by itself; this
    /// is for an app that must draw the steps itself.
    public func signInDirectly(_ route: DirectRoute) async throws -> DirectSignIn {
        try await PforteError.rethrown { DirectSignIn(steps: try await core.signInDirectly(route: route)) }
    }

    /// Asks the provider for the person's details, where it puts none into the ID token (OIDC Core 1.0, section 5.3).
    public func fetchProfile() async throws {
        try await PforteError.rethrown { try await core.fetchProfile() }
    }

    /// The public key to register at the provider under `keyID` for `private_key_jwt`, as a JWK: this installation's own.
    public func clientJWK(keyID: String) async throws -> String {
        try await PforteError.rethrown { try await core.clientJwk(keyId: keyID) }
    }

    /// Takes over a session that another library began, by its refresh token, so that nobody has to sign in again.
    public func adopt(refreshToken: String) async throws {
        try await PforteError.rethrown { try await core.adopt(refreshToken: refreshToken) }
    }

    /// Makes an authorised call to a listed API origin; token, refresh and one retry stay inside.
    public func send(_ request: HttpRequest) async throws -> HttpResponse {
        try await PforteError.rethrown { try await core.send(request: request) }
    }

    /// The `Authorization` header's value for a request that another HTTP stack makes to a listed API origin.
    public func authorization(for url: URL) async throws -> String {
        try await PforteError.rethrown { try await core.authorization(url: url.absoluteString) }
    }

    /// The status: each iterator is independent and starts with the present one.
    public var status: AsyncStream<Status> { feed.statuses() }

    /// The status now.
    public var currentStatus: Status { core.status() }

    /// The touchpoint events from now on; each iterator is independent.
    public var events: AsyncStream<TouchpointEvent> { feed.events() }

    /// The ends of visits that began in an earlier process. An end that nobody listened to goes to the first iterator.
    public var resumed: AsyncStream<Resumed> { feed.resumed() }

    /// Tracks an event for a purpose. Returns whether it waits to be delivered: without a live grant it is dropped, here and
    /// once more before it leaves the device. A name is lower-case letters, digits, dots, hyphens and underscores.
    @discardableResult
    public func track(_ event: String, purpose: String) async throws -> Bool {
        try await PforteError.rethrown { try await core.track(event: event, purpose: purpose) }
    }

    /// Hands tracked events to `take` from now on, first those that wait; again after trouble, to go on. Called on a thread
    /// that may block, one event at a time; it must not call back into Pforte. What it throws on is offered again.
    public func deliverEvents(to take: @escaping @Sendable (TrackedEvent) throws -> Void) async throws {
        try await PforteError.rethrown { try await core.deliverEvents(sink: ForwardingSink(take)) }
    }

    /// The last transitions in words, newest first, for the app's support screen.
    public func why() -> [String] { core.why() }
}
