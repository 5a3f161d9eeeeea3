//! Who knows me: what was agreed to, seen and changed at any time, offline too.

use std::sync::Arc;

use pforte_consent::{Age, Digest, ExportContext, PurposeTerms, Rule, ShownText, State, Statement};
use pforte_gate::{Basis, Purpose};
use pforte_host::Act;
use pforte_session::PurposeStanding;

use crate::error::wrong_answer;
use crate::{Client, Error};

/// The person's consents, by purpose.
#[derive(Debug, Clone)]
pub struct Consent {
    client: Arc<Client>,
}

impl Consent {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    /// Every purpose of the policy with its state: what, for whom, since when, how to revoke. Works offline.
    pub async fn purposes(&self) -> Result<Vec<PurposeView>, Error> {
        let client = &self.client;
        let standings = client.session.standings(rules(client)).await?;
        let purposes = client.policy.purposes().iter().enumerate();
        Ok(purposes
            .map(|(n, purpose)| {
                let standing = standings.as_ref().and_then(|standings| standings.get(n));
                purpose_view(client, purpose, standing)
            })
            .collect())
    }

    /// Takes a consent back; objects, where the basis is legitimate interest. Works offline.
    pub async fn withdraw(&self, purpose: String, act: Act) -> Result<(), Error> {
        let known = self.known(&purpose)?;
        let state = match known.basis {
            Basis::Consent => State::Withdrawn,
            Basis::LegitimateInterest => State::Objected,
            Basis::Contract | Basis::LegalObligation => {
                return Err(wrong_answer(&format!(
                    "`{purpose}` rests on {}, which can't be withdrawn; show how_to_revoke only where it is given.",
                    known.basis.as_str()
                )));
            }
        };
        let statement = statement(&self.client, &purpose, state, None, &act)?;
        Ok(self.client.session.record(vec![statement]).await?)
    }

    /// Agrees from a settings screen that shows the purpose's text as [`Consent::purposes`] returns it.
    pub async fn grant(&self, purpose: String, act: Act) -> Result<(), Error> {
        let known = self.known(&purpose)?;
        if known.basis != Basis::Consent {
            return Err(wrong_answer(&format!(
                "`{purpose}` does not rest on consent; there is nothing to grant."
            )));
        }
        let locale = self.client.policy.locale(&self.client.config.locale);
        let hash = self.client.policy.text_hash(&known.text_id, locale).unwrap_or_default();
        let text = shown_text(&self.client, &known.text_id, hash)?;
        let statement = statement(&self.client, &purpose, State::Granted, Some(text), &act)?;
        Ok(self.client.session.record(vec![statement]).await?)
    }

    /// Every entry of the ledger, oldest first, as a JSON array for display.
    pub async fn history(&self) -> Result<String, Error> {
        let lines: Vec<serde_json::Value> = self
            .client
            .session
            .history()
            .await?
            .into_iter()
            .map(|line| {
                serde_json::json!({
                    "entry": line.entry.to_string(),
                    "purpose": line.purpose,
                    "state": line.state.map(|state| format!("{state:?}").to_lowercase()),
                    "wall_ms": line.wall_ms,
                    "text_hash": line.text_hash.map(|hash| hash.to_string()),
                })
            })
            .collect();
        Ok(serde_json::Value::Array(lines).to_string())
    }

    /// The ledger as evidence the person can keep (JSON-LD in the shape of ISO/IEC TS 27560); `{}` while there is none.
    pub async fn export(&self) -> Result<String, Error> {
        let client = &self.client;
        let locale = client.policy.locale(&client.config.locale);
        let purposes =
            client.policy.purposes().iter().zip(rules(client)).map(|(purpose, (_, rule))| PurposeTerms {
                purpose: purpose.id.clone(),
                title: title(client, purpose, locale),
                basis: purpose.basis.as_str().to_owned(),
                recipient: client.policy.recipient(&purpose.id, locale),
                fields: purpose.fields.clone(),
                rule,
            });
        let context = ExportContext {
            controller: client.config.provider.client_id.clone(),
            now_ms: client.host.clock.wall_ms(),
            purposes: purposes.collect(),
        };
        Ok(client.session.export(context).await?.unwrap_or_else(|| "{}".to_owned()))
    }

    fn known(&self, purpose: &str) -> Result<&Purpose, Error> {
        self.client.policy.purpose(purpose).ok_or_else(|| {
            wrong_answer(&format!(
                "The policy has no purpose `{purpose}`; add it to policy.toml or correct the name."
            ))
        })
    }
}

/// What today's policy says about each purpose, in the policy's order.
pub(crate) fn rules(client: &Client) -> Vec<(String, Rule)> {
    let policy = &client.policy;
    let rule = |purpose: &Purpose| Rule {
        texts: policy
            .locales()
            .filter_map(|locale| policy.text_hash(&purpose.text_id, locale))
            .filter_map(Digest::from_hex)
            .collect(),
        terms: Digest::from_hex(&purpose.terms_hash),
        retain_ms: purpose.retain.map(|span| span.as_ms()),
    };
    policy.purposes().iter().map(|purpose| (purpose.id.clone(), rule(purpose))).collect()
}

/// The text that was handed to the presenter, as evidence.
pub(crate) fn shown_text(client: &Client, text_id: &str, text_hash: &str) -> Result<ShownText, Error> {
    let mentions_linking =
        client.policy.purposes().iter().any(|purpose| purpose.text_id == text_id && purpose.links_identity);
    Ok(ShownText {
        id: text_id.to_owned(),
        hash: Digest::from_hex(text_hash).ok_or_else(|| wrong_answer("the text's hash is not a SHA-256"))?,
        locale: client.policy.locale(&client.config.locale).to_owned(),
        mentions_linking,
    })
}

/// What is to be recorded about one purpose, now.
pub(crate) fn statement(
    client: &Client,
    purpose: &str,
    state: State,
    text: Option<ShownText>,
    act: &Act,
) -> Result<Statement, Error> {
    let terms = client.policy.purpose(purpose).and_then(|purpose| Digest::from_hex(&purpose.terms_hash));
    Ok(Statement {
        purpose: purpose.to_owned(),
        state,
        text,
        act: Some(act.clone()),
        age: age(client),
        policy_hash: Digest::from_hex(client.policy.hash())
            .ok_or_else(|| wrong_answer("the policy's hash is not a SHA-256"))?,
        terms,
        wall_ms: client.host.clock.wall_ms(),
    })
}

fn age(client: &Client) -> Age {
    use pforte_gate::{Age as Known, Fact};
    match crate::facts::age(client, &client.session.view()) {
        Fact::Known(Known::Over) => Age::Over,
        Fact::Known(Known::Under) => Age::Under,
        Fact::Absent | Fact::Sealed => Age::Unknown,
    }
}

fn title(client: &Client, purpose: &Purpose, locale: &str) -> String {
    client.policy.text(&purpose.text_id, locale).map(|text| text.title.clone()).unwrap_or_default()
}

fn purpose_view(client: &Client, purpose: &Purpose, standing: Option<&PurposeStanding>) -> PurposeView {
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
