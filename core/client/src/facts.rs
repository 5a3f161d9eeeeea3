//! What a decision may know, gathered from session, ledger and device.

use std::collections::{BTreeMap, BTreeSet};

use pforte_gate::{
    Age, Biometrics, BiometricsOffer, ConsentRecord, ConsentState, Fact, Facts, GateChoice, Passkey, Session,
    Shown, Visit,
};
use pforte_host::{FieldKind, GateReadiness};
use pforte_session::lock::LockState;
use pforte_session::{Kept, PurposeStanding, SessionView};

use crate::{Client, Error, consent};

/// The facts at this moment.
pub(crate) async fn gather(client: &Client, visit: &Visit) -> Result<Facts, Error> {
    let view = client.session.view();
    let (consents, notices) = standings(client).await?;
    Ok(Facts {
        session: sealed_or(&view, || Session {
            level: level(client, &view).to_owned(),
            auth_time_s: view.auth_time_ms.map(|ms| ms.div_euclid(1000)),
            unlocked_elapsed_ms: view.proved_elapsed_ms,
        }),
        login_hint: None,
        profile: sealed_or(&view, || view.profile.iter().map(|field| field.name.clone()).collect()),
        age: age(client, &view),
        consents: Fact::Known(consents),
        notices: Fact::Known(notices),
        biometrics: Biometrics {
            readiness: readiness(client).await,
            gate: match (view.lock, view.kept) {
                (_, Kept::BehindGate) => GateChoice::On,
                (_, Kept::OnDevice) if view.awaits_enrolment => GateChoice::Undecided,
                (_, Kept::OnDevice) => GateChoice::Off,
                (_, Kept::Not) => GateChoice::Undecided,
            },
            offered_wall_ms: None,
        },
        passkey: Passkey::default(),
        routes: routes(client),
        visit: visit.clone(),
    })
}

/// The level a sign-in reached, by the policy's name.
pub(crate) fn level<'a>(client: &'a Client, view: &SessionView) -> &'a str {
    client.policy.level_of_acr(&client.config.provider.name, view.acr.as_deref())
}

/// Whether finger or face can be used now; a device that can't say can't be asked.
pub(crate) async fn readiness(client: &Client) -> GateReadiness {
    client.session.gate_availability().await.map_or(GateReadiness::NotNow, |available| available.biometric)
}

/// Whether the next decisions will offer the gate for a session that is in memory only.
pub(crate) async fn gate_is_offered(client: &Client) -> bool {
    client.policy.biometrics().offer == BiometricsOffer::AfterFirstSignIn
        && readiness(client).await == GateReadiness::Ready
}

fn sealed_or<T>(view: &SessionView, known: impl FnOnce() -> T) -> Fact<T> {
    match view.lock {
        LockState::SignedOut | LockState::KeyLost | LockState::Corrupt => Fact::Absent,
        LockState::Unavailable | LockState::Locked | LockState::Unlocking { .. } => Fact::Sealed,
        LockState::Fresh | LockState::Unlocked => Fact::Known(known()),
    }
}

pub(crate) fn age(client: &Client, view: &SessionView) -> Fact<Age> {
    let over_age =
        |name: &str| client.policy.field(name).is_some_and(|field| field.kind == FieldKind::OverAge);
    match sealed_or(view, || {
        view.profile.iter().find(|field| over_age(&field.name)).map(|field| &field.value)
    }) {
        Fact::Known(Some(value)) if value == "over" => Fact::Known(Age::Over),
        Fact::Known(Some(value)) if value == "under" => Fact::Known(Age::Under),
        Fact::Known(_) | Fact::Absent => Fact::Absent,
        Fact::Sealed => Fact::Sealed,
    }
}

/// The routes that work with this provider: its own page always, others where the configuration says how.
fn routes(client: &Client) -> BTreeSet<String> {
    let works = |route: &&String| *route == "page" || client.config.provider.connection(route).is_some();
    client.policy.routes().iter().filter(works).cloned().collect()
}

type Ledgers = (BTreeMap<String, ConsentRecord>, BTreeMap<String, Shown>);

async fn standings(client: &Client) -> Result<Ledgers, Error> {
    let mut consents = BTreeMap::new();
    let mut notices = BTreeMap::new();
    let Some(standings) = client.session.standings(consent::rules(client)).await? else {
        return Ok((consents, notices));
    };
    for (purpose, standing) in client.policy.purposes().iter().zip(standings) {
        let shown = shown(&purpose.text_id, &standing);
        let standing = standing.standing;
        // Who objected had been told.
        if standing.told || standing.state == pforte_consent::State::Objected {
            let told = Shown { text_id: purpose.text_id.clone(), text_hash: None, terms_hash: None };
            notices.insert(purpose.id.clone(), told);
        }
        let record = ConsentRecord {
            state: if is_open_question(&standing) { ConsentState::Unknown } else { state(standing.state) },
            shown,
            asked_wall_ms: standing.last_refusal_ms.max(standing.last_asked_ms),
        };
        consents.insert(purpose.id.clone(), record);
    }
    Ok((consents, notices))
}

/// Devices disagree: the most restrictive counts, and the person is asked once.
fn is_open_question(standing: &pforte_consent::Standing) -> bool {
    standing.conflict && standing.last_asked_ms < standing.since_ms
}

/// The ledger compares texts and terms already; a standing that no longer fits is handed on as "another text".
fn shown(text_id: &str, standing: &PurposeStanding) -> Option<Shown> {
    standing.standing.text_hash?;
    let outdated = standing.standing.outdated;
    let kept = standing.text_id.clone().filter(|_| outdated);
    let text_id = kept.filter(|kept| kept != text_id).unwrap_or_else(|| text_id.to_owned());
    Some(Shown { text_id, text_hash: None, terms_hash: outdated.then(String::new) })
}

fn state(state: pforte_consent::State) -> ConsentState {
    use pforte_consent::State;
    match state {
        State::Unknown => ConsentState::Unknown,
        State::Informed => ConsentState::Informed,
        State::Asked => ConsentState::Asked,
        State::Granted => ConsentState::Granted,
        State::Denied => ConsentState::Denied,
        State::Withdrawn => ConsentState::Withdrawn,
        State::Objected => ConsentState::Objected,
        State::Expired => ConsentState::Expired,
    }
}
