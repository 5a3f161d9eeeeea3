//! Consent ledgers and the account service: a set union over plain HTTP (`core/consent/openapi.yaml`).
//!
//! ```text
//!  register this device ──► subject, certificate        only where the account service has not given a subject yet
//!        │
//!        ▼
//!  exchange: the heads held here ──► the heads held there, and a page of what lacks here
//!        ▲                                     │ stored, record by record
//!        └── what lacks there, a page ◄────────┘ until nothing lacks on either side
//! ```
//!
//! Nothing is remembered between two exchanges: the heads say where to go on, so that a sync which was broken off is
//! simply begun again.

use std::pin::Pin;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, Request, Response, StatusCode};
use pforte_consent::{Digest, Head, Identity, Ledger, Payload, PublicKey, Subject};
use serde_json::{Value, json};

use crate::SessionError;
use crate::consent_book::KeyId;
use crate::consent_ledger::{Adopted, ConsentCommand};
use crate::keeper::Command;
use crate::session::Session;
use crate::sign_in::ask;

/// The most records of one exchange, either way.
const PAGE: usize = 128;

/// More exchanges than this for one subject mean that the service never has enough.
const MOST_EXCHANGES: usize = 1024;

/// The account service's part for consent.
#[derive(Debug, Clone)]
pub struct ConsentService {
    /// The address that the paths of the API follow, without a slash at the end.
    pub url: String,
    /// The keys with which it certifies devices and signs receipts. Pinned here: no other is believed.
    pub keys: Vec<PublicKey>,
}

/// Makes one authorised call; everything about the access token is its business.
pub type AuthorisedSend<E> = Box<
    dyn Fn(Request<Vec<u8>>) -> Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, E>> + Send>>
        + Send
        + Sync,
>;

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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

/// What there is to sync.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The key to register where the account service has not given a subject yet.
    pub register: Option<(KeyId, PublicKey)>,
    /// The subjects that it gave.
    pub subjects: Vec<Subject>,
}

/// What the service lacks.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// What is held here.
    pub heads: Vec<Head>,
    pub records: Vec<Vec<u8>>,
    pub payloads: Vec<Vec<u8>>,
    pub confirmed: Option<u64>,
    pub complete: bool,
}

/// What the service sent.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub records: Vec<Vec<u8>>,
    pub payloads: Vec<Payload>,
}

/// One answer of the service.
struct Page {
    heads: Vec<Head>,
    incoming: Incoming,
    more: bool,
}

impl Session {
    /// Brings the person's ledger and the account service's to the same state. `send` makes an authorised call.
    ///
    /// The first time, the device's key is certified and the ledger moves to the subject that the service gave. Afterwards
    /// an exchange that breaks off is taken up where it was: what arrived is stored.
    ///
    /// # Errors
    /// [`SessionError::Configuration`] without a consent service, [`SessionError::SignedOut`] where nobody is signed in,
    /// [`SessionError::Unreachable`] for passing trouble, [`SessionError::Refused`] for an answer that breaks a rule;
    /// nothing of such an answer is taken in. And whatever `send` returns.
    pub async fn sync_consent<E: From<SessionError>>(
        &self,
        send: AuthorisedSend<E>,
    ) -> Result<SyncReport, E> {
        let Some(service) = self.context.settings.consent_service.clone() else {
            return Err(SessionError::Configuration {
                hint: "There is no consent_service in the configuration; name its address and keys."
                    .to_owned(),
            }
            .into());
        };
        let line = Line { url: service.url, send };
        let mut report = SyncReport::default();
        let plan = ask(&self.keeper, |reply| consent_command(ConsentCommand::Plan { reply })).await?;
        let mut subjects = plan.subjects;
        if let Some((key, device_key)) = plan.register {
            let body = json!({ "device_key": encode(&device_key.to_sec1()) });
            let answer = line.call("/consent/devices", body).await?;
            let subject = answer.get("subject").and_then(Value::as_str).and_then(Subject::from_hex);
            let subject = subject.ok_or_else(|| not_understood("no subject"))?;
            let certificate = answer
                .get("certificate")
                .and_then(decoded)
                .ok_or_else(|| not_understood("no certificate"))?;
            let identity = Identity { subject, device_key, services: service.keys.clone() };
            let mut ledger = Ledger::new(identity);
            ledger
                .merge(&certificate)
                .map_err(|error| SessionError::Refused { reason: error.to_string() })?;
            // What the account decided before comes first, so that nothing is carried over that it decided otherwise.
            let mut payloads = Vec::new();
            for _ in 0..MOST_EXCHANGES {
                let page = page(
                    &line
                        .call("/consent/exchange", exchange(subject, &ledger.whole_heads(), &[], &[]))
                        .await?,
                )?;
                let merged = ledger
                    .merge(&page.incoming.records.concat())
                    .map_err(|error| SessionError::Refused { reason: error.to_string() })?;
                report.received += merged.records.len() as u64;
                payloads.extend(page.incoming.payloads);
                if !page.more {
                    break;
                }
            }
            payloads.retain(|payload| ledger.check_payload(payload).is_ok());
            let adopted = Box::new(Adopted { key, ledger, payloads });
            ask(&self.keeper, |reply| consent_command(ConsentCommand::Adopt { adopted, reply })).await?;
            subjects.push(subject);
        }
        for subject in subjects {
            self.exchange_all(subject, &mut report, &line).await?;
        }
        Ok(report)
    }

