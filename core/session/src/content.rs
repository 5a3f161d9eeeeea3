//! What the two files of an account hold, and the provider's time.

use std::fmt;

use pforte_host::{Clock, SecretText};
use pforte_oauth::device::Grant;
use pforte_oauth::token::RefreshOptions;
use pforte_oauth::{Identity, TokenResponse, TokenType, Transaction};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::provider::KeptDocuments;
use crate::refresh::Wanted;
use crate::{ProfileField, SessionError, Token};

/// The open file: what must be known while locked. No token, no detail about the person but the hint they chose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenContent {
    /// Who signs people in; another issuer's session is never adopted.
    pub issuer: String,
    /// The client the session belongs to.
    pub client_id: String,
    /// Shown on the lock screen, and filled in at the next sign-in; only by the person's choice.
    pub login_hint: Option<String>,
    /// Whether the person chose to be remembered.
    #[serde(default)]
    pub remembers: bool,
    /// How the last session ended on this device, until somebody signs in.
    #[serde(default)]
    pub ended: Option<EndedBy>,
    /// Kept without a gate because nobody's finger or face was enrolled, not because the person declined.
    #[serde(default)]
    pub awaits_enrolment: bool,
    /// Sign-ins under way; each is used once and ends after ten minutes.
    pub transactions: Vec<Transaction>,
    /// The provider's metadata and keys, to be judged again when they are read.
    #[serde(default)]
    pub provider: KeptDocuments,
    /// A sign-in on another device that waits for the person.
    #[serde(default)]
    pub device_grant: Option<Grant>,
}

/// What ended a session that nobody wanted to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EndedBy {
    /// The key behind finger or face was lost.
    KeyLost,
    /// What was kept can't be read.
    Damage,
}

/// The gated file: readable only after an unwrap.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatedContent {
    /// The provider's identifier of the person (`sub`).
    pub subject: String,
    pub acr: Option<String>,
    /// When the person signed in, in seconds since 1970 by the provider's time.
    pub auth_time_s: Option<i64>,
    pub access_token: SealedText,
    pub scheme: String,
    /// When the access token expires, in milliseconds since 1970 by the provider's time; nothing where it did not say.
    pub expires_ms: Option<i64>,
    pub refresh_token: Option<SealedText>,
    /// The newest ID token, as the hint of a logout (RP-Initiated Logout 1.0, section 2).
    #[serde(default)]
    pub id_token: Option<SealedText>,
    pub time: TimeAnchor,
    pub profile: Vec<ProfileField>,
    /// Access tokens for other APIs or fewer scopes, got with the same refresh token.
    #[serde(default)]
    pub others: Vec<OtherToken>,
}

/// An access token for something else than the sign-in asked for (RFC 8707, section 2.2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherToken {
    asked: RefreshOptions,
    access_token: SealedText,
    expires_ms: Option<i64>,
}

/// The most tokens for other APIs that are kept; the oldest go first.
const MOST_OTHERS: usize = 16;

/// A token this close to its end is renewed before use, in milliseconds.
const RENEW_BEFORE_MS: i64 = 30_000;

impl GatedContent {
    /// The session that a sign-in began.
    pub fn arrived(identity: &Identity, tokens: &TokenResponse, clock: &dyn Clock) -> Self {
        let field = |name: &str, value: Option<String>| {
            value.map(|value| ProfileField { name: name.to_owned(), value, source: "id_token".to_owned() })
        };
        let profile = [
            field("name", identity.name.clone()),
            field("email", identity.email.clone()),
            // The address again, where the provider has checked it: what a policy asks for is a checked address.
            field("email_verified", identity.email.clone().filter(|_| identity.email_verified == Some(true))),
        ];
        let mut content = Self {
            subject: identity.subject.clone(),
            acr: identity.acr.clone(),
            auth_time_s: identity.auth_time_s,
            access_token: SealedText::default(),
            scheme: TokenType::Bearer.scheme().to_owned(),
            expires_ms: None,
            refresh_token: None,
            id_token: None,
            time: TimeAnchor::new(None, clock),
            profile: profile.into_iter().flatten().collect(),
            others: Vec::new(),
        };
        content.take_tokens(tokens, clock);
        // A provider that does not say when the person signed in has just done it.
        content.auth_time_s = content.auth_time_s.or(Some(content.time.provider_ms / 1000));
        content
    }

    /// The person's address, as the provider or the person gave it: what a sign-in page takes as a hint.
    pub fn email(&self) -> Option<String> {
        let named = |name: &str| self.profile.iter().find(|field| field.name == name);
        named("email").map(|field| field.value.clone())
    }

    /// Whether nobody renewed a token between the two.
    pub fn has_the_tokens_of(&self, other: &Self) -> bool {
        (&self.access_token, &self.refresh_token, &self.others)
            == (&other.access_token, &other.refresh_token, &other.others)
    }

