//! The claim rules (OIDC Core 1.0, sections 2, 3.1.3.6, 3.1.3.7 and 12.2).

use aws_lc_rs::digest;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::{Identity, LEEWAY_S, PreviousSignIn};
use crate::json::{Mistyped, Object};
use crate::{Algorithm, IdTokenError, Transaction, callback};

/// The longest `sub` (OIDC Core 1.0, section 2).
const MAX_SUBJECT_BYTES: usize = 255;

/// What the token was issued for.
#[derive(Clone, Copy)]
pub(super) enum Occasion<'a> {
    SignIn(&'a Transaction),
    Refresh(PreviousSignIn<'a>),
    /// Straight from the token endpoint, without an authorization request of ours.
    Direct,
}

/// What the claims are judged by.
pub(super) struct Rules<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub occasion: Occasion<'a>,
    pub algorithm: Algorithm,
    pub access_token: &'a str,
    pub now_s: i64,
}

impl Rules<'_> {
    pub fn judge(&self, claims: &Object) -> Result<Identity, IdTokenError> {
        // Who comes first: these three end a session, whatever else is wrong with the token.
        if claims.text("iss") != Ok(Some(self.issuer)) {
            return Err(IdTokenError::Issuer);
        }
        let subject = self.subject(claims)?;
        self.audience(claims)?;
        self.times(claims)?;
        self.nonce(claims)?;
        self.access_token_hash(claims)?;
        let auth_time_s = self.auth_time(claims)?;
        let acr = self.acr(claims)?;
        Ok(Identity {
            issuer: self.issuer.to_owned(),
            subject,
            acr,
            auth_time_s,
            name: profile_text(claims, "name")?,
            email: profile_text(claims, "email")?,
            email_verified: email_verified(claims).map_err(|_| IdTokenError::Claim)?,
        })
    }

    fn subject(&self, claims: &Object) -> Result<String, IdTokenError> {
        let subject = match claims.text("sub") {
            Ok(Some(subject)) if (1..=MAX_SUBJECT_BYTES).contains(&subject.len()) => subject,
            _ => return Err(IdTokenError::Subject),
        };
        match self.occasion {
            Occasion::Refresh(previous) if previous.subject != subject => Err(IdTokenError::Subject),
            _ => Ok(subject.to_owned()),
        }
    }

    /// One audience is this client; several need an `azp`; an `azp` is always this client.
    fn audience(&self, claims: &Object) -> Result<(), IdTokenError> {
        let audiences = match claims.text("aud") {
            Ok(one) => one.map(|audience| vec![audience.to_owned()]),
            Err(Mistyped) => claims.texts("aud").map_err(|_| IdTokenError::Audience)?,
        }
        .unwrap_or_default();
        let party = claims.text("azp").map_err(|_| IdTokenError::Audience)?;
        let for_us = audiences.iter().any(|audience| audience == self.client_id);
        let by_us = party.map_or(audiences.len() == 1, |party| party == self.client_id);
        if for_us && by_us { Ok(()) } else { Err(IdTokenError::Audience) }
    }

    fn times(&self, claims: &Object) -> Result<(), IdTokenError> {
        let latest_start = self.now_s.saturating_add(LEEWAY_S);
        match claims.seconds("exp") {
            Ok(Some(end)) if end > self.now_s.saturating_sub(LEEWAY_S) => {}
            _ => return Err(IdTokenError::Expired),
        }
        match claims.seconds("iat") {
            Ok(Some(issued)) if issued <= latest_start => {}
            _ => return Err(IdTokenError::NotYetValid),
        }
        match claims.seconds("nbf") {
            Ok(start) if start.unwrap_or(0) <= latest_start => Ok(()),
            _ => Err(IdTokenError::NotYetValid),
        }
    }

    fn nonce(&self, claims: &Object) -> Result<(), IdTokenError> {
        let Occasion::SignIn(transaction) = self.occasion else {
            return Ok(());
        };
        match claims.text("nonce") {
            Ok(Some(nonce)) if callback::same(nonce, transaction.nonce.expose()) => Ok(()),
            _ => Err(IdTokenError::Nonce),
        }
    }

    /// Optional in this flow; where it is there, it must fit.
    fn access_token_hash(&self, claims: &Object) -> Result<(), IdTokenError> {
        let hash = match self.algorithm {
            Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => &digest::SHA256,
            Algorithm::Es384 => &digest::SHA384,
            Algorithm::EdDsa => &digest::SHA512,
        };
        let digest = digest::digest(hash, self.access_token.as_bytes());
        let left_half = digest.as_ref().split_at(digest.as_ref().len() / 2).0;
        match claims.text("at_hash") {
            Ok(None) => Ok(()),
            Ok(Some(text)) if text == BASE64_URL_SAFE_NO_PAD.encode(left_half) => Ok(()),
            _ => Err(IdTokenError::AccessTokenHash),
        }
    }

    fn auth_time(&self, claims: &Object) -> Result<Option<i64>, IdTokenError> {
        let auth_time = claims.seconds("auth_time").map_err(|_| IdTokenError::AuthTime)?;
        let fits = match (self.occasion, auth_time) {
            (Occasion::SignIn(transaction), None) => transaction.max_age_seconds.is_none(),
            (Occasion::SignIn(transaction), Some(time)) => {
                let age = self.now_s.saturating_sub(LEEWAY_S).saturating_sub(time);
                let max_age = transaction
                    .max_age_seconds
                    .map_or(i64::MAX, |age| i64::try_from(age).unwrap_or(i64::MAX));
                time <= self.now_s.saturating_add(LEEWAY_S) && age <= max_age
            }
            // The time of the sign-in, not of the refresh.
            (Occasion::Refresh(previous), Some(time)) => {
                previous.auth_time_s.is_none_or(|before| before == time)
            }
            (Occasion::Direct, Some(time)) => time <= self.now_s.saturating_add(LEEWAY_S),
            (Occasion::Refresh(_) | Occasion::Direct, None) => true,
        };
        let kept = match self.occasion {
            Occasion::Refresh(previous) => previous.auth_time_s.or(auth_time),
            Occasion::SignIn(_) | Occasion::Direct => auth_time,
        };
        if fits { Ok(kept) } else { Err(IdTokenError::AuthTime) }
    }

    fn acr(&self, claims: &Object) -> Result<Option<String>, IdTokenError> {
        let acr = claims.text("acr").map_err(|_| IdTokenError::Acr)?;
        match self.occasion {
            Occasion::SignIn(transaction) if !transaction.acr_values.is_empty() => {
                let does = acr.is_some_and(|acr| transaction.acr_values.iter().any(|wanted| wanted == acr));
                if does { Ok(acr.map(str::to_owned)) } else { Err(IdTokenError::Acr) }
            }
            _ => Ok(acr.map(str::to_owned)),
        }
    }
}

fn profile_text(claims: &Object, name: &str) -> Result<Option<String>, IdTokenError> {
    Ok(claims.text(name).map_err(|_| IdTokenError::Claim)?.map(str::to_owned))
}

/// A boolean; some providers write it as text.
pub(crate) fn email_verified(claims: &Object) -> Result<Option<bool>, Mistyped> {
    match claims.text("email_verified") {
        Ok(Some("true")) => Ok(Some(true)),
        Ok(Some("false")) => Ok(Some(false)),
        Ok(Some(_)) => Err(Mistyped),
        Ok(None) | Err(Mistyped) => claims.boolean("email_verified"),
    }
}