    async fn exchange_all<E: From<SessionError>>(
        &self,
        subject: Subject,
        report: &mut SyncReport,
        line: &Line<E>,
    ) -> Result<(), E> {
        // First only asked: nobody knows yet what lacks there.
        let mut next = self.outgoing(subject, Vec::new(), 0).await?;
        for round in 0..MOST_EXCHANGES {
            let body = exchange(subject, &next.heads, &next.records, &next.payloads);
            let sent = next.records.len() as u64;
            let page = page(&line.call("/consent/exchange", body).await?)?;
            report.sent += sent;
            let incoming = page.incoming;
            let stored = ask(&self.keeper, |reply| {
                consent_command(ConsentCommand::Incoming { subject, incoming, reply })
            });
            report.received += stored.await?;
            // An erased ledger whose time as proof is over is gone with the service's word.
            next = match self.outgoing(subject, page.heads, PAGE).await {
                Err(SessionError::NotRecorded { .. }) => return Ok(()),
                next => next?,
            };
            report.confirmed_up_to = next.confirmed;
            report.complete = next.complete;
            if next.records.is_empty() && !page.more && round > 0 {
                return Ok(());
            }
        }
        Err(SessionError::Refused { reason: "the consent service never has enough".to_owned() }.into())
    }
}

impl Session {
    async fn outgoing(
        &self,
        subject: Subject,
        theirs: Vec<Head>,
        most: usize,
    ) -> Result<Outgoing, SessionError> {
        let ask_for = |reply| ConsentCommand::Outgoing { subject, theirs, most, reply };
        ask(&self.keeper, |reply| consent_command(ask_for(reply))).await
    }
}

/// The way to the service.
struct Line<E> {
    url: String,
    send: AuthorisedSend<E>,
}

impl<E: From<SessionError>> Line<E> {
    async fn call(&self, path: &str, body: Value) -> Result<Value, E> {
        let response = (self.send)(request(&self.url, path, &body)?).await?;
        Ok(read(&response)?)
    }
}

fn consent_command(command: ConsentCommand) -> Command {
    Command::Consent(command)
}

fn request(base: &str, path: &str, body: &Value) -> Result<Request<Vec<u8>>, SessionError> {
    Request::builder()
        .method(Method::POST)
        .uri(format!("{}{path}", base.trim_end_matches('/')))
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::ACCEPT, "application/json")
        .body(body.to_string().into_bytes())
        .map_err(|_| SessionError::Configuration {
            hint: "The consent_service's url in the configuration can't be used; write https://host/path."
                .to_owned(),
        })
}

fn exchange(subject: Subject, heads: &[Head], records: &[Vec<u8>], payloads: &[Vec<u8>]) -> Value {
    let head = |head: &Head| json!({ "device": head.device.to_string(), "seq": head.seq, "hash": head.hash.to_string() });
    json!({
        "subject": subject.to_string(),
        "heads": heads.iter().map(head).collect::<Vec<_>>(),
        "records": records.iter().map(|record| encode(record)).collect::<Vec<_>>(),
        "payloads": payloads.iter().map(|payload| encode(payload)).collect::<Vec<_>>(),
        "limit": PAGE,
    })
}

fn read(response: &Response<Vec<u8>>) -> Result<Value, SessionError> {
    let status = response.status();
    if status.is_success() {
        return serde_json::from_slice(response.body()).map_err(|_| not_understood("no JSON"));
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after_seconds = seconds.and_then(|value| value.parse().ok()).unwrap_or(5);
        return Err(SessionError::Unreachable {
            reason: format!("the consent service said {status}"),
            after_seconds,
        });
    }
    Err(SessionError::Refused { reason: format!("the consent service said {status}") })
}

fn page(answer: &Value) -> Result<Page, SessionError> {
    let list = |member: &'static str| {
        answer.get(member).and_then(Value::as_array).ok_or_else(|| not_understood(member))
    };
    let heads = list("heads")?.iter().map(|one| head(one).ok_or_else(|| not_understood("heads")));
    let records = list("records")?.iter().map(|one| decoded(one).ok_or_else(|| not_understood("records")));
    let payloads = list("payloads")?.iter().map(|one| {
        let payload = decoded(one).and_then(|bytes| Payload::from_bytes(&bytes).ok());
        payload.ok_or_else(|| not_understood("payloads"))
    });
    Ok(Page {
        heads: heads.collect::<Result<_, _>>()?,
        incoming: Incoming {
            records: records.collect::<Result<_, _>>()?,
            payloads: payloads.collect::<Result<_, _>>()?,
        },
        more: answer.get("more").and_then(Value::as_bool).ok_or_else(|| not_understood("more"))?,
    })
}

fn head(value: &Value) -> Option<Head> {
    let digest = |member: &str| value.get(member).and_then(Value::as_str).and_then(Digest::from_hex);
    let seq = value.get("seq").and_then(Value::as_u64)?;
    Some(Head { device: digest("device")?, seq, hash: digest("hash")? })
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(value: &Value) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(value.as_str()?).ok()
}

fn not_understood(what: &str) -> SessionError {
    SessionError::Refused { reason: format!("the consent service's answer is not understood: {what}") }
}
