//! The provider's metadata and keys: how long they are believed, and what is kept of them on the disk.
//!
//! ```text
//!            fresh                 stale                      over
//!  fetched ────────────► fetch again, or the old one ───────► fetch, or fail
//!           (at once)     while nobody can be reached
//! ```
//!
//! On the disk they lie in the account's sealed open file, as the bytes that came, and are judged again when they are
//! read: a poisoned copy is dropped.

use std::sync::Arc;

use pforte_oauth::{Jwks, Metadata, ProviderSettings};
use serde::{Deserialize, Serialize};

/// How long metadata is taken without asking, in seconds.
const METADATA_FRESH_S: i64 = 24 * 3600;

/// How long keys are taken without asking, in seconds: a key that the provider withdrew is believed no longer.
const KEYS_FRESH_S: i64 = 3600;

/// How long both are taken while the provider can't be reached, in seconds.
const STALE_S: i64 = 7 * 24 * 3600;

/// The longest document that is kept on the disk, in bytes.
const MAX_KEPT_BYTES: usize = 64 * 1024;

/// The documents in memory.
#[derive(Default)]
pub(crate) struct Documents {
    metadata: Option<Document<Metadata>>,
    keys: Option<Document<Jwks>>,
    /// When the keys were last asked for, whatever came of it, in seconds by the device's clock.
    pub keys_asked_s: Option<i64>,
}

struct Document<T> {
    judged: Arc<T>,
    body: Vec<u8>,
    fetched_s: i64,
}

/// The documents as they lie on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptDocuments {
    /// Whose documents these are.
    issuer: String,
    metadata: Option<Kept>,
    keys: Option<Kept>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    body: String,
    fetched_s: i64,
}

/// A document to use at once, and one to use where nobody can be reached.
type Found<T> = (Option<Arc<T>>, Option<Arc<T>>);

impl Documents {
    pub fn metadata(&self, now_s: i64) -> Found<Metadata> {
        found(self.metadata.as_ref(), now_s, METADATA_FRESH_S)
    }

    pub fn keys(&self, now_s: i64) -> Found<Jwks> {
        found(self.keys.as_ref(), now_s, KEYS_FRESH_S)
    }

    pub fn keep_metadata(&mut self, judged: Arc<Metadata>, body: Vec<u8>, fetched_s: i64) {
        // Keys belong to the address they were fetched from.
        if self.metadata.as_ref().is_some_and(|old| old.judged.jwks_uri != judged.jwks_uri) {
            self.keys = None;
            self.keys_asked_s = None;
        }
        self.metadata = Some(Document { judged, body, fetched_s });
    }

    pub fn keep_keys(&mut self, judged: Arc<Jwks>, body: Vec<u8>, fetched_s: i64) {
        self.keys = Some(Document { judged, body, fetched_s });
    }

    pub fn kept(&self, settings: &ProviderSettings) -> KeptDocuments {
        KeptDocuments {
            issuer: settings.issuer.clone(),
            metadata: self.metadata.as_ref().and_then(Document::kept),
            keys: self.keys.as_ref().and_then(Document::kept),
        }
    }

    /// Nothing is taken that the network could not have brought, and keys only with metadata.
    pub fn recall(&mut self, settings: &ProviderSettings, kept: &KeptDocuments) {
        if kept.issuer != settings.issuer || self.metadata.is_some() {
            return;
        }
        let Some(metadata) = kept.metadata.as_ref() else { return };
        let Ok(judged) = Metadata::parse(settings, metadata.body.as_bytes()) else { return };
        if settings.judge_offer(&judged).is_err() {
            return;
        }
        self.metadata = Some(metadata.document(judged));
        if let Some(keys) = &kept.keys
            && let Ok(judged) = Jwks::parse(keys.body.as_bytes())
        {
            self.keys = Some(keys.document(judged));
        }
    }
}

impl<T> Document<T> {
    fn kept(&self) -> Option<Kept> {
        let body = String::from_utf8(self.body.clone()).ok()?;
        (body.len() <= MAX_KEPT_BYTES).then_some(Kept { body, fetched_s: self.fetched_s })
    }
}

