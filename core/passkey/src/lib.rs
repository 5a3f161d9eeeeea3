//! Inspection of WebAuthn options before any prompt, and of the platform's answer before it is sent.
//!
//! **What it is.** Two functions that look at what a server sends before the platform shows a passkey sheet, and two
//! that look at what the platform answers before it goes back.
//!
//! **What it promises.** No sheet opens for another relying party, with a short challenge, or with a user handle that
//! can't work; no answer goes out for another challenge. Bad input is an [`InspectionError`], never a panic.
//!
//! **What it never does.** It never writes the JSON again: what the server sent goes to the platform verbatim, and what
//! the platform answered goes to the server verbatim. It verifies no signature; that is the server's business. No
//! network, no storage, no UI.
//!
//! **What it follows.** WebAuthn Level 3, sections 5.1, 5.4, 5.5, 5.8.1 and 13.4.3.
//!
//! ```
//! let options = r#"{"challenge":"MDEyMzQ1Njc4OWFiY2RlZg","rpId":"portal.example","timeout":null}"#;
//! let request = pforte_passkey::inspect_request(options, "portal.example")?;
//! assert_eq!(request.rp_id(), "portal.example");
//! assert!(pforte_passkey::inspect_request(options, "evil.example").is_err());
//! # Ok::<(), pforte_passkey::InspectionError>(())
//! ```

mod json;

use std::fmt;

use crate::json::{ClientData, CreationJson, RequestJson, ResponseJson, base64url};

/// The longest JSON that is read, in bytes.
pub const MAX_JSON_BYTES: usize = 128 * 1024;

/// The shortest challenge, in bytes (WebAuthn Level 3, section 13.4.3).
pub const MIN_CHALLENGE_BYTES: usize = 16;

/// The longest user handle, in bytes (WebAuthn Level 3, section 5.4.3).
pub const MAX_USER_HANDLE_BYTES: usize = 64;

/// Creation options that may go to the platform.
#[derive(Clone, PartialEq, Eq)]
pub struct CreationOptions(Ceremony);

/// Request options that may go to the platform.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestOptions(Ceremony);

#[derive(Clone, PartialEq, Eq)]
struct Ceremony {
    rp_id: String,
    challenge: Vec<u8>,
}

/// Why options, or an answer to them, were refused before they went any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InspectionError {
    /// Not the JSON of WebAuthn Level 3, section 5.1: a member is missing, mistyped, doubled or not base64url, or it is
    /// longer than [`MAX_JSON_BYTES`].
    #[error("{what} can't be read; the server must send the JSON of WebAuthn Level 3, section 5.1")]
    Malformed {
        /// Which JSON.
        what: &'static str,
    },
    /// Another relying party than this app's, or none.
    #[error("the passkey options are for another site; set the server's relying party id to this app's")]
    OtherRelyingParty,
    /// Fewer than [`MIN_CHALLENGE_BYTES`].
    #[error("the server's challenge is shorter than 16 bytes; let it send at least 16 random ones")]
    ShortChallenge,
    /// `user.id` is empty or longer than [`MAX_USER_HANDLE_BYTES`].
    #[error("the server's user.id must have 1 to 64 bytes")]
    UserHandle,
    /// The answer is for another challenge, or of the other kind. Start the ceremony anew.
    #[error("the platform's answer does not belong to these options; start anew")]
    OtherCeremony,
}

/// Looks at `PublicKeyCredentialCreationOptionsJSON` before a passkey is made. `rp_id` is this app's relying party.
pub fn inspect_creation(options_json: &str, rp_id: &str) -> Result<CreationOptions, InspectionError> {
    const WHAT: &str = "the creation options";
    let options: CreationJson<'_> = json::read(options_json.as_bytes(), WHAT)?;
    let user_handle = base64url(&options.user.id, WHAT)?;
    let ceremony = Ceremony::judge(options.rp.id.as_deref(), rp_id, base64url(&options.challenge, WHAT)?)?;
    if !(1..=MAX_USER_HANDLE_BYTES).contains(&user_handle.len()) {
        return Err(InspectionError::UserHandle);
    }
    Ok(CreationOptions(ceremony))
}

/// Looks at `PublicKeyCredentialRequestOptionsJSON` before a passkey is used. `rp_id` is this app's relying party.
pub fn inspect_request(options_json: &str, rp_id: &str) -> Result<RequestOptions, InspectionError> {
    const WHAT: &str = "the request options";
    let options: RequestJson<'_> = json::read(options_json.as_bytes(), WHAT)?;
    let ceremony = Ceremony::judge(options.rp_id.as_deref(), rp_id, base64url(&options.challenge, WHAT)?)?;
    Ok(RequestOptions(ceremony))
}

impl CreationOptions {
    /// The relying party the passkey is for.
    pub fn rp_id(&self) -> &str {
        &self.0.rp_id
    }

    /// Looks at `RegistrationResponseJSON` before it is sent: it must be for these options.
    pub fn inspect_response(&self, response_json: &str) -> Result<(), InspectionError> {
        self.0.inspect_response(response_json, "webauthn.create")
    }
}

impl RequestOptions {
    /// The relying party the passkey is for.
    pub fn rp_id(&self) -> &str {
        &self.0.rp_id
    }

    /// Looks at `AuthenticationResponseJSON` before it is sent: it must be for these options.
    pub fn inspect_response(&self, response_json: &str) -> Result<(), InspectionError> {
        self.0.inspect_response(response_json, "webauthn.get")
    }
}

impl Ceremony {
    fn judge(asked: Option<&str>, own: &str, challenge: Vec<u8>) -> Result<Self, InspectionError> {
        if own.is_empty() || asked != Some(own) {
            return Err(InspectionError::OtherRelyingParty);
        }
        if challenge.len() < MIN_CHALLENGE_BYTES {
            return Err(InspectionError::ShortChallenge);
        }
        Ok(Self { rp_id: own.to_owned(), challenge })
    }

    fn inspect_response(&self, response_json: &str, kind: &str) -> Result<(), InspectionError> {
        const WHAT: &str = "the platform's answer";
        let response: ResponseJson<'_> = json::read(response_json.as_bytes(), WHAT)?;
        let client_data = base64url(&response.response.client_data_json, WHAT)?;
        let client_data: ClientData<'_> = json::read(&client_data, WHAT)?;
        let ours = client_data.kind == kind && base64url(&client_data.challenge, WHAT)? == self.challenge;
        if ours { Ok(()) } else { Err(InspectionError::OtherCeremony) }
    }
}

impl fmt::Debug for CreationOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreationOptions").field("rp_id", &self.0.rp_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestOptions").field("rp_id", &self.0.rp_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
