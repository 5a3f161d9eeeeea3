//! Consent receipts as the Kantara Initiative's Consent Receipt Specification 1.1.0 has them.

use serde_json::{Value, json};

use crate::export::{Controller, ExportContext, PurposeTerms, head};
use crate::{Digest, Ledger, Payload};

/// The receipt can't be made: the specification asks for something that nobody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a Kantara receipt needs the controller's {what}: name it in the client's configuration")]
pub struct Incomplete {
    /// What is missing.
    pub what: &'static str,
}

impl Ledger {
    /// One receipt for each purpose with a live grant, under `receipts`; beside them, as in [`Ledger::export`], up to
    /// which receipted heads the ledger is complete. A receipt can't be checked by itself: the evidence is in
    /// [`Ledger::export`], and `pforte:entry` says where.
    ///
    /// # Errors
    /// [`Incomplete`] where the controller lacks what the specification makes mandatory.
    pub fn export_kantara(
        &self,
        context: &ExportContext,
        payloads: &[Payload],
    ) -> Result<String, Incomplete> {
        context.controller.check()?;
        let receipts: Vec<Value> =
            context.purposes.iter().filter_map(|terms| self.receipt(terms, context, payloads)).collect();
        let lacking: Vec<Value> = self.lacking().iter().map(head).collect();
        Ok(json!({
            "receipts": receipts,
            "pforte:completeUpTo": self.confirmed(),
            "pforte:lacking": lacking,
            "pforte:complete": self.is_complete(),
        })
        .to_string())
    }

    fn receipt(&self, terms: &PurposeTerms, context: &ExportContext, payloads: &[Payload]) -> Option<Value> {
        let standing = self.standing(&terms.purpose, &terms.rule, context.now_ms);
        let entry = standing.entry.filter(|_| standing.live)?;
        let payload = payloads.iter().find(|payload| Some(payload.commitment()) == standing.commitment);
        let place =
            payload.and_then(|payload| Some(format!("{}: {}", payload.surface()?, payload.control()?)));
        let ends_ms = terms.rule.retain_ms.and_then(|retain| standing.since_ms?.checked_add(retain));
        let termination = match ends_ms {
            Some(ends_ms) => {
                format!("on withdrawal, at the latest at {} (seconds since 1970)", ends_ms / 1000)
            }
            None => "on withdrawal".to_owned(),
        };
        let who = &context.controller;
        Some(json!({
            "version": "KI-CR-v1.1.0",
            "jurisdiction": who.jurisdiction,
            "consentTimestamp": standing.since_ms.unwrap_or_default() / 1000,
            "collectionMethod": place.unwrap_or_else(|| "in the app".to_owned()),
            "consentReceiptID": uuid(&entry),
            "language": payload.and_then(Payload::locale).unwrap_or(&context.language),
            "piiPrincipalId": self.identity().subject.to_string(),
            "piiControllers": [{
                "piiController": who.name,
                "contact": who.contact,
                "address": { "streetAddress": who.address },
                "email": who.email,
                "phone": who.phone,
            }],
            "policyUrl": who.policy_url,
            "services": [{
                "service": who.name,
                "purposes": [{
                    "purpose": terms.title,
                    "purposeCategory": [terms.purpose],
                    "consentType": "EXPLICIT",
                    "piiCategory": terms.fields,
                    "primaryPurpose": false,
                    "termination": termination,
                    "thirdPartyDisclosure": terms.recipient.is_some(),
                    "thirdPartyName": terms.recipient.as_deref().unwrap_or_default(),
                }],
            }],
            "sensitive": false,
            "spiCat": [],
            "pforte:entry": entry.to_string(),
        }))
    }
}

impl Controller {
    fn check(&self) -> Result<(), Incomplete> {
        let parts = [
            ("name", &self.name),
            ("contact", &self.contact),
            ("address", &self.address),
            ("email", &self.email),
            ("phone", &self.phone),
            ("policy_url", &self.policy_url),
            ("jurisdiction", &self.jurisdiction),
        ];
        match parts.iter().find(|(_, value)| value.is_empty()) {
            Some((what, _)) => Err(Incomplete { what }),
            None => Ok(()),
        }
    }
}

/// A UUID in the form of version 4 (RFC 9562, section 5.4), out of the entry's hash: the same entry always bears the
/// same, and the salt behind its commitment makes it as good as random.
fn uuid(entry: &Digest) -> String {
    let hex = entry.to_string();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    let variant = match entry.as_bytes().get(8).copied().unwrap_or_default() & 0x30 {
        0x00 => '8',
        0x10 => '9',
        0x20 => 'a',
        _ => 'b',
    };
    format!("{}-{}-4{}-{variant}{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