    /// This session with the tokens of a refresh; a response without a refresh token leaves the old one in force
    /// (RFC 6749, section 6).
    pub fn rotated(&self, tokens: &TokenResponse, clock: &dyn Clock) -> Self {
        let mut content = self.clone();
        content.take_tokens(tokens, clock);
        content
    }

    /// This session with the tokens of a refresh that asked for something else: the access token is kept beside the
    /// others, the refresh token is renewed as ever.
    pub fn rotated_for(&self, asked: &RefreshOptions, tokens: &TokenResponse, clock: &dyn Clock) -> Self {
        if *asked == RefreshOptions::default() {
            return self.rotated(tokens, clock);
        }
        let mut taken = self.rotated(tokens, clock);
        let other = OtherToken {
            asked: asked.clone(),
            access_token: std::mem::take(&mut taken.access_token),
            expires_ms: taken.expires_ms,
        };
        taken.access_token = self.access_token.clone();
        taken.expires_ms = self.expires_ms;
        taken.others.retain(|kept| kept.asked != *asked);
        taken.others.push(other);
        let too_many = taken.others.len().saturating_sub(MOST_OTHERS);
        taken.others.drain(..too_many);
        taken
    }

    /// The access token for what is asked for, and whether it lasts long enough.
    pub fn token_for(&self, asked: &Wanted, clock: &dyn Clock) -> Option<(Token, bool)> {
        if asked.options == RefreshOptions::default() {
            return Some((self.token(), self.lasts(self.expires_ms, asked.lasting_ms, clock)));
        }
        let kept = self.others.iter().find(|kept| kept.asked == asked.options)?;
        let token = Token { scheme: self.scheme.clone(), value: kept.access_token.0.clone() };
        Some((token, self.lasts(kept.expires_ms, asked.lasting_ms, clock)))
    }

    fn take_tokens(&mut self, tokens: &TokenResponse, clock: &dyn Clock) {
        self.time = TimeAnchor::new(tokens.server_time_s.map(|seconds| seconds.saturating_mul(1000)), clock);
        self.access_token = SealedText(tokens.access_token.clone());
        self.scheme = tokens.token_type.scheme().to_owned();
        self.expires_ms = tokens.expires_in_seconds.map(|seconds| {
            let lifetime_ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
            self.time.provider_ms.saturating_add(lifetime_ms)
        });
        if let Some(refresh_token) = &tokens.refresh_token {
            self.refresh_token = Some(SealedText(refresh_token.clone()));
        }
        if let Some(id_token) = &tokens.id_token {
            self.id_token = Some(SealedText(id_token.clone()));
        }
    }

    /// The access token, as it is presented.
    pub fn token(&self) -> Token {
        Token { scheme: self.scheme.clone(), value: self.access_token.0.clone() }
    }

    /// Whether a token can still be used for so long, by the provider's time. Without an expiry the server decides.
    fn lasts(&self, expires_ms: Option<i64>, lasting_ms: i64, clock: &dyn Clock) -> bool {
        let now_ms = self.time.now_ms(clock);
        let needed_ms = lasting_ms.max(RENEW_BEFORE_MS);
        expires_ms.is_none_or(|expires_ms| now_ms < expires_ms.saturating_sub(needed_ms))
    }

    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        serde_json::to_vec(self)
            .map(Zeroizing::new)
            .map_err(|_| SessionError::Internal { what: "session content" })
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SessionError> {
        serde_json::from_slice(bytes).map_err(|_| SessionError::Corrupt { what: "the session" })
    }
}

impl fmt::Debug for GatedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatedContent(..)")
    }
}

impl OpenContent {
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        serde_json::to_vec(self)
            .map(Zeroizing::new)
            .map_err(|_| SessionError::Internal { what: "open content" })
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SessionError> {
        serde_json::from_slice(bytes).map_err(|_| SessionError::Corrupt { what: "the account's open record" })
    }
}

/// A secret text inside a sealed file.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct SealedText(pub SecretText);

impl SealedText {
    pub fn as_secret(&self) -> &SecretText {
        &self.0
    }
}

impl Serialize for SealedText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for SealedText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretText::new(text)))
    }
}

/// One reading of the provider's time, beside the device's clocks at that moment.
///
/// Token expiry uses it, so that a phone whose clock is a day off keeps its session; the lock never does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TimeAnchor {
    /// The provider's time, in milliseconds since 1970.
    pub provider_ms: i64,
    pub wall_ms: i64,
    pub elapsed_ms: u64,
    pub boot_id: String,
}

