import Foundation
import PforteGenerated

/// A policy folder: `policy.toml` and `texts/LOCALE.toml`.
public struct Policy: Sendable {
    let folder: PolicyFolder

    /// Takes the files' contents.
    public init(_ folder: PolicyFolder) {
        self.folder = folder
    }

    /// Reads a folder.
    public init(contentsOf folder: URL) throws {
        let texts = folder.appendingPathComponent("texts")
        let files = try FileManager.default.contentsOfDirectory(at: texts, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "toml" }
            .sorted { $0.path < $1.path }
        self.init(
            PolicyFolder(
                policyToml: try String(contentsOf: folder.appendingPathComponent("policy.toml"), encoding: .utf8),
                texts: try files.map {
                    LocaleTexts(
                        locale: $0.deletingPathExtension().lastPathComponent,
                        toml: try String(contentsOf: $0, encoding: .utf8)
                    )
                }
            )
        )
    }

    /// Reads a folder of the app's resources.
    public static func bundled(_ name: String, in bundle: Bundle = .main) throws -> Policy {
        guard let folder = bundle.url(forResource: name, withExtension: nil) else {
            throw PforteError.fixConfiguration(
                hint: "The bundle has no folder `\(name)`: add the policy folder to the target's resources."
            )
        }
        return try Policy(contentsOf: folder)
    }
}

extension Provider {
    /// An OpenID provider by its issuer.
    public static func oidc(issuer: String, clientID: String) -> Provider {
        oidcProvider(issuer: issuer, clientId: clientID)
    }

    /// An Auth0 tenant by its domain, such as `portal.eu.auth0.com`; `audience` is the API the access token is for.
    public static func auth0(domain: String, clientID: String, audience: String? = nil) -> Provider {
        auth0Provider(domain: domain, clientId: clientID, audience: audience)
    }

    /// A Keycloak realm by the server's base URL and the realm's name.
    public static func keycloak(base: String, realm: String, clientID: String) -> Provider {
        keycloakProvider(base: base, realm: realm, clientId: clientID)
    }

    /// An Okta authorization server by its issuer, such as `https://example.okta.com/oauth2/default`.
    public static func okta(issuer: String, clientID: String) -> Provider {
        oktaProvider(issuer: issuer, clientId: clientID)
    }

    /// A provider on this machine, reached without TLS. For development only.
    public static func development(issuer: String, clientID: String) -> Provider {
        developmentProvider(issuer: issuer, clientId: clientID)
    }

    /// This provider with what is given changed.
    public func with(
        name: String? = nil,
        scopes: [String]? = nil,
        refreshGraceSeconds: UInt32? = nil,
        connections: [String: String]? = nil,
        protocol use: PforteGenerated.`Protocol`? = nil
    ) -> Provider {
        Provider(
            name: name ?? self.name,
            kind: kind,
            issuer: issuer,
            clientId: clientId,
            scopes: scopes ?? self.scopes,
            audience: audience,
            refreshGraceSeconds: refreshGraceSeconds ?? self.refreshGraceSeconds,
            connections: connections ?? self.connections,
            allowLoopbackHttp: allowLoopbackHttp,
            protocol: use ?? self.`protocol`
        )
    }
}

extension PforteGenerated.`Protocol` {
    /// This use of the protocol with what is given changed: `provider.with(protocol: provider.protocol.with(dpop: .always))`.
    public func with(
        par: Use? = nil,
        dpop: Use? = nil,
        fapi: Bool? = nil,
        resources: [String]? = nil,
        apis: [Api]? = nil,
        clientKeyID: String? = nil,
        pins: [Pin]? = nil
    ) -> PforteGenerated.`Protocol` {
        PforteGenerated.`Protocol`(
            par: par ?? self.par,
            dpop: dpop ?? self.dpop,
            fapi: fapi ?? self.fapi,
            resources: resources ?? self.resources,
            apis: apis ?? self.apis,
            clientKeyId: clientKeyID ?? clientKeyId,
            pins: pins ?? self.pins
        )
    }
}
