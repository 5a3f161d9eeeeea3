//! The token endpoint's answer: `kind of token, status 2, length of date, date, body`.

use pforte_oauth::{OauthError, TokenResponse, TokenType, token};
use serde_json::{Value, json};

use crate::bounded;
use crate::provider::answer;

pub fn seeds() -> Vec<Vec<u8>> {
    let good = json!({"access_token": "an-access-token-of-some-length", "token_type": "bearer", "expires_in": 300,
        "refresh_token": "a-refresh-token-of-some-length", "id_token": "a.b.c", "scope": "openid email"});
    let dpop = json!({"access_token": "t", "token_type": "DPoP", "expires_in": "3600"});
    let error = json!({"error": "invalid_grant", "error_description": "gone\u{1b}"});
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let beside = json!({"error": "something_new", "access_token": "an-access-token", "refresh_token": "a-refresh-token"});
    let seed = |kind: u8, status: u16, body: &Value| {
        [&[kind], &status.to_be_bytes()[..], &[29], date.as_bytes(), body.to_string().as_bytes()].concat()
    };
    vec![
        seed(0, 200, &good),
        seed(1, 200, &dpop),
        seed(0, 400, &error),
        seed(0, 400, &beside),
        seed(0, 503, &error),
        seed(0, 200, &error),
    ]
}

/// Tokens come out of a `200` only, of the kind that was asked for, as they stand in the body, and are never printed.
pub fn run(input: &[u8]) {
    let [kind, high, low, length, rest @ ..] = input else { return };
    let (date, body) = rest.split_at(usize::from(*length).min(rest.len()));
    let status = u16::from_be_bytes([*high, *low]);
    let Some(response) = answer(status, date, body) else { return };
    let expected = if kind % 2 == 0 { TokenType::Bearer } else { TokenType::Dpop };
    let verdict = bounded(input, 1 << 16, 192, || token::response(&response, expected));
    // Its text is fixed, and it may speak of a body that no second reader understands.
    if matches!(verdict, Err(OauthError::Protocol { .. })) {
        return;
    }
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let others = with_other_tokens(&document).to_string();
    let beside_others = token::response(&answer(status, date, others.as_bytes()).unwrap(), expected);
    assert_eq!(printed(&verdict), printed(&beside_others), "what is printed depends on a token");
    if let Ok(tokens) = verdict {
        assert_eq!((status, tokens.token_type), (200, expected));
        assert_eq!(document["access_token"].as_str(), Some(tokens.access_token.expose()));
        let refresh = tokens.refresh_token.as_ref().map(|token| token.expose());
        assert_eq!(document["refresh_token"].as_str(), refresh);
    }
}

/// The same answer, every letter and digit of its tokens another.
fn with_other_tokens(document: &Value) -> Value {
    let mut document = document.clone();
    for name in ["access_token", "refresh_token", "id_token"] {
        if let Some(Value::String(token)) = document.get_mut(name) {
            let other =
                |c: char| if c.is_ascii_alphanumeric() { if c == 'x' { 'y' } else { 'x' } } else { c };
            *token = token.chars().map(other).collect();
        }
    }
    document
}

fn printed(verdict: &Result<TokenResponse, OauthError>) -> String {
    match verdict {
        Ok(tokens) => format!("{tokens:?}"),
        Err(error) => format!("{error} {error:?}"),
    }
}
