//! The members that are inspected. Everything else passes unread; a member that is read must not come twice, or the
//! platform might see another one than we did.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::{InspectionError, MAX_JSON_BYTES};

#[derive(Deserialize)]
pub(crate) struct CreationJson<'a> {
    #[serde(borrow)]
    pub rp: RelyingPartyJson<'a>,
    #[serde(borrow)]
    pub user: UserJson<'a>,
    #[serde(borrow)]
    pub challenge: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(crate) struct RelyingPartyJson<'a> {
    #[serde(borrow)]
    pub id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(crate) struct UserJson<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(crate) struct RequestJson<'a> {
    #[serde(borrow, rename = "rpId")]
    pub rp_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub challenge: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(crate) struct ResponseJson<'a> {
    #[serde(borrow)]
    pub response: AuthenticatorResponseJson<'a>,
}

#[derive(Deserialize)]
pub(crate) struct AuthenticatorResponseJson<'a> {
    #[serde(borrow, rename = "clientDataJSON")]
    pub client_data_json: Cow<'a, str>,
}

/// `CollectedClientData` (WebAuthn Level 3, section 5.8.1).
#[derive(Deserialize)]
pub(crate) struct ClientData<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub challenge: Cow<'a, str>,
}

pub(crate) fn read<'a, T: Deserialize<'a>>(json: &'a [u8], what: &'static str) -> Result<T, InspectionError> {
    // Serde would read an array, too, member by member.
    let is_object = json.trim_ascii_start().first() == Some(&b'{');
    if json.len() > MAX_JSON_BYTES || !is_object {
        return Err(InspectionError::Malformed { what });
    }
    // Serde looks for UTF-8 only in the members that it keeps.
    let json = std::str::from_utf8(json).map_err(|_| InspectionError::Malformed { what })?;
    serde_json::from_str(json).map_err(|_| InspectionError::Malformed { what })
}

pub(crate) fn base64url(text: &str, what: &'static str) -> Result<Vec<u8>, InspectionError> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| InspectionError::Malformed { what })
}
