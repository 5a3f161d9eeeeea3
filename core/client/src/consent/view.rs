//! Who knows me: what an app shows.

use pforte_consent::State;
use pforte_gate::Purpose;
use pforte_session::PurposeStanding;

use crate::Client;

pub(super) fn title(client: &Client, purpose: &Purpose, locale: &str) -> String {
    client.policy.text(&purpose.text_id, locale).map(|text| text.title.clone()).unwrap_or_default()
}

pub(super) fn purpose_view(
    client: &Client,
    purpose: &Purpose,
    standing: Option<&PurposeStanding>,
) -> PurposeView {
    let policy = &client.policy;
    let locale = policy.locale(&client.config.locale);
    let answered = standing.and_then(|standing| {
        let text_id = standing.text_id.clone()?;
        let shown_in = standing.locale.as_deref().unwrap_or(locale);
        policy.text(&text_id, shown_in).map(|text| (text_id, text))
    });
    let today = || policy.text(&purpose.text_id, locale).map(|text| (purpose.text_id.clone(), text));
    let (text_id, text) = match answered.or_else(today) {
        Some((text_id, text)) => (text_id, text.body.clone()),
        None => (purpose.text_id.clone(), String::new()),
    };
    let state = standing.map_or(State::Unknown, |standing| standing.standing.state);
    PurposeView {
        purpose: purpose.id.clone(),
        title: title(client, purpose, locale),
        text,
        text_id,
        basis: purpose.basis.as_str().to_owned(),
        recipient: policy.recipient(&purpose.id, locale),
        fields: policy.field_labels(&purpose.id, locale),
        status: status(state),
        since_ms: standing.and_then(|standing| standing.standing.since_ms),
        how_to_revoke: policy.how_to_revoke(&purpose.id, locale),
    }
}

fn status(state: State) -> ConsentStatus {
    match state {
        State::Unknown => ConsentStatus::Unknown,
        State::Informed => ConsentStatus::Informed,
        State::Asked => ConsentStatus::Asked,
        State::Granted => ConsentStatus::Granted,
        State::Denied => ConsentStatus::Denied,
        State::Withdrawn => ConsentStatus::Withdrawn,
        State::Objected => ConsentStatus::Objected,
        State::Expired => ConsentStatus::Expired,
    }
}

/// What one purpose is, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExportFormat {
    /// Everything, as evidence that can be checked and imported again: JSON-LD in the shape of ISO/IEC TS 27560.
    #[default]
    JsonLd,
    /// One receipt for each live grant, as the Kantara Initiative's Consent Receipt 1.1 has them. Needs
    /// [`crate::Config::controller`].
    Kantara,
}

/// What an erasure did, and what remains of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureReport {
    /// How many pieces of evidence (which text, language, screen and control) were destroyed on this device.
    pub destroyed: u64,
    /// How many signed entries remain on this device. They hold purposes, states and times under a pseudonym.
    pub remaining: u64,
    /// Until when they remain, in milliseconds since 1970, by the policy's `retain_proof`.
    pub keep_until_ms: Option<i64>,
    /// Whether the account service has still to be told, by [`crate::Consent::sync`]; it then destroys its copies.
    pub service_to_be_told: bool,
    /// Why anything remains, in plain English.
    pub why: String,
}
