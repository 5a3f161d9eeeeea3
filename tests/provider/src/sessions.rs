//! Codes, token families and tokens.
//!
//! ```text
//!   code ── redeemed ──▶ live family ◀──┐ refresh: with the newest token, or with a replaced one
//!    │                       │    │     │ within its grace or its reuses (a replaced token stays replaced)
//!    │ redeemed again        │    └─────┘
//!    ▼                       ├── a replaced token, too late or too often ──▶ ended: reuse
//!   ended: code_reuse        ├── RFC 7009 revocation ──────────────────────▶ ended: revocation
//!                            ├── RP-initiated logout ──────────────────────▶ ended: end_session
//!                            └── an administrator ─────────────────────────▶ ended: administrator
//! ```
//!
//! No token of an ended family is good for anything, access tokens included.

use std::collections::HashMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::random;
use crate::settings::Rotation;

/// How somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authentication {
    pub subject: String,
    pub acr: &'static str,
    pub auth_time: i64,
}

/// What was granted, and to whom (RFC 6749, section 1.3).
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub client_id: String,
    pub scope: String,
    pub resource: Option<String>,
    pub authentication: Authentication,
}

impl Grant {
    pub(crate) fn has_scope(&self, name: &str) -> bool {
        self.scope.split(' ').any(|scope| scope == name)
    }
}

/// A code and what it must be redeemed with.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub grant: Grant,
    pub redirect_uri: String,
    pub code_challenge: String,
    pub nonce: Option<String>,
    pub expires_at: i64,
}

/// Why a family ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The client revoked one of its tokens (RFC 7009).
    Revocation,
    /// A replaced refresh token was used again (RFC 9700, section 4.14.2).
    Reuse,
    /// The authorization code was redeemed again (RFC 6749, section 4.1.2).
    CodeReuse,
    /// The person signed out (OIDC RP-Initiated Logout 1.0).
    EndSession,
    /// An administrator ended it.
    Administrator,
}

/// All tokens that come from one sign-in.
#[derive(Debug)]
pub(crate) struct Family {
    pub grant: Grant,
    /// The `sid` claim.
    pub sid: String,
    pub refreshes: u64,
    pub ended: Option<Ending>,
    /// What ended it, where that was a replaced token.
    reuse: Option<Reuse>,
}

/// Which refresh a token came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The number of the sign-in, from 0, as in [`StateReport::families`](crate::StateReport::families).
    pub family: usize,
    /// The number of the refresh within the family; 0 for the sign-in itself.
    pub refresh: u64,
}

/// The use of a replaced refresh token that ended its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reuse {
    /// Which refresh the token had come with; 0 for the sign-in itself.
    pub refresh: u64,
    /// How long before, in seconds, it had been replaced.
    pub after_seconds: i64,
}

#[derive(Debug)]
struct RefreshToken {
    origin: Origin,
    expires_at: i64,
    /// When it was replaced; nothing while it is the newest of its line.
    replaced_at: Option<i64>,
    reuses: u32,
}

#[derive(Debug)]
struct AccessToken {
    origin: Origin,
    expires_at: i64,
    audience: String,
}

/// Why a code or refresh token was refused: `invalid_grant` in RFC 6749, section 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantError {
    #[error("the code or token is unknown")]
    Unknown,
    #[error("the code or token has expired")]
    Expired,
    #[error("the code or token was used before; everything that came from it has ended")]
    Reused,
    #[error("the session has ended")]
    Ended,
    #[error("the code or token belongs to another client")]
    OtherClient,
    #[error("redirect_uri is not the one of the authorization request")]
    OtherRedirect,
    #[error("code_verifier does not match code_challenge")]
    WrongVerifier,
    #[error("no random value could be made")]
    NoRandom,
}

impl From<Unspecified> for GrantError {
    fn from(_: Unspecified) -> Self {
        Self::NoRandom
    }
}

