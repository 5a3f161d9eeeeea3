//! Where Okta differs from the specifications, in one place.
//!
//! - The issuer names the authorization server: `https://DOMAIN/oauth2/default`, or `https://DOMAIN` for the org's own.
//! - A social provider is chosen by `idp`.
//! - A rotated refresh token is accepted for 30 s more by default; where the app's setting differs, set
//!   `refresh_grace_s` to it.

use crate::settings::{ProviderSettings, Vendor};

pub(crate) const IDENTITY_PROVIDER: &str = "idp";

/// Okta's default for "grace period for token rotation", in seconds.
const DEFAULT_GRACE_S: u32 = 30;

impl ProviderSettings {
    /// An Okta authorization server by its issuer, such as `https://example.okta.com/oauth2/default`.
    pub fn okta(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self { vendor: Vendor::Okta, refresh_grace_s: DEFAULT_GRACE_S, ..Self::oidc(issuer, client_id) }
    }
}
