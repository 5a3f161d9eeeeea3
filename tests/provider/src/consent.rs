//! The account service's part for consent: the reference of `core/consent/openapi.yaml`.
//!
//! It certifies the device keys of the person whose access token comes along, takes entries and payloads as a set union,
//! gives back what the device lacks, and signs a receipt for every chain it holds without a gap. An erasure destroys the
//! payloads here, too; the person's next device key is certified for a new subject.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pforte_consent::{Digest, Head, Identity, Ledger, Payload, PublicKey, ServiceDraft, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bearer::{self, Challenge};
use crate::world::World;

/// The most entries of one answer, whatever the device asks for.
const PAGE: usize = 128;

/// Every operation there is: method and path.
pub const CONSENT_OPERATIONS: [(&str, &str); 3] =
    [("post", "/consent/devices"), ("delete", "/consent/devices/{device}"), ("post", "/consent/exchange")];

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/consent/devices", post(certify))
        .route("/consent/devices/{device}", delete(revoke))
        .route("/consent/exchange", post(exchange))
}

/// What the account service holds about everybody's consents.
#[derive(Debug, Default)]
pub(crate) struct Consents {
    key: Option<Arc<Key>>,
    people: BTreeMap<String, Vec<Account>>,
    calls: Vec<ConsentCall>,
    /// The most entries of one answer; nothing for the usual.
    page: Option<usize>,
}

#[derive(Debug)]
struct Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

/// One subject of one person; the last is in use.
#[derive(Debug)]
struct Account {
    ledger: Ledger,
    payloads: Vec<Payload>,
}

/// One call as it came and was answered, for tests.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsentCall {
    /// `post /consent/exchange` and so on, as [`CONSENT_OPERATIONS`] has it.
    pub operation: String,
    /// The request's body; null where there is none.
    pub request: Value,
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub response: Value,
}