impl TimeAnchor {
    /// Takes the anchor from a token response's `Date`; without one the device's clock has to do.
    pub fn new(provider_ms: Option<i64>, clock: &dyn Clock) -> Self {
        let now = clock.now();
        Self {
            provider_ms: provider_ms.unwrap_or(now.wall_ms),
            wall_ms: now.wall_ms,
            elapsed_ms: now.elapsed_ms,
            boot_id: clock.boot_id(),
        }
    }

    /// The provider's time now. Within one boot the elapsed clock carries it on; across boots the wall clock has to.
    pub fn now_ms(&self, clock: &dyn Clock) -> i64 {
        let now = clock.now();
        let passed = if clock.boot_id() == self.boot_id {
            i64::try_from(now.elapsed_ms.saturating_sub(self.elapsed_ms)).unwrap_or(i64::MAX)
        } else {
            now.wall_ms.saturating_sub(self.wall_ms)
        };
        self.provider_ms.saturating_add(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct FixedClock {
        wall_ms: i64,
        elapsed_ms: u64,
        boot: &'static str,
    }

    impl Clock for FixedClock {
        fn wall_ms(&self) -> i64 {
            self.wall_ms
        }
        fn elapsed_ms(&self) -> u64 {
            self.elapsed_ms
        }
        fn boot_id(&self) -> String {
            self.boot.to_owned()
        }
    }

    const DAY_MS: i64 = 86_400_000;

    fn content(clock: &dyn Clock, provider_s: i64) -> GatedContent {
        let identity = Identity {
            issuer: "https://id.example".to_owned(),
            subject: "alice".to_owned(),
            acr: None,
            auth_time_s: None,
            name: None,
            email: None,
            email_verified: None,
        };
        let tokens = TokenResponse {
            access_token: SecretText::new("access-canary".to_owned()),
            token_type: TokenType::Bearer,
            expires_in_seconds: Some(600),
            refresh_token: Some(SecretText::new("refresh-canary".to_owned())),
            id_token: None,
            scope: None,
            server_time_s: Some(provider_s),
        };
        GatedContent::arrived(&identity, &tokens, clock)
    }

    fn is_fresh(content: &GatedContent, clock: &dyn Clock) -> bool {
        content.token_for(&Wanted::default(), clock).is_some_and(|(_, lasts)| lasts)
    }

    #[test]
    fn a_device_clock_that_is_a_day_off_or_is_set_does_not_age_a_token() {
        let provider_s = 1_800_000_000;
        let clock = FixedClock { wall_ms: provider_s * 1000 - DAY_MS, elapsed_ms: 5_000, boot: "a" };
        let content = content(&clock, provider_s);
        assert!(is_fresh(&content, &clock));
        let set_forward = FixedClock { wall_ms: clock.wall_ms + 3 * DAY_MS, elapsed_ms: 65_000, boot: "a" };
        assert!(is_fresh(&content, &set_forward));
        let later = FixedClock { wall_ms: clock.wall_ms, elapsed_ms: 5_000 + 571_000, boot: "a" };
        assert!(!is_fresh(&content, &later));
    }

    #[test]
    fn across_a_restart_the_wall_clock_carries_the_providers_time_on() {
        let clock = FixedClock { wall_ms: 1_000_000, elapsed_ms: 900_000, boot: "a" };
        let content = content(&clock, 1_800_000_000);
        let restarted = FixedClock { wall_ms: 1_000_000 + 60_000, elapsed_ms: 10, boot: "b" };
        assert_eq!(content.time.now_ms(&restarted), 1_800_000_060_000);
    }

    #[test]
    fn a_refresh_without_a_new_refresh_token_keeps_the_old_one() {
        let clock = FixedClock { wall_ms: 0, elapsed_ms: 0, boot: "a" };
        let content = content(&clock, 0);
        let tokens = TokenResponse {
            access_token: SecretText::new("second".to_owned()),
            token_type: TokenType::Bearer,
            expires_in_seconds: None,
            refresh_token: None,
            id_token: None,
            scope: None,
            server_time_s: None,
        };
        let rotated = content.rotated(&tokens, &clock);
        assert_eq!(
            rotated.refresh_token.as_ref().map(|token| token.as_secret().expose()),
            Some("refresh-canary")
        );
        assert_eq!(rotated.token().value.expose(), "second");
    }

    #[test]
    fn the_files_come_back_as_they_were_and_debug_prints_no_token() {
        let clock = FixedClock { wall_ms: 0, elapsed_ms: 0, boot: "a" };
        let content = content(&clock, 0);
        let back = GatedContent::from_bytes(&content.to_bytes().unwrap()).unwrap();
        assert_eq!(back.token(), content.token());
        let printed = format!("{content:?} {:?}", content.token());
        assert!(!printed.contains("canary"), "{printed}");
        let open = OpenContent { issuer: "https://id.example".to_owned(), ..OpenContent::default() };
        assert_eq!(OpenContent::from_bytes(&open.to_bytes().unwrap()).unwrap(), open);
    }
}