impl Kept {
    fn document<T>(&self, judged: T) -> Document<T> {
        Document { judged: Arc::new(judged), body: self.body.clone().into_bytes(), fetched_s: self.fetched_s }
    }
}

/// A document from the future is none: the clock went back.
fn found<T>(document: Option<&Document<T>>, now_s: i64, fresh_s: i64) -> Found<T> {
    let Some(document) = document else { return (None, None) };
    let age_s = now_s.saturating_sub(document.fetched_s);
    let within = |limit_s: i64| (0..limit_s).contains(&age_s).then(|| document.judged.clone());
    (within(fresh_s), within(STALE_S))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example.com";
    const NOW_S: i64 = 1_800_000_000;

    fn settings() -> ProviderSettings {
        ProviderSettings::oidc(ISSUER, "portal-app")
    }

    fn metadata_text(issuer: &str, token_endpoint: &str) -> String {
        format!(
            r#"{{"issuer":"{issuer}","authorization_endpoint":"{ISSUER}/a","token_endpoint":"{token_endpoint}",
                "jwks_uri":"{ISSUER}/j"}}"#
        )
    }

    const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"k1",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

    fn kept(metadata: &str, keys: &str) -> KeptDocuments {
        let document = |body: &str| Some(Kept { body: body.to_owned(), fetched_s: NOW_S });
        KeptDocuments { issuer: ISSUER.to_owned(), metadata: document(metadata), keys: document(keys) }
    }

    fn recalled(kept: &KeptDocuments) -> Documents {
        let mut documents = Documents::default();
        documents.recall(&settings(), kept);
        documents
    }

    #[test]
    fn what_is_kept_comes_back_and_ages() {
        let good = kept(&metadata_text(ISSUER, "https://id.example.com/t"), KEYS);
        let documents = recalled(&good);
        assert_eq!(documents.kept(&settings()), good);
        let state = |now_s| {
            let ((fresh, stale), (fresh_keys, stale_keys)) =
                (documents.metadata(now_s), documents.keys(now_s));
            [fresh.is_some(), stale.is_some(), fresh_keys.is_some(), stale_keys.is_some()]
        };
        assert_eq!(state(NOW_S), [true; 4]);
        assert_eq!(state(NOW_S + KEYS_FRESH_S), [true, true, false, true]);
        assert_eq!(state(NOW_S + METADATA_FRESH_S), [false, true, false, true]);
        assert_eq!(state(NOW_S + STALE_S), [false; 4]);
        assert_eq!(state(NOW_S - 1), [false; 4], "the clock went back");
    }

    #[test]
    fn a_poisoned_copy_is_dropped() {
        let good = metadata_text(ISSUER, "https://id.example.com/t");
        for poisoned in [
            metadata_text("https://evil.example", "https://id.example.com/t"),
            metadata_text(ISSUER, "http://id.example.com/t"),
            good.replace('}', r#","issuer":"https://id.example.com"}"#),
            String::new(),
        ] {
            let documents = recalled(&kept(&poisoned, KEYS));
            assert!(documents.metadata(NOW_S).1.is_none(), "{poisoned}");
            assert!(documents.keys(NOW_S).1.is_none(), "{poisoned}");
        }
        for poisoned in ["{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#] {
            let documents = recalled(&kept(&good, poisoned));
            assert!(documents.metadata(NOW_S).0.is_some());
            assert!(documents.keys(NOW_S).1.is_none(), "{poisoned}");
        }
        let other = KeptDocuments { issuer: "https://other.example".to_owned(), ..kept(&good, KEYS) };
        assert!(recalled(&other).metadata(NOW_S).1.is_none());
    }

    #[test]
    fn keys_end_with_the_address_they_came_from() {
        let mut documents = recalled(&kept(&metadata_text(ISSUER, "https://id.example.com/t"), KEYS));
        let moved = metadata_text(ISSUER, "https://id.example.com/t").replace("/j\"", "/other\"");
        let moved = Arc::new(Metadata::parse(&settings(), moved.as_bytes()).unwrap());
        documents.keep_metadata(moved, Vec::new(), NOW_S);
        assert!(documents.keys(NOW_S).1.is_none());
    }
}
