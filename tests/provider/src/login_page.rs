//! The pages a person sees.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::response::{Html, IntoResponse, Response};

use crate::authorize::{AuthorizationRequest, is_hint_for};
use crate::settings::Person;

const STYLE: &str = "
:root { color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif; }
body { max-width: 26rem; margin: 2rem auto; padding: 0 1rem; }
.banner { border: 2px solid #b36b00; border-radius: .5rem; padding: .5rem .75rem; }
fieldset { border: 1px solid GrayText; border-radius: .5rem; margin: 1rem 0; }
label { display: block; padding: .4rem 0; }
input[type=password], input[type=text] { display: block; width: 100%; box-sizing: border-box; font: inherit;
  padding: .6rem; min-height: 2.75rem; }
button { font: inherit; min-height: 2.75rem; padding: .5rem 1.25rem; margin: 1rem .5rem 0 0; }
.mistake { border-left: .25rem solid #c62828; padding-left: .75rem; }
:focus-visible { outline: 3px solid #1565c0; outline-offset: 2px; }
";

/// The login page; `mistake` says what was wrong with the last attempt.
pub(crate) fn login(
    people: &[Person],
    request: &AuthorizationRequest,
    transaction: &str,
    mistake: Option<&str>,
) -> Response {
    let mistake = mistake
        .map_or_else(String::new, |text| format!(r#"<p class="mistake" role="alert">{}</p>"#, escaped(text)));
    let hinted = request
        .login_hint
        .as_deref()
        .and_then(|hint| people.iter().position(|person| is_hint_for(hint, &person.subject)));
    let choices: String = people
        .iter()
        .enumerate()
        .map(|(index, person)| choice(person, index == hinted.unwrap_or(0)))
        .collect();
    let code = if request.acr == "mfa" {
        r#"<label>One-time code (any six digits)
<input type="text" name="one_time_code" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" autocomplete="one-time-code" required></label>"#
    } else {
        ""
    };
    let body = format!(
        r#"<h1>Sign in</h1>
<p>The app <strong>{client}</strong> asks you to sign in.</p>
{mistake}
<form method="post" action="/login">
<input type="hidden" name="transaction" value="{transaction}">
<fieldset><legend>Who are you?</legend>{choices}</fieldset>
<label>Password (any will do)
<input type="password" name="password" autocomplete="current-password" required></label>
{code}
<button type="submit" name="action" value="sign_in">Sign in</button>
<button type="submit" name="action" value="cancel" formnovalidate>Cancel</button>
</form>"#,
        client = escaped(&request.client_id),
        transaction = escaped(transaction),
    );
    page(StatusCode::OK, "Sign in", &body)
}

/// Tells the person what went wrong; nobody is redirected.
pub(crate) fn error(text: &str) -> Response {
    let body = format!(r#"<h1>This can't go on</h1><p role="alert">{}</p>"#, escaped(text));
    page(StatusCode::BAD_REQUEST, "Error", &body)
}

/// Tells the person that they are signed out.
pub(crate) fn signed_out() -> Response {
    page(StatusCode::OK, "Signed out", "<h1>Signed out</h1><p>You can close this page.</p>")
}

fn choice(person: &Person, checked: bool) -> String {
    format!(
        r#"<label><input type="radio" name="person" value="{}" required{}> {} ({})</label>"#,
        escaped(&person.subject),
        if checked { " checked" } else { "" },
        escaped(&person.name),
        escaped(&person.email),
    )
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – development provider</title><style>{STYLE}</style></head>
<body><p class="banner" role="note"><strong>Development provider.</strong> For development and tests only: never enter a real password.</p>
<main>{body}</main></body></html>
"#
    );
    // No `form-action`: browsers hold it against the redirect to the app that follows the form.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let headers =
        [(CONTENT_SECURITY_POLICY, policy), (CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    (status, headers, Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn text_can_not_become_markup() {
        assert_eq!(escaped(r#"<a href="x">&'"#), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
