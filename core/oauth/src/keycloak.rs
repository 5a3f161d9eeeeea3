//! Where Keycloak differs from the specifications, in one place.
//!
//! - The issuer is the server's base URL and the realm: `https://id.example.com/realms/REALM`.
//! - A brokered provider is chosen by `kc_idp_hint`.
//! - Rotated refresh tokens are counted, not timed: `refreshTokenMaxReuse` uses are accepted, so the grace stays 0.
//! - It asks for no DPoP nonces, and refuses a proof as `invalid_request`, where RFC 9449 has `invalid_dpop_proof`.

use crate::OauthError;
use crate::settings::{ProviderSettings, Vendor};

pub(crate) const IDENTITY_PROVIDER: &str = "kc_idp_hint";

impl ProviderSettings {
    /// A Keycloak realm by the server's base URL, such as `https://id.example.com`, and the realm's name.
    pub fn keycloak(base: impl AsRef<str>, realm: impl AsRef<str>, client_id: impl Into<String>) -> Self {
        let issuer = format!("{}/realms/{}", base.as_ref().trim_end_matches('/'), realm.as_ref());
        Self { vendor: Vendor::Keycloak, ..Self::oidc(issuer, client_id) }
    }
}

/// Whether Keycloak refused the proof that was sent, in its own words.
pub(crate) fn refuses_proof(code: &str, description: &str) -> bool {
    code == "invalid_request" && description.starts_with("DPoP proof") && !description.contains("missing")
}

/// Keycloak's own words for what is wrong with a setting.
pub(crate) fn setting_to_change(code: &str, description: &str) -> Option<OauthError> {
    let hint = match code {
        "unauthorized_client" if description.contains("Device Authorization Grant") => {
            "Keycloak does not allow the device grant for the client; turn it on under Clients > CLIENT > Capability config \
             > OAuth 2.0 Device Authorization Grant"
        }
        "invalid_request" | "access_denied" if description.contains("token exchange is not enabled") => {
            "Keycloak does not allow token exchange for the client; turn it on under Clients > CLIENT > Capability config > \
             Standard token exchange"
        }
        "not_allowed" if description.contains("Offline tokens not allowed") => {
            "Keycloak gives this person or client no offline tokens; give the role offline_access, or remove offline_access \
             from scopes"
        }
        "invalid_request" if description.contains("DPoP proof is missing") => {
            "the Keycloak client demands DPoP; turn dpop on, or turn off 'Require DPoP bound tokens' under Clients > CLIENT > \
             Capability config"
        }
        "invalid_request" if refuses_proof(code, description) => {
            "Keycloak refused the DPoP proof; check the date and time of this device"
        }
        "invalid_scope" if description.contains("Invalid scopes") => {
            "Keycloak does not know a scope, or it is not the client's; add it under Clients > CLIENT > Client scopes, or \
             remove it from scopes"
        }
        _ => return None,
    };
    Some(OauthError::Configuration { hint: hint.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider_error;

    #[test]
    fn its_own_words_name_the_setting() {
        for (code, description, names) in [
            (
                "unauthorized_client",
                "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant.",
                "Device Authorization Grant",
            ),
            (
                "invalid_request",
                "Standard token exchange is not enabled for the requested client",
                "Standard token exchange",
            ),
            ("not_allowed", "Offline tokens not allowed for the user or client", "offline_access"),
            ("invalid_request", "DPoP proof is missing", "dpop"),
            ("invalid_request", "DPoP proof is not active", "date and time"),
            ("invalid_scope", "Invalid scopes: openid x", "Client scopes"),
        ] {
            let error = provider_error::from_code(code, Some(description));
            assert!(
                matches!(&error, OauthError::Configuration { hint } if hint.contains(names)),
                "{error:?}"
            );
        }
    }

    #[test]
    fn the_issuer_is_base_and_realm() {
        for base in ["https://id.example.com", "https://id.example.com/"] {
            assert_eq!(
                ProviderSettings::keycloak(base, "portal", "app").issuer,
                "https://id.example.com/realms/portal"
            );
        }
    }
}
