//! The ledger as evidence a person can keep.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::{Digest, Head, Ledger, Payload, Rule, State};

/// What an export says beside the ledger itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportContext {
    /// Who is responsible, as the privacy notice has it.
    pub controller: Controller,
    /// The language of titles and fields (BCP 47).
    pub language: String,
    /// When the export is made, in milliseconds since 1970.
    pub now_ms: i64,
    /// The purposes as today's policy describes them.
    pub purposes: Vec<PurposeTerms>,
}

/// Who is responsible for the data (GDPR, Art. 4(7)), as the privacy notice has it. The Kantara receipt needs all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Controller {
    /// The company's name.
    pub name: String,
    /// Whom to turn to, such as the data protection officer.
    pub contact: String,
    /// The postal address, in one line.
    pub address: String,
    /// An e-mail address.
    pub email: String,
    /// A telephone number.
    pub phone: String,
    /// Where the privacy notice is.
    pub policy_url: String,
    /// Whose law applies, such as `AT` (ISO 3166-1) or `EU`.
    pub jurisdiction: String,
}

/// A purpose as the policy describes it, for an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PurposeTerms {
    /// The policy's name for it.
    pub purpose: String,
    /// Its title.
    pub title: String,
    /// The legal basis, in the policy's words: `consent`, `contract`, `legal-obligation`, `legitimate-interest`.
    pub basis: String,
    /// Who receives the data.
    pub recipient: Option<String>,
    /// Which data.
    pub fields: Vec<String>,
    /// What holds for its grants.
    pub rule: Rule,
}

impl Ledger {
    /// The ledger as evidence the person can keep: JSON-LD in the shape of ISO/IEC TS 27560 (as the W3C community
    /// group's guide puts it into DPV terms), with every record in base64url so that it can be checked without this
    /// library (`verifier/verify.py`). Of `payloads` those are included that an entry commits to and that were not
    /// erased.
    ///
    /// It is complete only up to the heads that the account service confirmed, and says so: `pforte:completeUpTo` names
    /// them, `pforte:complete` is true where nothing lies beyond and nothing is known to lack.
    pub fn export(&self, context: &ExportContext, payloads: &[Payload]) -> String {
        let committed: HashSet<Digest> = self.commitments().into_iter().collect();
        let belongs = |payload: &&Payload| !self.is_erased() && committed.contains(&payload.commitment());
        let kept: Vec<&Payload> = payloads.iter().filter(belongs).collect();
        let processes: Vec<Value> =
            context.purposes.iter().map(|terms| self.process(terms, context.now_ms, &kept)).collect();
        let lacking: Vec<Value> = self.lacking().iter().map(head).collect();
        json!({
            "@context": {
                "dpv": "https://w3id.org/dpv#",
                "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
                "dct": "http://purl.org/dc/terms/",
                "xsd": "http://www.w3.org/2001/XMLSchema#",
                "pforte": "urn:pforte:consent:1:",
            },
            "@type": "dpv:ConsentRecord",
            "@id": format!("urn:pforte:consent:1:record:{}", self.identity.subject),
            "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
            "dct:created": date_time(context.now_ms),
            "dpv:hasDataSubject": { "@id": format!("urn:pforte:consent:1:subject:{}", self.identity.subject) },
            "dpv:hasDataController": { "@type": "dpv:DataController", "dpv:hasName": context.controller.name },
            "dpv:hasProcess": processes,
            "pforte:subject": self.identity.subject.to_string(),
            "pforte:device": self.identity.device_key.thumbprint().to_string(),
            "pforte:erased": self.is_erased(),
            "pforte:entries": self.chains.nodes().iter().map(|node| base64(&node.record)).collect::<Vec<_>>(),
            "pforte:payloads": kept.iter().map(|payload| base64(payload.as_bytes())).collect::<Vec<_>>(),
            "pforte:certificates": self.certificates.values().map(|record| base64(record)).collect::<Vec<_>>(),
            "pforte:revocations": self.revocations.values().map(|one| base64(&one.record)).collect::<Vec<_>>(),
            "pforte:receipts": self.receipts.values().map(|one| base64(&one.record)).collect::<Vec<_>>(),
            "pforte:completeUpTo": self.confirmed(),
            "pforte:lacking": lacking,
            "pforte:complete": self.is_complete(),
        })
        .to_string()
    }