/// A redeemed code.
#[derive(Debug)]
pub(crate) struct Redeemed {
    pub family: usize,
    pub nonce: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Sessions {
    codes: HashMap<String, (Code, Option<usize>)>,
    families: Vec<Family>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
}

impl Sessions {
    pub(crate) fn issue_code(&mut self, code: Code) -> Result<String, Unspecified> {
        let value = random::token()?;
        self.codes.insert(value.clone(), (code, None));
        Ok(value)
    }

    /// Makes a family of a code (RFC 6749, section 4.1.3; RFC 7636, section 4.6).
    pub(crate) fn redeem(
        &mut self,
        value: &str,
        client_id: &str,
        redirect_uri: &str,
        code_verifier: &str,
        now: i64,
    ) -> Result<Redeemed, GrantError> {
        let (code, redeemed) = self.codes.get_mut(value).ok_or(GrantError::Unknown)?;
        if let Some(family) = *redeemed {
            self.end(family, Ending::CodeReuse);
            return Err(GrantError::Reused);
        }
        if code.grant.client_id != client_id {
            return Err(GrantError::OtherClient);
        }
        if code.redirect_uri != redirect_uri {
            return Err(GrantError::OtherRedirect);
        }
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, code_verifier.as_bytes()));
        if verify_slices_are_equal(hash.as_bytes(), code.code_challenge.as_bytes()).is_err() {
            return Err(GrantError::WrongVerifier);
        }
        if now >= code.expires_at {
            return Err(GrantError::Expired);
        }
        let family = self.families.len();
        *redeemed = Some(family);
        let nonce = code.nonce.clone();
        let grant = code.grant.clone();
        self.families.push(Family { grant, sid: random::token()?, refreshes: 0, ended: None, reuse: None });
        Ok(Redeemed { family, nonce })
    }

    /// Uses a refresh token; afterwards the family is live and the token replaced, unless rotation is off.
    pub(crate) fn refresh(
        &mut self,
        value: &str,
        client_id: &str,
        rotation: Rotation,
        now: i64,
    ) -> Result<usize, GrantError> {
        let token = self.refresh_tokens.get_mut(value).ok_or(GrantError::Unknown)?;
        let index = token.origin.family;
        let family = self.families.get_mut(index).ok_or(GrantError::Unknown)?;
        if family.grant.client_id != client_id {
            return Err(GrantError::OtherClient);
        }
        if family.ended.is_some() {
            return Err(GrantError::Ended);
        }
        if now >= token.expires_at {
            return Err(GrantError::Expired);
        }
        let again = match (token.replaced_at, rotation) {
            (None, _) | (_, Rotation::Off) => true,
            (Some(replaced_at), Rotation::GraceSeconds(grace)) => {
                now < replaced_at.saturating_add(i64::from(grace))
            }
            (Some(_), Rotation::Reuses(most)) => token.reuses < most,
        };
        if !again {
            family.ended = Some(Ending::Reuse);
            let after_seconds = now.saturating_sub(token.replaced_at.unwrap_or(now));
            family.reuse = Some(Reuse { refresh: token.origin.refresh, after_seconds });
            return Err(GrantError::Reused);
        }
        if rotation != Rotation::Off {
            match token.replaced_at {
                Some(_) => token.reuses += 1,
                None => token.replaced_at = Some(now),
            }
        }
        family.refreshes += 1;
        Ok(index)
    }

    pub(crate) fn issue_refresh_token(
        &mut self,
        family: usize,
        expires_at: i64,
    ) -> Result<String, Unspecified> {
        let value = random::token()?;
        let token = RefreshToken { origin: self.origin(family), expires_at, replaced_at: None, reuses: 0 };
        self.refresh_tokens.insert(value.clone(), token);
        Ok(value)
    }

    pub(crate) fn keep_access_token(&mut self, value: &str, family: usize, audience: &str, expires_at: i64) {
        let token = AccessToken { origin: self.origin(family), expires_at, audience: audience.to_owned() };
        self.access_tokens.insert(value.to_owned(), token);
    }

    /// The grant and audience behind a live access token.
    pub(crate) fn access(&self, value: &str, now: i64) -> Option<(&Grant, &str)> {
        let token = self.access_tokens.get(value).filter(|token| now < token.expires_at)?;
        let family = self.families.get(token.origin.family).filter(|family| family.ended.is_none())?;
        Some((&family.grant, &token.audience))
    }

    /// The family that a refresh or access token belongs to.
    pub(crate) fn family_of(&self, value: &str) -> Option<usize> {
        self.origin_of(value).map(|origin| origin.family)
    }

    fn origin_of(&self, value: &str) -> Option<Origin> {
        let refresh = self.refresh_tokens.get(value).map(|token| token.origin);
        refresh.or_else(|| self.access_tokens.get(value).map(|token| token.origin))
    }

    /// Where a token that is issued now comes from.
    fn origin(&self, family: usize) -> Origin {
        Origin { family, refresh: self.families.get(family).map_or(0, |family| family.refreshes) }
    }

    pub(crate) fn family_with_sid(&self, sid: &str) -> Option<usize> {
        self.families.iter().position(|family| family.sid == sid)
    }

    pub(crate) fn family(&self, index: usize) -> Option<&Family> {
        self.families.get(index)
    }

    pub(crate) fn families(&self) -> &[Family] {
        &self.families
    }

    /// Ends a family; the first ending stays.
    pub(crate) fn end(&mut self, index: usize, ending: Ending) {
        if let Some(family) = self.families.get_mut(index) {
            family.ended.get_or_insert(ending);
        }
    }

    /// Ends every family of a person.
    pub(crate) fn end_all_of(&mut self, subject: &str, ending: Ending) {
        for family in self.families.iter_mut().filter(|family| family.grant.authentication.subject == subject)
        {
            family.ended.get_or_insert(ending);
        }
    }
}

