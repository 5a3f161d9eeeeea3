//! `WWW-Authenticate` (RFC 9110, section 11.6.1) and what OAuth says in it (RFC 6750, 9449, 9470).

mod grammar;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, Response, StatusCode};

use crate::{OauthError, reply};

/// One challenge, as the grammar has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, in lower case.
    pub scheme: String,
    /// The parameters, names in lower case, none twice.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter, by its name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why an API refused a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// More assurance is needed (RFC 9470, section 3).
    StepUp {
        /// The authentication context classes that would do; empty where the API names none.
        acr_values: Vec<String>,
        /// The oldest sign-in that would do, in seconds.
        max_age_seconds: Option<u64>,
    },
    /// The access token is missing, expired or revoked: refresh, then send once more.
    InvalidToken,
    /// The access token lacks scopes (RFC 6750, section 3.1).
    InsufficientScope {
        /// Those that would do, where the API says.
        scopes: Vec<String>,
    },
    /// The API wants a proof with its nonce: send once more with a fresh proof (RFC 9449, section 9).
    DpopNonceNeeded {
        /// The nonce.
        nonce: String,
    },
}

impl From<Refusal> for OauthError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::StepUp { .. } => {
                Self::InteractionNeeded { code: "insufficient_user_authentication".to_owned() }
            }
            Refusal::InvalidToken => Self::AccessTokenRefused,
            Refusal::InsufficientScope { .. } => Self::Configuration {
                hint: "the access token lacks a scope the API wants; add it to scopes and sign in again"
                    .to_owned(),
            },
            Refusal::DpopNonceNeeded { nonce } => Self::DpopNonceNeeded { nonce },
        }
    }
}

/// Every challenge of a response, over all its header fields.
pub fn parse(headers: &HeaderMap) -> Result<Vec<Challenge>, OauthError> {
    let mut challenges = Vec::new();
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let text = value.to_str().ok().and_then(grammar::challenges);
        challenges.extend(
            text.ok_or(OauthError::Protocol { what: "WWW-Authenticate breaks RFC 9110, section 11.6.1" })?,
        );
    }
    Ok(challenges)
}

/// What an API's response says about the access token; nothing where it says nothing. Only `401`, `403` and `400` speak
/// of it, and only in a Bearer or DPoP challenge.
pub fn refusal<B>(response: &Response<B>) -> Result<Option<Refusal>, OauthError> {
    let status = response.status();
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST) {
        return Ok(None);
    }
    let challenges = parse(response.headers())?;
    let ours: Vec<&Challenge> = challenges
        .iter()
        .filter(|challenge| matches!(challenge.scheme.as_str(), "bearer" | "dpop"))
        .collect();
    // Of several challenges the one with an error counts; an API may offer both schemes and explain one.
    for challenge in &ours {
        if let Some(refusal) = explained(challenge, response.headers())? {
            return Ok(Some(refusal));
        }
    }
    Ok((status == StatusCode::UNAUTHORIZED && !ours.is_empty()).then_some(Refusal::InvalidToken))
}

fn explained(challenge: &Challenge, headers: &HeaderMap) -> Result<Option<Refusal>, OauthError> {
    Ok(match challenge.parameter("error") {
        Some("insufficient_user_authentication") => Some(Refusal::StepUp {
            acr_values: words(challenge.parameter("acr_values")),
            max_age_seconds: challenge.parameter("max_age").map(max_age).transpose()?,
        }),
        Some("invalid_token") => Some(Refusal::InvalidToken),
        Some("insufficient_scope") => {
            Some(Refusal::InsufficientScope { scopes: words(challenge.parameter("scope")) })
        }
        Some("use_dpop_nonce") => Some(Refusal::DpopNonceNeeded {
            nonce: reply::dpop_nonce(headers).ok_or(OauthError::Protocol {
                what: "use_dpop_nonce came without a DPoP-Nonce (RFC 9449, section 9)",
            })?,
        }),
        _ => None,
    })
}

fn max_age(text: &str) -> Result<u64, OauthError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if digits { text.parse().ok() } else { None };
    seconds.ok_or(OauthError::Protocol { what: "max_age is not a number of seconds (RFC 9470, section 3)" })
}

fn words(list: Option<&str>) -> Vec<String> {
    list.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn refused(status: u16, fields: &[&str]) -> Result<Option<Refusal>, OauthError> {
        let mut response = Response::builder().status(status).body(()).unwrap();
        for field in fields {
            response.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_str(field).unwrap());
        }
        response.headers_mut().insert("dpop-nonce", HeaderValue::from_static("n-1"));
        refusal(&response)
    }

    /// RFC 9470, section 3.
    #[test]
    fn step_up_is_read() {
        let example = "Bearer error=\"insufficient_user_authentication\",\
            error_description=\"A different authentication level is required\", acr_values=\"myACR other\"";
        let expected =
            Refusal::StepUp { acr_values: vec!["myACR".into(), "other".into()], max_age_seconds: None };
        assert_eq!(refused(401, &[example]), Ok(Some(expected)));
        for max_age in ["max_age=5", "max_age=\"5\""] {
            let field = format!("dpop ERROR=insufficient_user_authentication , {max_age}");
            let expected = Refusal::StepUp { acr_values: vec![], max_age_seconds: Some(5) };
            assert_eq!(refused(401, &[&field]), Ok(Some(expected)));
        }
        assert!(
            refused(401, &["Bearer error=\"insufficient_user_authentication\", max_age=\"-5\""]).is_err()
        );
    }

    #[test]
    fn the_explained_challenge_counts() {
        let fields = ["Basic realm=\"x\", Bearer", "DPoP algs=\"ES256\", error=\"use_dpop_nonce\""];
        assert_eq!(refused(401, &fields), Ok(Some(Refusal::DpopNonceNeeded { nonce: "n-1".into() })));
        assert_eq!(refused(401, &["Bearer realm=\"x\""]), Ok(Some(Refusal::InvalidToken)));
        assert_eq!(refused(401, &["Basic realm=\"x\""]), Ok(None));
        assert_eq!(refused(401, &[]), Ok(None));
        assert_eq!(refused(403, &["Bearer"]), Ok(None));
        assert_eq!(
            refused(403, &["Bearer error=\"insufficient_scope\", scope=\"a b\""]),
            Ok(Some(Refusal::InsufficientScope { scopes: vec!["a".into(), "b".into()] }))
        );
        assert_eq!(refused(200, &["Bearer error=\"invalid_token\""]), Ok(None));
    }

    #[test]
    fn a_broken_field_is_an_error() {
        assert!(matches!(refused(401, &["Bearer error=\"open"]), Err(OauthError::Protocol { .. })));
    }
}