    fn process(&self, terms: &PurposeTerms, now_ms: i64, payloads: &[&Payload]) -> Value {
        let standing = self.standing(&terms.purpose, &terms.rule, now_ms);
        let payload = payloads.iter().find(|payload| Some(payload.commitment()) == standing.commitment);
        json!({
            "@type": "dpv:Process",
            "dpv:hasPurpose": { "@id": format!("urn:pforte:consent:1:purpose:{}", terms.purpose), "dct:title": terms.title },
            "dpv:hasLegalBasis": legal_basis(&terms.basis),
            "dpv:hasPersonalData": terms.fields,
            "dpv:hasRecipient": terms.recipient,
            "dpv:hasStorageCondition": terms.rule.retain_ms.map(|retain_ms| json!({
                "@type": "dpv:StorageDuration",
                "dpv:hasDuration": format!("PT{}S", retain_ms.max(0) / 1000),
            })),
            "dpv:hasConsentStatus": (terms.basis == "consent").then(|| consent_status(standing.state)),
            "dpv:isIndicatedAtTime": standing.since_ms.map(date_time),
            "dpv:hasNotice": standing.text_hash.map(|hash| json!({
                "@type": "dpv:ConsentNotice",
                "dct:identifier": payload.and_then(|payload| payload.text_id()),
                "dct:language": payload.and_then(|payload| payload.locale()),
                "pforte:sha256": hash.to_string(),
            })),
            "dpv:hasIndicationMethod": payload.and_then(|payload| Some(json!({
                "pforte:surface": payload.surface()?,
                "pforte:control": payload.control()?,
            }))),
            "pforte:purpose": terms.purpose,
            "pforte:state": state_name(standing.state),
            "pforte:entry": standing.entry.map(|entry| entry.to_string()),
            "pforte:live": standing.live,
            "pforte:conflict": standing.conflict,
        })
    }

    pub(crate) fn confirmed(&self) -> Vec<Value> {
        let held = self.receipts.iter().filter(|(_, receipt)| self.chains.reaches_back(&receipt.hash));
        held.map(|(device, receipt)| {
            let mut confirmed = head(&Head { device: *device, seq: receipt.seq, hash: receipt.hash });
            confirmed["pforte:receivedAt"] = date_time(receipt.wall_ms).into();
            confirmed
        })
        .collect()
    }

    /// Whether the account service confirmed everything that is held, and nothing is known to lack. What a revoked device
    /// said after its revocation needs no confirmation: the service gives none for it.
    pub fn is_complete(&self) -> bool {
        let confirmed = |head: &Head| {
            self.receipts.get(&head.device).is_some_and(|receipt| receipt.hash == head.hash)
                || self.chains.is_revoked(head)
        };
        let heads = self.heads();
        !heads.is_empty() && self.lacking().is_empty() && heads.iter().all(confirmed)
    }
}

pub(crate) fn head(head: &Head) -> Value {
    json!({ "pforte:device": head.device.to_string(), "pforte:seq": head.seq, "pforte:head": head.hash.to_string() })
}

fn legal_basis(basis: &str) -> Value {
    match basis {
        "consent" => "eu-gdpr:A6-1-a".into(),
        "contract" => "eu-gdpr:A6-1-b".into(),
        "legal-obligation" => "eu-gdpr:A6-1-c".into(),
        "legitimate-interest" => "eu-gdpr:A6-1-f".into(),
        other => other.into(),
    }
}

/// DPV's consent statuses; a refusal and an objection are both refusals there, `pforte:state` keeps them apart.
fn consent_status(state: State) -> &'static str {
    match state {
        State::Unknown | State::Informed => "dpv:ConsentUnknown",
        State::Asked => "dpv:ConsentRequested",
        State::Granted => "dpv:ConsentGiven",
        State::Denied | State::Objected => "dpv:ConsentRefused",
        State::Withdrawn => "dpv:ConsentWithdrawn",
        State::Expired => "dpv:ConsentExpired",
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Unknown => "unknown",
        State::Informed => "informed",
        State::Asked => "asked",
        State::Granted => "granted",
        State::Denied => "denied",
        State::Withdrawn => "withdrawn",
        State::Objected => "objected",
        State::Expired => "expired",
    }
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// RFC 3339 in UTC, to the millisecond.
fn date_time(ms: i64) -> String {
    let (days, in_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (seconds, millis) = (in_day / 1000, in_day % 1000);
    // Days since 0000-03-01, in eras of 400 years, so that the leap day ends a year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(date_time(ms), expected);
        }
    }
}
