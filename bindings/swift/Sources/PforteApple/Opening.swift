import Foundation
@_exported import Pforte

// Pforte on Apple's platforms: every port, filled with Apple's own frameworks. iOS 16 and macOS 13 on.
//
//   Opening.swift                   `Pforte.open(policy:provider:redirectURI:)`: what an app calls
//   AppleHost.swift                 all ports of one app, each of which can be replaced; the folder of the sealed files
//   AppleGateKey.swift              a key in the Secure Enclave that needs a finger or face for each use
//   AppleDeviceKey.swift            P-256 signing keys in the Secure Enclave, without a prompt
//   AppleSecretStore.swift          small secrets in the keychain
//   WebSignIn.swift                 the provider's pages in ASWebAuthenticationSession
//   AppleBackgroundTime.swift       time to finish work after the app left the front
//   SessionLock.swift               tells the core when the app leaves the front, never when it is merely inactive
//   PlatformOutcomes.swift          the one table from Apple's codes to typed outcomes
//   Asks/                           the ready-made asks: ApplePresenter, AskView
//
// What it never does: hold a window, block the main thread, read a token, or prompt without being asked to.

extension Pforte {
    /// Opens the client on this device. Prompts nobody, uses no network; may be called from the main actor, which it does not
    /// block. The session locks when the app goes to the background, as the policy says.
    ///
    /// - Parameters:
    ///   - redirectURI: where the browser comes back to, exactly as registered at the provider. A scheme of the app's own
    ///     needs no line in Info.plist; `https` needs an associated domain, and iOS 17.4 or macOS 14.4.
    ///   - host: all ports; `AppleHost` lets one be replaced.
    ///   - apiOrigins: the origins (`https://host[:port]`) that may receive the access token.
    /// - Throws: `fixConfiguration`, which names what is missing.
    public static func open(
        policy: Policy,
        provider: Provider,
        redirectURI: String,
        host: AppleHost = AppleHost(),
        apiOrigins: [String] = [],
        locale: String = Locale.preferredLanguages.first ?? "en",
        account: String = "main",
        consentService: ConsentService? = nil,
        controller: Controller? = nil
    ) async throws -> Pforte {
        let folder = try host.preparedFolder()
        await (host.backgroundTime as? AppleBackgroundTime)?.prepare()
        let pforte = try await open(
            policy: policy,
            provider: provider,
            redirectURI: redirectURI,
            ports: host.ports,
            folder: folder,
            apiOrigins: apiOrigins,
            locale: locale,
            account: account,
            consentService: consentService,
            controller: controller
        )
        await SessionLock.follow(pforte)
        return pforte
    }
}
