//! What was agreed to.

use pforte_client::{ConsentStatus, PurposeView};

/// What one purpose is, and where it stands.
#[uniffi::remote(Record)]
pub struct PurposeView {
    /// The policy's name for it.
    pub purpose: String,
    /// Its title, in the person's language.
    pub title: String,
    /// Its text: the one that was shown when it was answered, else today's.
    pub text: String,
    /// Which text: `id@revision`.
    pub text_id: String,
    /// The legal basis, in the policy's words: `consent`, `contract`, `legal-obligation`, `legitimate-interest`.
    pub basis: String,
    /// Who receives the data.
    pub recipient: Option<String>,
    /// Which data.
    pub fields: Vec<String>,
    /// Where it stands.
    pub status: ConsentStatus,
    /// Since when, in milliseconds since 1970 by the device's clock.
    pub since_ms: Option<i64>,
    /// How to take it back, in the person's language; nothing where the basis does not allow it.
    pub how_to_revoke: Option<String>,
}

/// The states of a purpose.
#[uniffi::remote(Enum)]
pub enum ConsentStatus {
    /// Nothing was ever said about it.
    Unknown,
    /// The person was told.
    Informed,
    /// The person was asked and has not chosen.
    Asked,
    /// Agreed.
    Granted,
    /// Refused.
    Denied,
    /// Agreed once, taken back.
    Withdrawn,
    /// Objected to (GDPR, Art. 21).
    Objected,
    /// Agreed once, run out.
    Expired,
}
