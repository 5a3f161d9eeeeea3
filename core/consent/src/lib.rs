//! Consent as evidence: a ledger that a person, a regulator or a court can check; bytes in, bytes out.
//!
//! **What it is.** A [`Ledger`] is a set of signed entries about one [`Subject`], one hash-chain for each device. The
//! caller states what happened ([`Statement`]), signs the [`Draft`], stores the [`Entry`] and the [`Payload`], and
//! appends. From the entries follows where each purpose stands ([`Standing`]) and whether an event may be written
//! ([`Permit`]). Ledgers of several devices merge; the whole exports as
//! JSON-LD and comes back from it, and live grants export as Kantara receipts.
//!
//! **What it promises.** No merge, no clock and no order of arrival yields a grant that no signed and certified entry
//! contains, nor one that outlives a refusal, withdrawal or erasure it had not seen. A grant needs a genuine act and its
//! evidence; restricting needs nothing. Evidence can be erased: entries hold salted commitments only. Whatever was
//! changed, dropped, reordered or forged is a typed error, or can only restrict. Appending takes the same time however
//! long the ledger is.
//!
//! **What it never does.** No file, clock, network, random number or key: these are handed in. It knows no policy: what
//! today's text is and how long a grant holds comes as a [`Rule`].
//!
//! **What it follows.** Deterministic CBOR (RFC 8949, section 4.2.1), CBOR sequences (RFC 8742), COSE_Sign1 with ES256
//! (RFC 9052, RFC 9053), COSE key thumbprints (RFC 9679), ISO/IEC TS 27560 with W3C DPV terms and Kantara Consent Receipt 1.1.0
//! for exports; GDPR
//! Art. 7, 17 and 21 for what the states mean.
//!
//! ```
//! use aws_lc_rs::rand::SystemRandom;
//! use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
//! use pforte_consent::{Age, Digest, Identity, Ledger, PublicKey, Rule, Salt, ShownText, State, Statement, Subject};
//!
//! // In an app, `pforte_host::DeviceKey` holds the key and signs.
//! let device = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
//! let device_key = PublicKey::from_sec1(device.public_key().as_ref())?;
//! let mut ledger = Ledger::new(Identity { subject: Subject::new([1; 32]), device_key, services: vec![] });
//!
//! let grant = Statement {
//!     purpose: "analytics".into(),
//!     state: State::Granted,
//!     text: Some(ShownText {
//!         id: "analytics@2".into(),
//!         hash: Digest::of(b"May we measure reach?"),
//!         locale: "en".into(),
//!         mentions_linking: false,
//!     }),
//!     act: Some(pforte_host::Act { surface: "sheet".into(), control: "accept".into(), genuine: true }),
//!     age: Age::Over,
//!     policy_hash: Digest::of(b"policy"),
//!     terms: None,
//!     wall_ms: 1_700_000_000_000,
//! };
//! let draft = ledger.draft(&grant, Salt::new([7; 32]))?;
//! let signature = device.sign(&SystemRandom::new(), &draft.to_be_signed())?;
//! let sealed = draft.seal(signature.as_ref())?;
//! ledger.append(sealed.entry)?;
//!
//! let month = Rule { retain_ms: Some(30 * 86_400_000), ..Rule::default() };
//! assert!(ledger.permit("analytics", &month, 1_700_000_000_001).is_some());
//! assert_eq!(ledger.standing("analytics", &month, 1_800_000_000_000).state, State::Expired);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod carry;
mod cbor;
mod chains;
mod cose;
mod draft;
mod entry;
mod erasure;
mod error;
mod export;
mod fold;
mod import;
mod kantara;
mod key;
mod ledger;
mod name;
mod own_times;
mod payload;
mod permit;
mod service;
mod state;
mod statement;
mod sync;
mod view;

#[cfg(test)]
mod theorem;

pub use carry::Bond;
pub use draft::{BadSignature, Draft, Entry, Sealed};
pub use erasure::{Erasure, PayloadRefused};
pub use error::{Fault, LedgerError, Malformed};
pub use export::{Controller, ExportContext, PurposeTerms};
pub use import::{ImportError, Imported};
pub use kantara::Incomplete;
pub use key::{NotAKey, PublicKey};
pub use ledger::{Anchor, Head, Identity, Ledger, MergeReport};
pub use name::{Digest, Salt, Subject};
pub use payload::Payload;
pub use permit::Permit;
pub use service::ServiceDraft;
pub use state::{Rule, Standing, State};
pub use statement::{Age, Refused, ShownText, Statement};
pub use view::HistoryLine;
