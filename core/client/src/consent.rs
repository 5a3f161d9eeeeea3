//! Who knows me: what was agreed to, seen and changed at any time, offline too.

mod evidence;
mod view;

use std::sync::Arc;

use pforte_consent::State;
use pforte_gate::{Basis, Purpose};
use pforte_host::Act;
use pforte_session::{AuthorisedSend, SyncReport};

use evidence::{export_context, policy_hash};
pub(crate) use evidence::{rules, shown_text, statement};
use view::purpose_view;
pub use view::{ConsentStatus, ErasureReport, ExportFormat, PurposeView};

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
        // What waits goes first, and what came in between goes after.
        self.client.tracking.forget(Some(&purpose));
        let statement = statement(&self.client, &purpose, state, None, &act)?;
        self.client.session.record(vec![statement]).await?;
        self.client.tracking.forget(Some(&purpose));
        Ok(())
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

    /// The ledger in use, in the form asked for; `{}` while there is none. It says up to which entry the account service
    /// has confirmed it: only so far can somebody else vouch that nothing was left out.
    pub async fn export(&self, format: ExportFormat) -> Result<String, Error> {
        let context = export_context(&self.client);
        let exported = match format {
            ExportFormat::JsonLd => self.client.session.export(context).await?,
            ExportFormat::Kantara => self.client.session.export_kantara(context).await?,
        };
        Ok(exported.unwrap_or_else(|| "{}".to_owned()))
    }

    /// Takes an exported ledger (JSON-LD) in again, and returns how many of its records were new. What another device
    /// refused counts at once; what it granted counts where the account service has certified it. A document about
    /// somebody else than the ledgers here is refused.
    pub async fn import(&self, document: String) -> Result<u64, Error> {
        Ok(self.client.session.import(document).await?)
    }

    /// Erases the ledger in use (GDPR, Art. 17): nothing is granted any more, the evidence is destroyed at once, and the
    /// report says what remains and why. A later choice begins a new ledger under a new pseudonym. Works offline.
    pub async fn erase(&self) -> Result<ErasureReport, Error> {
        let client = &self.client;
        client.tracking.forget(None);
        let retain_proof = client.policy.retain_proof();
        let erased =
            client.session.erase(policy_hash(client)?, retain_proof.map(|span| span.as_ms())).await?;
        client.tracking.forget(None);
        let mut why = match (erased.remaining, retain_proof) {
            (0, _) => "Nothing remains on this device.".to_owned(),
            (_, Some(span)) => format!(
                "Signed entries without their evidence remain for {} as proof of what was agreed to and refused \
                 (GDPR, Art. 7(1) and 17(3)(e)); the policy's retain_proof sets how long.",
                span.iso8601()
            ),
            (_, None) => {
                "Signed entries remain only until the account service knows of the erasure.".to_owned()
            }
        };
        if erased.service_to_be_told {
            why.push_str(" The account service is told with the next sync, and destroys its copies.");
        }
        Ok(ErasureReport {
            destroyed: erased.destroyed,
            remaining: erased.remaining,
            keep_until_ms: erased.keep_until_ms,
            service_to_be_told: erased.service_to_be_told,
            why,
        })
    }

    /// Brings the known person's ledger and the account service's to the same state. It needs an open session and
    /// [`crate::Config::consent_service`], whose origin is among the `api_origins`. The first time, this device is
    /// certified, and the ledger moves to the subject that the service gave: where each purpose stands comes along, not how
    /// it stood before, so sync soon after the first sign-in. Broken off, it is simply called again: what arrived is kept.
    pub async fn sync(&self) -> Result<SyncReport, Error> {
        let client = self.client.clone();
        let send: AuthorisedSend<Error> = Box::new(move |request| {
            let client = client.clone();
            Box::pin(async move { send(&client, request).await })
        });
        self.client.session.sync_consent(send).await
    }

    fn known(&self, purpose: &str) -> Result<&Purpose, Error> {
        self.client.policy.purpose(purpose).ok_or_else(|| {
            wrong_answer(&format!(
                "The policy has no purpose `{purpose}`; add it to policy.toml or correct the name."
            ))
        })
    }
}

/// An authorised call, as any of the app's own.
async fn send(
    client: &Arc<Client>,
    request: http::Request<Vec<u8>>,
) -> Result<http::Response<Vec<u8>>, Error> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| crate::Header {
        name: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    });
    let request = crate::HttpRequest {
        method: parts.method.as_str().to_owned(),
        url: parts.uri.to_string(),
        headers: headers.collect(),
        body,
    };
    let answer = crate::calls::send(client, request).await?;
    let mut response = http::Response::new(answer.body);
    *response.status_mut() = http::StatusCode::from_u16(answer.status)
        .map_err(|_| wrong_answer("The consent service answered with a status that is none."))?;
    Ok(response)
}