/// What the service holds about one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentReport {
    /// The pseudonym.
    pub subject: String,
    /// How many entries.
    pub entries: usize,
    /// How many payloads.
    pub payloads: usize,
    /// Whether the person erased it.
    pub erased: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDevice {
    device_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    subject: String,
    heads: Vec<NamedHead>,
    records: Vec<String>,
    payloads: Vec<String>,
    limit: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedHead {
    device: String,
    seq: u64,
    hash: String,
}

/// Why a request is not done.
struct Refusal(StatusCode, String);

async fn certify(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Challenge> {
    let person = bearer::portal_grant(&world, &headers)?.authentication.subject;
    let now_ms = world.clock.now().saturating_mul(1000);
    let mut state = world.state();
    let consents = &mut state.consents;
    let done = serde_json::from_slice(&body)
        .map_err(|error| malformed(&error.to_string()))
        .and_then(|new: NewDevice| consents.certify(&person, &new, now_ms));
    Ok(consents.answer("post /consent/devices", &body, done))
}

async fn revoke(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    Path(device): Path<String>,
) -> Result<Response, Challenge> {
    let person = bearer::portal_grant(&world, &headers)?.authentication.subject;
    let now_ms = world.clock.now().saturating_mul(1000);
    let mut state = world.state();
    let device = Digest::from_hex(&device).ok_or_else(|| malformed("a device is 64 hex digits"));
    let done = device.and_then(|device| state.consents.revoke(&person, device, now_ms));
    Ok(state.consents.answer("delete /consent/devices/{device}", b"", done))
}

async fn exchange(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Challenge> {
    let person = bearer::portal_grant(&world, &headers)?.authentication.subject;
    let now_ms = world.clock.now().saturating_mul(1000);
    let mut state = world.state();
    let consents = &mut state.consents;
    let done = serde_json::from_slice(&body)
        .map_err(|error| malformed(&error.to_string()))
        .and_then(|exchange: Exchange| consents.exchange(&person, exchange, now_ms));
    Ok(consents.answer("post /consent/exchange", &body, done))
}

impl Consents {
    /// The public key that certifies and confirms, as the app pins it: 130 hex digits.
    pub(crate) fn public_key(&mut self) -> Option<String> {
        let key = self.key().ok()?;
        Some(key.public.to_sec1().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(crate) fn limit_pages(&mut self, entries: usize) {
        self.page = Some(entries.max(1));
    }

    pub(crate) fn calls(&self) -> Vec<ConsentCall> {
        self.calls.clone()
    }

    pub(crate) fn report(&self, person: &str) -> Vec<ConsentReport> {
        let accounts = self.people.get(person).into_iter().flatten();
        let report = |account: &Account| ConsentReport {
            subject: account.ledger.identity().subject.to_string(),
            entries: account.ledger.history().len(),
            payloads: account.payloads.len(),
            erased: account.ledger.is_erased(),
        };
        accounts.map(report).collect()
    }

    /// Revokes a device of a person, from the entry after the last that is held: a phone was lost.
    fn revoke(&mut self, person: &str, device: Digest, now_ms: i64) -> Result<Value, Refusal> {
        let key = self.key()?;
        let accounts = self.people.get_mut(person).map(Vec::as_mut_slice).unwrap_or_default();
        let account = accounts.last_mut().ok_or_else(|| not_found("nobody's device is certified yet"))?;
        let subject = account.ledger.identity().subject;
        let held = account.ledger.whole_heads().into_iter().find(|head| head.device == device);
        let from = held.map_or(0, |head| head.seq + 1);
        let draft = ServiceDraft::revocation(&key.public, subject, device, from, now_ms);
        let record = key.sign(draft)?;
        account.merge(&record)?;
        Ok(json!({ "revocation": URL_SAFE_NO_PAD.encode(record) }))
    }

    fn certify(&mut self, person: &str, new: &NewDevice, now_ms: i64) -> Result<Value, Refusal> {
        let key = self.key()?;
        let point = URL_SAFE_NO_PAD.decode(&new.device_key).unwrap_or_default();
        let device = PublicKey::from_sec1(&point).map_err(|error| malformed(&error.to_string()))?;
        let accounts = self.people.entry(person.to_owned()).or_default();
        if accounts.last().is_none_or(|account| account.ledger.is_erased()) {
            let mut random = [0; 32];
            SystemRandom::new().fill(&mut random).map_err(|_| broken())?;
            let identity = Identity {
                subject: Subject::new(random),
                device_key: key.public.clone(),
                services: vec![key.public.clone()],
            };
            accounts.push(Account { ledger: Ledger::new(identity), payloads: Vec::new() });
        }
        let account = accounts.last_mut().ok_or_else(broken)?;
        let subject = account.ledger.identity().subject;
        let record = key.sign(ServiceDraft::certificate(&key.public, subject, &device, now_ms))?;
        account.merge(&record)?;
        Ok(json!({ "subject": subject.to_string(), "certificate": URL_SAFE_NO_PAD.encode(record) }))
    }

    fn exchange(&mut self, person: &str, exchange: Exchange, now_ms: i64) -> Result<Value, Refusal> {
        let key = self.key()?;
        let page = self.page.unwrap_or(PAGE).min(exchange.limit.max(1));
        let accounts = self.people.get_mut(person).map(Vec::as_mut_slice).unwrap_or_default();
        let account = accounts
            .iter_mut()
            .find(|account| account.ledger.identity().subject.to_string() == exchange.subject)
            .ok_or_else(|| not_found("that subject is not this person's"))?;
        account.merge(&decoded(&exchange.records)?.concat())?;
        for payload in decoded(&exchange.payloads)? {
            let payload = Payload::from_bytes(&payload).map_err(|error| malformed(&error.to_string()))?;
            account.keep(payload);
        }
        account.confirm(&key, now_ms)?;
        let theirs: Option<Vec<Head>> = exchange.heads.iter().map(NamedHead::read).collect();
        let theirs = theirs.ok_or_else(|| malformed("a head is {device, seq, hash}"))?;
        let lacking = account.ledger.entries_after(&theirs);
        let more = lacking.len() > page;
        let (entries, commitments): (Vec<_>, Vec<_>) = lacking.into_iter().take(page).unzip();
        let payloads = account.payloads.iter().filter(|one| commitments.contains(&Some(one.commitment())));
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let records = account.ledger.service_records().into_iter().chain(entries);
        Ok(json!({
            "heads": account.ledger.whole_heads().iter().map(NamedHead::of).collect::<Vec<_>>(),
            "records": records.map(|record| encode(&record)).collect::<Vec<_>>(),
            "payloads": payloads.map(|payload| encode(payload.as_bytes())).collect::<Vec<_>>(),
            "more": more,
        }))
    }

    fn key(&mut self) -> Result<Arc<Key>, Refusal> {
        if let Some(key) = &self.key {
            return Ok(key.clone());
        }
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| broken())?;
        let public = PublicKey::from_sec1(pair.public_key().as_ref()).map_err(|_| broken())?;
        let key = Arc::new(Key { pair, public });
        self.key = Some(key.clone());
        Ok(key)
    }

    fn answer(&mut self, operation: &str, request: &[u8], done: Result<Value, Refusal>) -> Response {
        let (status, response) = match done {
            Ok(answer) => (StatusCode::OK, answer),
            Err(Refusal(status, error)) => (status, json!({ "error": error })),
        };
        self.calls.push(ConsentCall {
            operation: operation.to_owned(),
            request: serde_json::from_slice(request).unwrap_or_default(),
            status: status.as_u16(),
            response: response.clone(),
        });
        (status, Json(response)).into_response()
    }
}

impl Key {
    fn sign(&self, draft: ServiceDraft) -> Result<Vec<u8>, Refusal> {
        let signature = self.pair.sign(&SystemRandom::new(), &draft.to_be_signed()).map_err(|_| broken())?;
        draft.seal(signature.as_ref()).map_err(|_| broken())
    }
}

impl Account {
    fn merge(&mut self, records: &[u8]) -> Result<(), Refusal> {
        self.ledger.merge(records).map_err(|error| malformed(&error.to_string()))?;
        if self.ledger.is_erased() {
            self.payloads.clear();
        }
        Ok(())
    }

    /// A payload that no entry commits to, or that was erased, is not kept.
    fn keep(&mut self, payload: Payload) {
        let new = self.payloads.iter().all(|held| held.commitment() != payload.commitment());
        if new && self.ledger.check_payload(&payload).is_ok() {
            self.payloads.push(payload);
        }
    }

    /// Signs a receipt for the end of every chain that is held without a gap; none for what a revoked device added.
    fn confirm(&mut self, key: &Key, now_ms: i64) -> Result<(), Refusal> {
        let subject = self.ledger.identity().subject;
        for head in self.ledger.unconfirmed_heads() {
            let record = key.sign(ServiceDraft::receipt(&key.public, subject, head, now_ms))?;
            self.merge(&record)?;
        }
        Ok(())
    }
}

impl NamedHead {
    fn of(head: &Head) -> Self {
        Self { device: head.device.to_string(), seq: head.seq, hash: head.hash.to_string() }
    }

    fn read(&self) -> Option<Head> {
        Some(Head {
            device: Digest::from_hex(&self.device)?,
            seq: self.seq,
            hash: Digest::from_hex(&self.hash)?,
        })
    }
}

fn decoded(texts: &[String]) -> Result<Vec<Vec<u8>>, Refusal> {
    let decode = |text: &String| URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed("not base64url"));
    texts.iter().map(decode).collect()
}

fn malformed(what: &str) -> Refusal {
    Refusal(StatusCode::UNPROCESSABLE_ENTITY, what.to_owned())
}

fn not_found(what: &str) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, what.to_owned())
}

fn broken() -> Refusal {
    Refusal(StatusCode::INTERNAL_SERVER_ERROR, "no key, or no random numbers".to_owned())
}
