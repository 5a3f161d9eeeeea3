//! The URL the browser came back with. First byte: 0 for a whole URL, 1 for what follows a right beginning.

use pforte_oauth::callback;

use crate::bounded;
use crate::provider::{ISSUER, NOW_S, REDIRECT, STATE, transaction};

pub fn seeds() -> Vec<Vec<u8>> {
    let good = format!("\0{REDIRECT}?code=abc&state={STATE}&iss=https%3A%2F%2Fid.example.com");
    let declined = format!("{good}&error=access_denied&error_description=no%0d");
    let short = "\x01&code=a&session_state=1#_".to_owned();
    [good.clone(), declined, format!("{good}#x"), good.replace("code", "c%6fde"), short]
        .map(String::into_bytes)
        .into()
}

/// An accepted answer holds exactly one state, issuer and code, and they are this sign-in's, as another reader of forms
/// sees it.
pub fn run(input: &[u8]) {
    let url = match input.split_first() {
        Some((0, rest)) => String::from_utf8_lossy(rest).into_owned(),
        Some((1, rest)) => {
            format!("{REDIRECT}?state={STATE}&iss={ISSUER}{}", String::from_utf8_lossy(rest))
        }
        _ => return,
    };
    let transaction = transaction();
    let verdict = bounded(input, 1 << 14, 64, || callback::judge(&transaction, &url, NOW_S));
    if verdict.is_err() {
        return;
    }
    assert!(transaction.is_answered_by(&url), "accepted, and would not be found again");
    let query = url.strip_prefix(REDIRECT).and_then(|rest| rest.strip_prefix('?')).unwrap();
    let query = query.split('#').next().unwrap();
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let values = |name: &str| {
        pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| &**value).collect::<Vec<_>>()
    };
    assert_eq!((values("state"), values("iss")), (vec![STATE], vec![ISSUER]));
    assert!(values("code").len() == 1 && !values("code")[0].is_empty() && values("error").is_empty());
    assert!(callback::judge(&transaction, &url, NOW_S + pforte_oauth::LIFETIME_S).is_err());
}
