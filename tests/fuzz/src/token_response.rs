//! The token endpoint's answer: `kind of token, status 2, length of date, date, body`.

use pforte_oauth::{OauthError, TokenType, token};
use serde_json::{Value, json};

use crate::bounded;
use crate::provider::answer;

pub fn seeds() -> Vec<Vec<u8>> {
    let good = json!({"access_token": "an-access-token-of-some-length", "token_type": "bearer", "expires_in": 300,
        "refresh_token": "a-refresh-token-of-some-length", "id_token": "a.b.c", "scope": "openid email"});
    let dpop = json!({"access_token": "t", "token_type": "DPoP", "expires_in": "3600"});
    let error = json!({"error": "invalid_grant", "error_description": "gone\u{1b}"});
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let seed = |kind: u8, status: u16, body: &Value| {
        [&[kind], &status.to_be_bytes()[..], &[29], date.as_bytes(), body.to_string().as_bytes()].concat()
    };
    vec![
        seed(0, 200, &good),
        seed(1, 200, &dpop),
        seed(0, 400, &error),
        seed(0, 503, &error),
        seed(0, 200, &error),
    ]
}

/// Tokens come out of a `200` only, of the kind that was asked for, as they stand in the body, and are never printed.
pub fn run(input: &[u8]) {
    let [kind, high, low, length, rest @ ..] = input else { return };
    let (date, body) = rest.split_at(usize::from(*length).min(rest.len()));
    let status = u16::from_be_bytes([*high, *low]);
    let Some(answer) = answer(status, date, body) else { return };
    let expected = if kind % 2 == 0 { TokenType::Bearer } else { TokenType::Dpop };
    let verdict = bounded(input, 1 << 16, 192, || token::response(&answer, expected));
    let document: Option<Value> = serde_json::from_slice(body).ok();
    match verdict {
        Ok(tokens) => {
            let document = document.unwrap();
            assert_eq!((status, tokens.token_type), (200, expected));
            assert_eq!(document["access_token"].as_str(), Some(tokens.access_token.expose()));
            let refresh = tokens.refresh_token.as_ref().map(|token| token.expose());
            assert_eq!(document["refresh_token"].as_str(), refresh);
            let printed = format!("{tokens:?}");
            for secret in [Some(tokens.access_token.expose()), refresh].into_iter().flatten() {
                assert!(secret.len() < 24 || !printed.contains(secret), "a token was printed");
            }
        }
        Err(error) => no_secret_in(&error, document.as_ref()),
    }
}

/// An error tells what the provider said and none of the tokens beside it.
fn no_secret_in(error: &OauthError, document: Option<&Value>) {
    let printed = format!("{error} {error:?}");
    let text = |name: &str| document.and_then(|document| document[name].as_str()).unwrap_or_default();
    for name in ["access_token", "refresh_token", "id_token"] {
        // The same text may stand in the description, which is shown.
        let secret = text(name);
        let said = text("error_description").contains(secret) || text("error").contains(secret);
        assert!(secret.len() < 24 || said || !printed.contains(secret), "{name} in an error");
    }
}
