//! What goes into the ledger: the policy's rules, the text that was shown, what is to be recorded.

use pforte_consent::{
    Age, Controller, Digest, ExportContext, PurposeTerms, Rule, ShownText, State, Statement,
};
use pforte_gate::Purpose;
use pforte_host::Act;

use super::view::title;
use crate::error::wrong_answer;
use crate::{Client, Error};

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
        policy_hash: policy_hash(client)?,
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

/// What an export says beside the ledger itself.
pub(super) fn export_context(client: &Client) -> ExportContext {
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
    ExportContext {
        controller: controller(client),
        language: locale.to_owned(),
        now_ms: client.host.clock.wall_ms(),
        purposes: purposes.collect(),
    }
}

/// As the configuration names it; without a name the client's identifier has to do.
fn controller(client: &Client) -> Controller {
    let known = client.config.controller.clone().unwrap_or_default();
    let name = if known.name.is_empty() { client.config.provider.client_id.clone() } else { known.name };
    Controller {
        name,
        contact: known.contact,
        address: known.address,
        email: known.email,
        phone: known.phone,
        policy_url: known.policy_url,
        jurisdiction: known.jurisdiction,
    }
}

pub(super) fn policy_hash(client: &Client) -> Result<Digest, Error> {
    Digest::from_hex(client.policy.hash()).ok_or_else(|| wrong_answer("the policy's hash is not a SHA-256"))
}
