//! The random values of one sign-in.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use pforte_host::SecretText;
use zeroize::Zeroizing;

use crate::OauthError;

/// The three random values of one sign-in, 256 bits each, base64url. Made once, used once.
#[derive(Debug, Clone)]
pub struct Entropy {
    /// `state` (RFC 6749, section 10.12).
    pub state: SecretText,
    /// `nonce` (OIDC Core 1.0, section 15.5.2).
    pub nonce: SecretText,
    /// `code_verifier` (RFC 7636, section 4.1).
    pub code_verifier: SecretText,
}

impl Entropy {
    /// Fresh values from the system's random source.
    pub fn fresh() -> Result<Self, OauthError> {
        Ok(Self {
            state: random_token()?.into(),
            nonce: random_token()?.into(),
            code_verifier: random_token()?.into(),
        })
    }
}

/// 256 random bits in base64url, for a `jti` or another one-time name.
pub fn random_token() -> Result<String, OauthError> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    SystemRandom::new()
        .fill(bytes.as_mut_slice())
        .map_err(|_| OauthError::Device { what: "the system gave no random bytes" })?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_long_fresh_and_not_printed() {
        let entropy = Entropy::fresh().unwrap();
        let all = [&entropy.state, &entropy.nonce, &entropy.code_verifier];
        assert!(all.iter().all(|value| value.expose().len() == 43));
        assert!(entropy.state != entropy.nonce && entropy.nonce != entropy.code_verifier);
        let printed = format!("{entropy:?}");
        assert!(all.iter().all(|value| !printed.contains(value.expose())));
    }
}
