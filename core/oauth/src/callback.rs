//! The browser's answer (RFC 6749, section 4.1.2; RFC 9207).
//!
//! ```text
//! URL ── longer than 16 KiB? not the redirect URI? a parameter twice? ──> refused
//!  └─ state ── missing or another's ──> refused          (in constant time)
//!      └─ time ── over ──> refused
//!          └─ iss ── missing though announced, or another's ──> refused
//!              ├─ error ──> what the code asks of the caller
//!              └─ code ──> AuthorizationCode
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;

use pforte_host::SecretText;
use subtle::ConstantTimeEq;
use url::Url;

use crate::{CallbackError, OauthError, Transaction, provider_error};

/// The longest callback URL that is read, in bytes.
pub const MAX_CALLBACK_BYTES: usize = 16 * 1024;

/// The code of an answer that was judged. Not to be had in another way.
#[derive(Debug, Clone)]
pub struct AuthorizationCode(pub(crate) SecretText);

/// Judges the URL the browser came back with. Remove the transaction whatever comes out: it is used once.
pub fn judge(
    transaction: &Transaction,
    callback_url: &str,
    now_s: i64,
) -> Result<AuthorizationCode, OauthError> {
    let query = query_behind(&transaction.redirect_uri, callback_url)?;
    let parameters = unique_parameters(query)?;
    let parameter = |name: &str| parameters.get(name).map(Cow::as_ref);

    if !parameter("state").is_some_and(|state| same(state, transaction.state.expose())) {
        return Err(CallbackError::State.into());
    }
    if transaction.is_expired(now_s) {
        return Err(CallbackError::Expired.into());
    }
    match parameter("iss") {
        Some(issuer) if issuer != transaction.issuer => return Err(CallbackError::OtherIssuer.into()),
        None if transaction.iss_required => return Err(CallbackError::IssuerMissing.into()),
        _ => {}
    }
    match (parameter("code"), parameter("error")) {
        (Some(code), None) if !code.is_empty() => Ok(AuthorizationCode(SecretText::new(code.to_owned()))),
        (None, Some(error)) => Err(provider_error::from_code(error, parameter("error_description"))),
        _ => Err(CallbackError::NoCode.into()),
    }
}

/// The one `state` of a callback URL, wherever it came to.
pub(crate) fn state_of(callback_url: &str) -> Option<String> {
    let (_, rest) = split(callback_url).ok()?;
    let mut parameters = unique_parameters(rest).ok()?;
    parameters.remove("state").map(Cow::into_owned)
}

/// Equal, in a time that does not depend on where they differ.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// The query of a callback URL that came to `redirect_uri`, compared byte by byte: no other case, port, trailing dot,
/// user information or encoding passes. A browser that writes `https://host` as `https://host/` is the one exception.
fn query_behind<'a>(redirect_uri: &str, callback_url: &'a str) -> Result<&'a str, CallbackError> {
    let (base, query) = split(callback_url)?;
    let (registered, registered_query) = redirect_uri.split_once('?').unwrap_or((redirect_uri, ""));
    let as_browsers_write_it = || Url::parse(registered).is_ok_and(|url| base == url.as_str());
    if base != registered && !as_browsers_write_it() {
        return Err(CallbackError::OtherRedirect);
    }
    // A query of the redirect URI's own is kept and comes first (RFC 6749, section 3.1.2).
    match query.strip_prefix(registered_query) {
        Some(rest) if registered_query.is_empty() || rest.starts_with('&') => Ok(rest),
        _ => Err(CallbackError::OtherRedirect),
    }
}

/// Everything before the query, and the query. A fragment may be left over from the provider's page; it says nothing.
fn split(callback_url: &str) -> Result<(&str, &str), CallbackError> {
    if callback_url.len() > MAX_CALLBACK_BYTES || !callback_url.is_ascii() {
        return Err(CallbackError::Malformed);
    }
    let without_fragment = callback_url.split_once('#').map_or(callback_url, |(before, _)| before);
    without_fragment.split_once('?').ok_or(CallbackError::NoCode)
}

