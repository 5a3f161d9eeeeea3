package com.pforte

import com.pforte.ffi.LocaleTexts
import com.pforte.ffi.auth0Provider
import com.pforte.ffi.developmentProvider
import com.pforte.ffi.keycloakProvider
import com.pforte.ffi.oidcProvider
import com.pforte.ffi.oktaProvider
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.exists
import kotlin.io.path.isDirectory
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.nameWithoutExtension

/** The identity provider, for [Pforte.open]. What these return is a data class: `copy` sets what a provider needs else. */
object Provider {
    /** An OpenID provider by its issuer. */
    fun oidc(
        issuer: String,
        clientId: String,
    ): com.pforte.ffi.Provider = oidcProvider(issuer, clientId)

    /** An Auth0 tenant by its domain, such as `portal.eu.auth0.com`; [audience] is the API the access token is for. */
    fun auth0(
        domain: String,
        clientId: String,
        audience: String? = null,
    ): com.pforte.ffi.Provider = auth0Provider(domain, clientId, audience)

    /** A Keycloak realm by the server's base URL and the realm's name. */
    fun keycloak(
        base: String,
        realm: String,
        clientId: String,
    ): com.pforte.ffi.Provider = keycloakProvider(base, realm, clientId)

    /** An Okta authorization server by its issuer, such as `https://example.okta.com/oauth2/default`. */
    fun okta(
        issuer: String,
        clientId: String,
    ): com.pforte.ffi.Provider = oktaProvider(issuer, clientId)

    /** A provider on this machine, reached without TLS. For development only. */
    fun development(
        issuer: String,
        clientId: String,
    ): com.pforte.ffi.Provider = developmentProvider(issuer, clientId)
}

/** The policy, for [Pforte.open]. */
object Policy {
    /**
     * Reads `policy.toml` and `texts/LOCALE.toml` from [folder], on the calling thread.
     *
     * @throws PforteException.FixConfiguration if a file is missing or can't be read.
     */
    fun fromFolder(folder: Path): PolicyFolder {
        val texts = folder.resolve("texts")
        if (!texts.isDirectory()) throw missing(texts)
        return PolicyFolder(
            policyToml = text(folder.resolve("policy.toml")),
            texts = texts.listDirectoryEntries("*.toml").sorted().map { LocaleTexts(it.nameWithoutExtension, text(it)) },
        )
    }

    private fun text(file: Path): String {
        if (!file.exists()) throw missing(file)
        return try {
            Files.readString(file)
        } catch (error: java.io.IOException) {
            throw PforteException.FixConfiguration("$file can't be read as UTF-8 text.").apply { initCause(error) }
        }
    }

    private fun missing(file: Path) =
        PforteException.FixConfiguration(
            "$file is missing. The policy folder holds policy.toml and texts/LOCALE.toml; ship it with the app.",
        )
}
