import PforteApple
import SwiftUI

/// The hotel portal. It opens Pforte once, and holds no token: who may do what is asked of Pforte, and calls to the portal's
/// server go through it.
@main
struct PortalApp: App {
    @StateObject private var portal = Portal(opening: Settings())

    var body: some Scene {
        WindowGroup { PortalScreens(portal: portal, presenter: portal.presenter) }
    }
}

/// What this app is set to. A test opens it with its own.
struct Settings: Sendable {
    /// Who signs people in.
    var provider = Provider.auth0(domain: "portal.eu.auth0.com", clientID: "the-client-id")

    /// The portal's own server; the only one that gets an access token.
    var server = "https://api.portal.example"

    /// The policy: a folder of the app's resources.
    var policy: @Sendable () throws -> Policy = { try Policy.bundled("portal") }

    /// The language that Pforte asks in: the one of the person's that the app itself speaks.
    var locale = Bundle.main.preferredLocalizations.first ?? "en"

    /// Where the sealed files lie; nothing for Pforte's own place.
    var folder: URL?

    /// Leave the presenter out, and the library's ready-made screens ask.
    func open(_ presenter: PortalPresenter) async throws -> Pforte {
        var host = AppleHost(presenter: presenter)
        host.folder = folder
        return try await Pforte.open(
            policy: policy(),
            provider: provider,
            redirectURI: "com.example.portal:/callback",
            host: host,
            apiOrigins: [server],
            locale: locale)
    }
}
