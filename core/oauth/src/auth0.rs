//! Where Auth0 differs from the specifications, in one place.
//!
//! - The issuer ends in `/`, and is compared with it.
//! - The API an access token is for is named by `audience`, not by `resource` (RFC 8707). One refresh token serves several
//!   APIs where the tenant has multi-resource refresh tokens: then [`crate::token::RefreshOptions::audience`] chooses.
//! - A social provider is chosen by `connection`.
//! - Rotated refresh tokens have no grace by default; where the tenant sets a reuse interval, set `refresh_grace_s` to it.
//! - Discovery lists no `end_session_endpoint` unless the tenant turned it on; [`ProviderSettings::auth0_logout_url`] is
//!   the older way.

use url::Url;

use crate::settings::{ProviderSettings, Vendor};
use crate::{OauthError, authorize, endpoint};

pub(crate) const IDENTITY_PROVIDER: &str = "connection";

impl ProviderSettings {
    /// An Auth0 tenant by its domain, such as `portal.eu.auth0.com`. Set [`ProviderSettings::audience`] to the API's
    /// identifier: without it the access token is for UserInfo only.
    pub fn auth0(domain: impl AsRef<str>, client_id: impl Into<String>) -> Self {
        Self { vendor: Vendor::Auth0, ..Self::oidc(format!("https://{}/", domain.as_ref()), client_id) }
    }

    /// Ends the session at a tenant whose discovery lists no `end_session_endpoint`. `return_to` must be among the
    /// client's allowed logout URLs.
    pub fn auth0_logout_url(&self, return_to: &str) -> Result<String, OauthError> {
        let url = endpoint::judge(&self.issuer, self.allow_loopback_http)
            .and_then(|issuer: Url| issuer.join("v2/logout").ok())
            .ok_or_else(|| OauthError::Configuration {
                hint: "issuer must be an https URL; set it to https://DOMAIN/ of the tenant".to_owned(),
            })?;
        Ok(authorize::with_query(&url, &[("client_id", &self.client_id), ("returnTo", return_to)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_ends_in_a_slash_and_logout_is_v2() {
        let settings = ProviderSettings::auth0("portal.eu.auth0.com", "app");
        assert_eq!(settings.issuer, "https://portal.eu.auth0.com/");
        assert_eq!(
            settings.auth0_logout_url("com.example.portal:/out").unwrap(),
            "https://portal.eu.auth0.com/v2/logout?client_id=app&returnTo=com.example.portal%3A%2Fout"
        );
        let broken = ProviderSettings::auth0("", "app");
        assert!(matches!(broken.auth0_logout_url("x"), Err(OauthError::Configuration { .. })));
    }
}
