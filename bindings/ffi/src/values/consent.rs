//! What was agreed to.

use pforte_client::{ConsentStatus, ErasureReport, ExportFormat, PurposeView, SyncReport, TrackedEvent};

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

/// The forms in which the ledger leaves the device.
#[uniffi::remote(Enum)]
pub enum ExportFormat {
    /// Everything, as evidence that can be checked and imported again: JSON-LD in the shape of ISO/IEC TS 27560.
    JsonLd,
    /// One receipt for each live grant, as the Kantara Initiative's Consent Receipt 1.1 has them. Needs the
    /// configuration's `controller`.
    Kantara,
}

/// What an erasure did, and what remains of it.
#[uniffi::remote(Record)]
pub struct ErasureReport {
    /// How many pieces of evidence (which text, language, screen and control) were destroyed on this device.
    pub destroyed: u64,
    /// How many signed entries remain on this device. They hold purposes, states and times under a pseudonym.
    pub remaining: u64,
    /// Until when they remain, in milliseconds since 1970, by the policy's `retain_proof`.
    pub keep_until_ms: Option<i64>,
    /// Whether the account service has still to be told, by a sync; it then destroys its copies.
    pub service_to_be_told: bool,
    /// Why anything remains, in plain English.
    pub why: String,
}

/// What a sync did.
#[uniffi::remote(Record)]
pub struct SyncReport {
    /// How many entries went to the service.
    pub sent: u64,
    /// How many records came from it and were new.
    pub received: u64,
    /// The number of this device's last entry that the service confirmed, from 0.
    pub confirmed_up_to: Option<u64>,
    /// Whether it confirmed everything that is held here.
    pub complete: bool,
}

/// An event as it leaves the device.
#[uniffi::remote(Record)]
pub struct TrackedEvent {
    /// The purpose it is for.
    pub purpose: String,
    /// The event in JSON: its name, its purpose, when it happened (milliseconds since 1970 by the device's clock), and
    /// the ledger's entry that allows it.
    pub json: String,
}
