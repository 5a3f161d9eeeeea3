//! Where Keycloak differs from the specifications, in one place.
//!
//! - The issuer is the server's base URL and the realm: `https://id.example.com/realms/REALM`.
//! - A brokered provider is chosen by `kc_idp_hint`.
//! - Rotated refresh tokens are counted, not timed: `refreshTokenMaxReuse` uses are accepted, so the grace stays 0.
//! - It asks for no DPoP nonces.

use crate::settings::{ProviderSettings, Vendor};

pub(crate) const IDENTITY_PROVIDER: &str = "kc_idp_hint";

impl ProviderSettings {
    /// A Keycloak realm by the server's base URL, such as `https://id.example.com`, and the realm's name.
    pub fn keycloak(base: impl AsRef<str>, realm: impl AsRef<str>, client_id: impl Into<String>) -> Self {
        let issuer = format!("{}/realms/{}", base.as_ref().trim_end_matches('/'), realm.as_ref());
        Self { vendor: Vendor::Keycloak, ..Self::oidc(issuer, client_id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