fn unique_parameters(query: &str) -> Result<BTreeMap<Cow<'_, str>, Cow<'_, str>>, CallbackError> {
    let mut parameters = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if parameters.insert(name, value).is_some() {
            return Err(CallbackError::DuplicateParameter);
        }
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture;

    const BASE: &str = "com.example.portal:/callback";
    const GOOD: &str = "code=abc&state=state-of-the-first-sign-in&iss=https%3A%2F%2Fid.example.com";

    fn judged(url: &str) -> Result<String, OauthError> {
        judge(&fixture::transaction(0), url, 1).map(|code| code.0.expose().to_owned())
    }

    fn refused(url: &str) -> CallbackError {
        match judged(url) {
            Err(OauthError::Callback(error)) => error,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn a_good_answer_gives_the_code() {
        assert_eq!(judged(&format!("{BASE}?{GOOD}")), Ok("abc".into()));
        assert_eq!(judged(&format!("{BASE}?{GOOD}&session_state=1#_")), Ok("abc".into()));
    }

    /// Attack list 1 and 2.
    #[test]
    fn mix_up_is_refused() {
        let with = |iss: &str| refused(&format!("{BASE}?code=abc&state=state-of-the-first-sign-in{iss}"));
        assert_eq!(with(""), CallbackError::IssuerMissing);
        assert_eq!(with("&iss="), CallbackError::OtherIssuer);
        assert_eq!(with("&iss=https://evil.example"), CallbackError::OtherIssuer);
        assert_eq!(with("&iss=https://id.example.com/"), CallbackError::OtherIssuer);
        assert_eq!(with("&error=access_denied"), CallbackError::IssuerMissing);
        // Announced or not, a foreign iss is refused; a missing one is not where none was announced.
        let quiet = Transaction { iss_required: false, ..fixture::transaction(0) };
        let url = |more: &str| format!("{BASE}?code=abc&state=state-of-the-first-sign-in{more}");
        assert!(judge(&quiet, &url(""), 1).is_ok());
        let foreign = judge(&quiet, &url("&iss=https://evil.example"), 1);
        assert_eq!(foreign.err(), Some(OauthError::Callback(CallbackError::OtherIssuer)));
    }

    /// Attack list 3 and 4.
    #[test]
    fn state_must_be_this_sign_ins() {
        for state in [
            "",
            "&state=",
            "&state=another",
            "&state=state-of-the-first-sign-in2",
            "&state=STATE-OF-THE-FIRST-SIGN-IN",
        ] {
            assert_eq!(refused(&format!("{BASE}?code=abc{state}")), CallbackError::State, "{state}");
        }
        assert_eq!(
            refused(&format!("{BASE}?{GOOD}&state=state-of-the-first-sign-in")),
            CallbackError::DuplicateParameter
        );
    }

    #[test]
    fn every_duplicate_is_refused() {
        for twice in ["code=abc", "iss=https://id.example.com", "c%6fde=abc"] {
            assert_eq!(
                refused(&format!("{BASE}?{GOOD}&{twice}")),
                CallbackError::DuplicateParameter,
                "{twice}"
            );
        }
        assert_eq!(refused(&format!("{BASE}?{GOOD}&x=1&x=1")), CallbackError::DuplicateParameter);
    }

    /// Attack list 31.
    #[test]
    fn only_the_redirect_uri_itself_is_listened_to() {
        for base in [
            "com.example.portal:/Callback",
            "COM.example.portal:/callback",
            "com.example.portal:/callback/",
            "com.example.portal:/callback%2f",
            "com.example.portal:%2fcallback",
            "com.example.portal://callback",
            "com.example.portal:/callback;x",
            "com.example.portal:/a/../callback",
            " com.example.portal:/callback",
            "com.example.evil:/callback",
            "https://id.example.com/callback",
            "",
        ] {
            assert_eq!(refused(&format!("{base}?{GOOD}")), CallbackError::OtherRedirect, "{base}");
        }
        let https =
            Transaction { redirect_uri: "https://app.example.com/cb".into(), ..fixture::transaction(0) };
        assert!(judge(&https, &format!("https://app.example.com/cb?{GOOD}"), 1).is_ok());
        for base in [
            "https://user@app.example.com/cb",
            "https://app.example.com:443/cb",
            "https://app.example.com:8443/cb",
            "https://app.example.com./cb",
            "https://APP.example.com/cb",
            "https://app.example.com/CB",
            "https://app.example.com/%63b",
            "https://app.example.com%2fcb",
            "https://app.example.com\\cb",
            "http://app.example.com/cb",
            "https://app.example.com.evil.example/cb",
        ] {
            let error = judge(&https, &format!("{base}?{GOOD}"), 1).err();
            assert_eq!(error, Some(OauthError::Callback(CallbackError::OtherRedirect)), "{base}");
        }
    }

    #[test]
    fn a_bare_origin_and_an_own_query_are_understood() {
        let bare = Transaction { redirect_uri: "https://app.example.com".into(), ..fixture::transaction(0) };
        assert!(judge(&bare, &format!("https://app.example.com/?{GOOD}"), 1).is_ok());
        let own =
            Transaction { redirect_uri: "https://app.example.com/cb?t=1".into(), ..fixture::transaction(0) };
        assert!(judge(&own, &format!("https://app.example.com/cb?t=1&{GOOD}"), 1).is_ok());
        for query in [format!("t=2&{GOOD}"), format!("t=12&{GOOD}"), GOOD.to_owned()] {
            let error = judge(&own, &format!("https://app.example.com/cb?{query}"), 1).err();
            assert_eq!(error, Some(OauthError::Callback(CallbackError::OtherRedirect)), "{query}");
        }
    }

    #[test]
    fn an_answer_that_comes_too_late_is_refused() {
        let error = judge(&fixture::transaction(0), &format!("{BASE}?{GOOD}"), 600).err();
        assert_eq!(error, Some(OauthError::Callback(CallbackError::Expired)));
    }

    #[test]
    fn an_error_says_what_to_do() {
        let rest = "state=state-of-the-first-sign-in&iss=https://id.example.com";
        let error = |query: &str| judged(&format!("{BASE}?{query}&{rest}")).err().unwrap();
        assert_eq!(
            error("error=access_denied&error_description=no%0d%0athanks%1b"),
            OauthError::Declined { description: Some("no thanks".into()) }
        );
        assert_eq!(
            error("error=login_required"),
            OauthError::InteractionNeeded { code: "login_required".into() }
        );
        assert!(matches!(error("error=server_error"), OauthError::Temporary { .. }));
        assert!(matches!(error("error=invalid_scope"), OauthError::Configuration { .. }));
        for neither in ["x=1", "code=", "code=abc&error=access_denied", "response=eyJ"] {
            assert_eq!(error(neither), OauthError::Callback(CallbackError::NoCode), "{neither}");
        }
    }

    #[test]
    fn a_long_or_foreign_text_is_malformed() {
        assert_eq!(refused(&format!("{BASE}?{}", "x".repeat(MAX_CALLBACK_BYTES))), CallbackError::Malformed);
        assert_eq!(refused(&format!("{BASE}\u{e9}?{GOOD}")), CallbackError::Malformed);
    }

    #[test]
    fn the_transaction_is_found_by_state() {
        let transaction = fixture::transaction(0);
        assert!(transaction.is_answered_by(&format!("{BASE}?{GOOD}")));
        assert!(!transaction.is_answered_by(&format!("{BASE}?state=another")));
        assert!(!transaction.is_answered_by(BASE));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_none_gets_a_code_without_state(text in ".{0,200}") {
            prop_assert!(judged(&text).is_err());
            let url = format!("{BASE}?{text}");
            prop_assert!(judged(&url).is_err());
        }
    }
}