impl Control {
    /// Which refresh issued a refresh or access token; nothing where it was not issued here.
    pub fn origin_of(&self, token: &str) -> Option<Origin> {
        self.world.state().sessions.origin_of(token)
    }

    /// The reuse that ended a family; nothing where it lives, or ended otherwise.
    pub fn reuse(&self, family: usize) -> Option<Reuse> {
        self.world.state().sessions.family(family)?.reuse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn signed_in() -> (Sessions, String) {
        let mut sessions = Sessions::default();
        let authentication = Authentication { subject: "alice".to_owned(), acr: "pwd", auth_time: 0 };
        let code = Code {
            grant: Grant {
                client_id: "app".to_owned(),
                scope: "openid offline_access".to_owned(),
                resource: None,
                authentication,
            },
            redirect_uri: "app:/cb".to_owned(),
            code_challenge: CHALLENGE.to_owned(),
            nonce: None,
            expires_at: 60,
        };
        let code = sessions.issue_code(code).unwrap();
        (sessions, code)
    }

    fn with_refresh_token() -> (Sessions, String) {
        let (mut sessions, code) = signed_in();
        let family = sessions.redeem(&code, "app", "app:/cb", VERIFIER, 0).unwrap().family;
        let token = sessions.issue_refresh_token(family, 1000).unwrap();
        (sessions, token)
    }

    #[test]
    fn the_pair_of_rfc_7636_appendix_b_redeems_once() {
        let (mut sessions, code) = signed_in();
        for (client, redirect, verifier, now, error) in [
            ("other", "app:/cb", VERIFIER, 0, GrantError::OtherClient),
            ("app", "app:/cb2", VERIFIER, 0, GrantError::OtherRedirect),
            ("app", "app:/cb", "wrong", 0, GrantError::WrongVerifier),
            ("app", "app:/cb", VERIFIER, 60, GrantError::Expired),
        ] {
            assert_eq!(sessions.redeem(&code, client, redirect, verifier, now).unwrap_err(), error);
        }
        assert_eq!(sessions.redeem(&code, "app", "app:/cb", VERIFIER, 59).unwrap().family, 0);
        assert_eq!(sessions.redeem(&code, "app", "app:/cb", VERIFIER, 59).unwrap_err(), GrantError::Reused);
        assert_eq!(sessions.families()[0].ended, Some(Ending::CodeReuse));
    }

    #[test]
    fn grace_accepts_a_replaced_token_until_it_is_over() {
        let (mut sessions, token) = with_refresh_token();
        let rotation = Rotation::GraceSeconds(30);
        assert_eq!(sessions.refresh(&token, "app", rotation, 100), Ok(0));
        assert_eq!(sessions.refresh(&token, "app", rotation, 129), Ok(0));
        assert_eq!(sessions.refresh(&token, "app", rotation, 130), Err(GrantError::Reused));
        assert_eq!(sessions.families()[0].ended, Some(Ending::Reuse));
        assert_eq!(sessions.families()[0].reuse, Some(Reuse { refresh: 0, after_seconds: 30 }));
        assert_eq!(sessions.families()[0].refreshes, 2);
        assert_eq!(sessions.refresh(&token, "app", rotation, 130), Err(GrantError::Ended));
    }

    #[test]
    fn no_grace_accepts_no_second_use_even_in_the_same_second() {
        let (mut sessions, token) = with_refresh_token();
        assert_eq!(sessions.refresh(&token, "app", Rotation::GraceSeconds(0), 100), Ok(0));
        assert_eq!(sessions.refresh(&token, "app", Rotation::GraceSeconds(0), 100), Err(GrantError::Reused));
    }

    #[test]
    fn a_token_names_the_refresh_it_came_with() {
        let (mut sessions, token) = with_refresh_token();
        assert_eq!(sessions.origin_of(&token), Some(Origin { family: 0, refresh: 0 }));
        sessions.refresh(&token, "app", Rotation::GraceSeconds(0), 1).unwrap();
        let next = sessions.issue_refresh_token(0, 1000).unwrap();
        sessions.keep_access_token("at", 0, "portal", 600);
        for issued in [next.as_str(), "at"] {
            assert_eq!(sessions.origin_of(issued), Some(Origin { family: 0, refresh: 1 }));
        }
        assert_eq!(sessions.origin_of("elsewhere"), None);
    }

    #[test]
    fn reuses_are_counted_for_each_token() {
        let (mut sessions, token) = with_refresh_token();
        let rotation = Rotation::Reuses(2);
        for _ in 0..3 {
            assert_eq!(sessions.refresh(&token, "app", rotation, 500), Ok(0));
        }
        assert_eq!(sessions.refresh(&token, "app", rotation, 500), Err(GrantError::Reused));
    }

    #[test]
    fn without_rotation_a_token_is_good_until_it_expires() {
        let (mut sessions, token) = with_refresh_token();
        for now in [1, 2, 999] {
            assert_eq!(sessions.refresh(&token, "app", Rotation::Off, now), Ok(0));
        }
        assert_eq!(sessions.refresh(&token, "app", Rotation::Off, 1000), Err(GrantError::Expired));
        assert_eq!(sessions.refresh(&token, "other", Rotation::Off, 2), Err(GrantError::OtherClient));
    }

    #[test]
    fn access_tokens_end_with_their_family() {
        let (mut sessions, _) = with_refresh_token();
        sessions.keep_access_token("at", 0, "portal", 600);
        assert!(sessions.access("at", 599).is_some());
        assert!(sessions.access("at", 600).is_none());
        sessions.end_all_of("bob", Ending::Administrator);
        assert!(sessions.access("at", 0).is_some());
        sessions.end_all_of("alice", Ending::Administrator);
        assert!(sessions.access("at", 0).is_none());
    }
}
