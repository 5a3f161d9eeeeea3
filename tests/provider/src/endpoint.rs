//! The places where the provider can misbehave.

use serde::{Deserialize, Serialize};

/// Where the provider can misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `/.well-known/openid-configuration`.
    Discovery,
    /// `/jwks`.
    Jwks,
    /// `/authorize`.
    Authorize,
    /// `/login`, where the login page is sent to.
    Login,
    /// The redirect back to the client, whichever of the two made it.
    Callback,
    /// `/par`.
    Par,
    /// `/device_authorization`.
    DeviceAuthorization,
    /// `/token`.
    Token,
    /// `/revoke`.
    Revoke,
    /// `/userinfo`.
    Userinfo,
    /// `/end_session`.
    EndSession,
    /// Everything under `/portal`.
    Portal,
    /// Everything under `/consent`.
    Consent,
    /// Everything under `/crm`.
    Crm,
}

impl Endpoint {
    /// Which endpoint a request's path belongs to; nothing for those that never misbehave.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Some(match path {
            "/.well-known/openid-configuration" => Self::Discovery,
            "/jwks" => Self::Jwks,
            "/authorize" => Self::Authorize,
            "/login" => Self::Login,
            "/par" => Self::Par,
            "/device_authorization" => Self::DeviceAuthorization,
            "/token" => Self::Token,
            "/revoke" => Self::Revoke,
            "/userinfo" => Self::Userinfo,
            "/end_session" => Self::EndSession,
            _ if path.starts_with("/portal/") => Self::Portal,
            _ if path.starts_with("/consent/") => Self::Consent,
            _ if path.starts_with("/crm/") => Self::Crm,
            _ => return None,
        })
    }

    /// Whether its good answers are JSON.
    pub(crate) fn answers_json(self) -> bool {
        use Endpoint::{Consent, Crm, DeviceAuthorization, Discovery, Jwks, Par, Portal, Token, Userinfo};
        matches!(
            self,
            Discovery | Jwks | Par | DeviceAuthorization | Token | Userinfo | Portal | Consent | Crm
        )
    }
}
