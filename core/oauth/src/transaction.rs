//! One sign-in under way, as it is stored while the browser is open.

use std::fmt;

use pforte_host::SecretText;
use serde::{Deserialize, Serialize};

use crate::callback;

/// How long a sign-in may take, in seconds.
pub const LIFETIME_S: i64 = 600;

/// One sign-in under way. Stored sealed while the browser is open, used once, then removed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// The issuer the request went to.
    pub issuer: String,
    /// The client that asked.
    pub client_id: String,
    /// Where the answer must come to.
    pub redirect_uri: String,
    /// The touchpoint it is for.
    pub touchpoint: Option<String>,
    /// When it began, in seconds since 1970; it ends [`LIFETIME_S`] later.
    pub created_s: i64,
    /// Whether the answer must carry `iss` (RFC 9207).
    pub iss_required: bool,
    /// The authentication context classes that would do; empty where none was demanded.
    pub acr_values: Vec<String>,
    /// The oldest sign-in that would do, in seconds.
    pub max_age_seconds: Option<u64>,
    /// The APIs the tokens are for (RFC 8707).
    pub resources: Vec<String>,
    /// Whether the code is bound to a DPoP key.
    pub dpop: bool,
    #[serde(with = "secret_text")]
    pub(crate) state: SecretText,
    #[serde(with = "secret_text")]
    pub(crate) nonce: SecretText,
    #[serde(with = "secret_text")]
    pub(crate) code_verifier: SecretText,
}

impl Transaction {
    /// Whether `callback_url` carries this transaction's `state`; compared in constant time.
    /// Finds the transaction after the app was started anew; [`crate::callback::judge`] decides.
    pub fn is_answered_by(&self, callback_url: &str) -> bool {
        callback::state_of(callback_url).is_some_and(|state| callback::same(&state, self.state.expose()))
    }

    /// Whether its time is over. A clock that went back before its beginning ends it, too.
    pub fn is_expired(&self, now_s: i64) -> bool {
        !(0..LIFETIME_S).contains(&now_s.saturating_sub(self.created_s))
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("touchpoint", &self.touchpoint)
            .field("created_s", &self.created_s)
            .finish_non_exhaustive()
    }
}

pub(crate) mod secret_text {
    use pforte_host::SecretText;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(text: &SecretText, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text.expose())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        String::deserialize(deserializer).map(SecretText::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_transaction_survives_storage_and_prints_no_secret() {
        let transaction = fixture::transaction(1_000);
        let stored = serde_json::to_vec(&transaction).unwrap();
        let read: Transaction = serde_json::from_slice(&stored).unwrap();
        assert!(read == transaction);
        let printed = format!("{transaction:?}");
        for secret in [&transaction.state, &transaction.nonce, &transaction.code_verifier] {
            assert!(!printed.contains(secret.expose()));
        }
    }

    #[test]
    fn a_transaction_ends_after_ten_minutes() {
        let transaction = fixture::transaction(1_000);
        assert!(!transaction.is_expired(1_000));
        assert!(!transaction.is_expired(1_599));
        assert!(transaction.is_expired(1_600));
        assert!(transaction.is_expired(999));
        assert!(transaction.is_expired(i64::MAX));
        assert!(transaction.is_expired(i64::MIN));
    }
}
