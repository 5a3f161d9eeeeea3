//! Devices that sign, and statements to record.

#![allow(dead_code, reason = "each test uses some of it")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use pforte_consent::{
    Age, Digest, Draft, Identity, Ledger, Payload, PublicKey, Refused, Salt, Sealed, ServiceDraft, ShownText,
    State, Statement, Subject,
};
use pforte_host::Act;

pub const SUBJECT: Subject = Subject::new([0xa1; 32]);
pub const DAY: i64 = 86_400_000;
pub const NOW: i64 = 1_700_000_000_000;

/// A software key in the place of the hardware one.
pub struct Signer {
    pair: EcdsaKeyPair,
    pub key: PublicKey,
}

impl Signer {
    pub fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = PublicKey::from_sec1(pair.public_key().as_ref()).unwrap();
        Self { pair, key }
    }

    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec()
    }

    pub fn seal(&self, draft: Draft) -> Sealed {
        let signature = self.sign(&draft.to_be_signed());
        draft.seal(&signature).unwrap()
    }

    pub fn certify(&self, subject: Subject, device: &PublicKey) -> Vec<u8> {
        let draft = ServiceDraft::certificate(&self.key, subject, device, NOW);
        let signature = self.sign(&draft.to_be_signed());
        draft.seal(&signature).unwrap()
    }

    pub fn revoke(&self, subject: Subject, device: &PublicKey, from: u64) -> Vec<u8> {
        let draft = ServiceDraft::revocation(&self.key, subject, device.thumbprint(), from, NOW);
        let signature = self.sign(&draft.to_be_signed());
        draft.seal(&signature).unwrap()
    }

    pub fn receipt(&self, ledger: &Ledger) -> Vec<u8> {
        let device = ledger.identity().device_key.thumbprint();
        let head = ledger.heads().into_iter().find(|head| head.device == device).unwrap();
        let draft = ServiceDraft::receipt(&self.key, ledger.identity().subject, head, NOW + DAY);
        let signature = self.sign(&draft.to_be_signed());
        draft.seal(&signature).unwrap()
    }
}

/// A phone: its key, its ledger, its payloads, and the bytes of its file.
pub struct Phone {
    pub signer: Signer,
    pub ledger: Ledger,
    pub payloads: Vec<Payload>,
    pub file: Vec<Vec<u8>>,
    salts: u8,
}

impl Phone {
    pub fn new(subject: Subject, services: &[&Signer]) -> Self {
        let signer = Signer::new();
        let services = services.iter().map(|service| service.key.clone()).collect();
        let ledger = Ledger::new(Identity { subject, device_key: signer.key.clone(), services });
        Self { signer, ledger, payloads: vec![], file: vec![], salts: 0 }
    }

    pub fn say(&mut self, statement: &Statement) -> Result<Digest, Refused> {
        let salt = self.salt();
        let draft = self.ledger.draft(statement, salt)?;
        Ok(self.take(draft))
    }

    /// Signs a draft, stores it and appends it.
    pub fn take(&mut self, draft: Draft) -> Digest {
        let sealed = self.signer.seal(draft);
        let hash = sealed.entry.hash();
        self.file.push(sealed.entry.as_bytes().to_vec());
        self.payloads.extend(sealed.payload);
        self.ledger.append(sealed.entry).unwrap();
        hash
    }

    pub fn erase(&mut self) -> Digest {
        let draft = self.ledger.draft_erasure(Digest::of(b"policy"), NOW).unwrap();
        self.take(draft)
    }

    pub fn receive(&mut self, records: &[u8]) {
        let report = self.ledger.merge(records).unwrap();
        self.file.extend(report.records);
        self.payloads.retain(|payload| !report.destroy.contains(&payload.commitment()));
    }

    pub fn salt(&mut self) -> Salt {
        self.salts += 1;
        Salt::new([self.salts; 32])
    }

    /// The ledger, read again from its file.
    pub fn reopened(&self) -> Ledger {
        Ledger::from_entries(self.ledger.identity().clone(), &self.file.concat()).unwrap()
    }
}

pub fn statement(purpose: &str, state: State) -> Statement {
    Statement {
        purpose: purpose.to_owned(),
        state,
        text: Some(ShownText {
            id: format!("{purpose}@2"),
            hash: Digest::of(purpose.as_bytes()),
            locale: "de".to_owned(),
            mentions_linking: false,
        }),
        act: Some(Act { surface: "sheet".to_owned(), control: "accept-all".to_owned(), genuine: true }),
        age: Age::Over,
        policy_hash: Digest::of(b"policy"),
        terms: Some(Digest::of(b"terms")),
        wall_ms: NOW,
    }
}
