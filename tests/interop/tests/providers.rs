//! Feature by provider: what each identity server that is running can do, asked by our own steps.
//!
//! `PFORTE_OP` names the issuer of `oidc-provider` (`op.mjs`), `PFORTE_KEYCLOAK` Keycloak's base URL; one of the two is
//! enough. The development provider is started here.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and this one reports"
)]

use pforte_interop::{Cell, Table, Target, features};
use pforte_oauth::{ProviderSettings, Vendor};
use pforte_provider::{Offer, Provider, Settings};

/// What must work at the certified provider.
const OP_MUST: &[&str] = &[
    "discovery",
    "authorization code with PKCE S256",
    "iss in the response (RFC 9207)",
    "pushed authorization requests (RFC 9126)",
    "UserInfo",
    "refresh token rotation",
    "replay of a rotated token is refused",
    "DPoP: token bound to the device's key (RFC 9449)",
    "DPoP: refresh",
    "DPoP: UserInfo",
    "DPoP: a bound token as Bearer is refused",
    "DPoP: refresh without a proof is refused",
    "DPoP: nonces",
    "resource indicators (RFC 8707)",
    "step-up by acr",
    "device grant (RFC 8628)",
    "revocation (RFC 7009)",
    "RP-initiated logout",
];

/// What must work at Keycloak.
const KEYCLOAK_MUST: &[&str] = &[
    "discovery",
    "authorization code with PKCE S256",
    "iss in the response (RFC 9207)",
    "pushed authorization requests (RFC 9126)",
    "UserInfo",
    "refresh token rotation",
    "replay of a rotated token is refused",
    "DPoP: token bound to the device's key (RFC 9449)",
    "DPoP: refresh",
    "DPoP: UserInfo",
    "DPoP: a bound token as Bearer is refused",
    "DPoP: refresh without a proof is refused",
    "step-up by acr",
    "prompt=none",
    "device grant (RFC 8628)",
    "token exchange (RFC 8693)",
    "brokered social sign-in",
    "revocation (RFC 7009)",
    "RP-initiated logout",
];

/// What must work at the development provider.
const DEVELOPMENT_MUST: &[&str] = &[
    "discovery",
    "authorization code with PKCE S256",
    "iss in the response (RFC 9207)",
    "pushed authorization requests (RFC 9126)",
    "DPoP: token bound to the device's key (RFC 9449)",
    "DPoP: refresh",
    "DPoP: UserInfo",
    "DPoP: a bound token as Bearer is refused",
    "DPoP: refresh without a proof is refused",
    "DPoP: nonces",
    "UserInfo",
    "refresh token rotation",
    "replay of a rotated token is refused",
    "resource indicators (RFC 8707)",
    "step-up by acr",
    "prompt=none",
    "revocation (RFC 7009)",
    "RP-initiated logout",
];

fn settings(issuer: &str, scopes: &[&str]) -> ProviderSettings {
    ProviderSettings {
        redirect_uri: "com.example.portal:/callback".to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        allow_loopback_http: true,
        ..ProviderSettings::oidc(issuer, "portal-app")
    }
}

fn one_client(name: &'static str, issuer: &str, levels: [&str; 2]) -> Target {
    let client = || "portal-app".to_owned();
    Target {
        name,
        settings: settings(issuer, &["openid", "profile", "email", "offline_access"]),
        dpop_client: client(),
        par_client: client(),
        device_client: client(),
        exchange_client: None,
        person: "alice".to_owned(),
        social_person: "bob".to_owned(),
        levels: levels.map(str::to_owned),
        resource: "https://api.portal.example/".to_owned(),
        post_logout_redirect_uri: "com.example.portal:/signed-out".to_owned(),
    }
}

fn oidc_provider(issuer: &str) -> Target {
    one_client("oidc-provider 9.13.3", issuer, ["urn:portal:known", "urn:portal:verified"])
}

fn keycloak(base: &str) -> Target {
    // No offline_access: Keycloak's ordinary refresh tokens end with the session, which is what is tested here.
    let settings = ProviderSettings {
        vendor: Vendor::Keycloak,
        ..settings(&format!("{base}/realms/portal"), &["openid", "profile", "email"])
    };
    Target {
        settings,
        dpop_client: "portal-app-dpop".to_owned(),
        par_client: "portal-app-par".to_owned(),
        device_client: "portal-tv".to_owned(),
        exchange_client: Some(("portal-exchange".to_owned(), "exchange-secret".to_owned())),
        ..one_client("Keycloak 26.7.3", base, ["urn:portal:known", "urn:portal:verified"])
    }
}

/// The development provider with everything it can do.
fn everything_offered() -> Settings {
    Settings {
        par: Offer::Offered,
        dpop: Offer::Offered,
        dpop_nonces: true,
        device_grant: true,
        token_exchange: true,
        ..Settings::default()
    }
}

/// Asks one provider, adds its column, and gives what must work and does not.
async fn ask(target: Target, must: &[&str], table: &mut Table) -> Vec<String> {
    let cells = features::ask_all(&target).await;
    let named: Vec<&str> = cells.iter().map(|(feature, _)| *feature).collect();
    assert!(must.iter().all(|feature| named.contains(feature)), "a feature that must work is not asked for");
    let missing = cells
        .iter()
        .filter(|(feature, cell)| must.contains(feature) && *cell != Cell::Yes)
        .map(|(feature, cell)| format!("{}, {feature}: {cell}", target.name))
        .collect();
    table.add(target.name, cells);
    missing
}

#[tokio::test(flavor = "multi_thread")]
async fn what_each_provider_can_do() {
    let (op, keycloak_base) = (std::env::var("PFORTE_OP").ok(), std::env::var("PFORTE_KEYCLOAK").ok());
    assert!(
        op.is_some() || keycloak_base.is_some(),
        "neither PFORTE_OP nor PFORTE_KEYCLOAK is set; run `cargo xtask test interop` or `cargo xtask test keycloak`"
    );
    let mut table = Table::default();
    let mut missing = Vec::new();
    if let Some(base) = keycloak_base {
        missing.extend(ask(keycloak(&base), KEYCLOAK_MUST, &mut table).await);
    }
    if let Some(issuer) = op {
        missing.extend(ask(oidc_provider(&issuer), OP_MUST, &mut table).await);
    }
    let development = Provider::start(everything_offered()).await.unwrap();
    let target = one_client("development provider", development.issuer(), ["pwd", "mfa"]);
    missing.extend(ask(target, DEVELOPMENT_MUST, &mut table).await);
    println!("\n{table}");
    assert_eq!(missing, Vec::<String>::new(), "these must work");
}
