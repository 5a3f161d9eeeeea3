//! The provider's error codes (RFC 6749, sections 4.1.2.1 and 5.2 and its successors), mapped to what to do.

use crate::{OauthError, auth0, keycloak, okta};

/// The longest description that is passed on, in characters.
const MAX_DESCRIPTION: usize = 200;

/// What an error code asks of the caller.
pub(crate) fn from_code(code: &str, description: Option<&str>) -> OauthError {
    let description = description.and_then(clean);
    let said = description.as_deref().unwrap_or_default();
    // A vendor's own words name a setting of that vendor, whoever stands in front of it.
    let vendors = [auth0::setting_to_change, keycloak::setting_to_change, okta::setting_to_change];
    if let Some(error) = vendors.iter().find_map(|setting| setting(code, said)) {
        return error;
    }
    match code {
        code if auth0::is_passing(code) => {
            OauthError::Temporary { what: clean_code(code), retry_after_seconds: None }
        }
        "invalid_grant" if speaks_of_redirect(description.as_deref()) => configuration(
            "the provider compared redirect_uri and found another one; set redirect_uri exactly as registered for \
             this client",
        ),
        "invalid_grant" | "expired_token" => OauthError::InvalidGrant { description },
        "access_denied" => OauthError::Declined { description },
        "temporarily_unavailable" | "server_error" | "slow_down" => {
            OauthError::Temporary { what: code.to_owned(), retry_after_seconds: None }
        }
        "login_required"
        | "interaction_required"
        | "consent_required"
        | "account_selection_required"
        | "insufficient_user_authentication"
        | "unmet_authentication_requirements"
        | "mfa_required" => OauthError::InteractionNeeded { code: code.to_owned() },
        "invalid_client" => configuration(
            "the provider does not know this client, or wants a secret from it; check client_id and issuer, and \
             register the client as native (token endpoint authentication: none)",
        ),
        "unauthorized_client" => configuration(
            "the client may not use this grant; enable authorization code and refresh token (or the grant you use) \
             for it at the provider",
        ),
        "unsupported_grant_type" => {
            configuration("the provider does not offer this grant; enable it there or leave the route out")
        }
        "unsupported_response_type" => configuration(
            "the provider does not offer response_type=code for this client; enable authorization code",
        ),
        "invalid_scope" => {
            configuration("the provider refused a scope; remove it from scopes or grant it to the client")
        }
        "invalid_target" => configuration(
            "the provider does not know a resource or audience; register the API there or correct its identifier",
        ),
        "invalid_dpop_proof" => configuration(
            "the provider refused the DPoP proof; check the date of this device and the key's algorithm",
        ),
        "invalid_request" if speaks_of_redirect(description.as_deref()) => configuration(
            "the provider refused redirect_uri; register it for this client, exactly as it is set here",
        ),
        _ => OauthError::Configuration {
            hint: match description {
                Some(description) => {
                    format!("the provider refused the request: {} ({description})", clean_code(code))
                }
                None => format!("the provider refused the request: {}", clean_code(code)),
            },
        },
    }
}

fn configuration(hint: &str) -> OauthError {
    OauthError::Configuration { hint: hint.to_owned() }
}

fn speaks_of_redirect(description: Option<&str>) -> bool {
    description.is_some_and(|text| {
        let text = text.to_ascii_lowercase();
        text.contains("redirect") || text.contains("callback url")
    })
}

/// A foreign description, fit for a log: printable ASCII, cut, without anything that looks like a token or an address.
pub(crate) fn clean(description: &str) -> Option<String> {
    let printable: String = description
        .chars()
        .take(4 * MAX_DESCRIPTION)
        .map(|c| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { ' ' })
        .collect();
    let words: Vec<&str> = printable
        .split_ascii_whitespace()
        .map(|word| if looks_secret(word) { "[removed]" } else { word })
        .collect();
    let text: String = words.join(" ").chars().take(MAX_DESCRIPTION).collect();
    (!text.is_empty()).then_some(text)
}

/// Long words with digits (tokens, codes), very long ones, `name=value` pairs and addresses.
fn looks_secret(word: &str) -> bool {
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    word.len() >= 40 || (word.len() >= 16 && has_digit) || word.contains('=') || word.contains('@')
}

/// A foreign error code: the characters of known codes, cut.
pub(crate) fn clean_code(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack list 37.
    #[test]
    fn descriptions_are_cleaned() {
        assert_eq!(clean("plain words, as they are.").as_deref(), Some("plain words, as they are."));
        assert_eq!(
            clean("a\r\nSet-Cookie: x\u{1b}[31m\u{202e}b\"\\").as_deref(),
            Some("a Set-Cookie: x [31m b")
        );
        assert_eq!(
            clean("token eyJhbGciOiJFUzI1NiJ9 code=abc of eve@example.com").as_deref(),
            Some("token [removed] [removed] of [removed]")
        );
        assert_eq!(clean("\u{0}\u{7f}"), None);
        assert_eq!(clean(&"word ".repeat(10_000)).map(|text| text.len()), Some(MAX_DESCRIPTION));
        assert_eq!(clean(&"x".repeat(1_000_000)).as_deref(), Some("[removed]"));
        assert_eq!(clean_code("in\nvalid\u{1b}_x<script>"), "invalid_xscript");
    }

    #[test]
    fn codes_say_what_to_do() {
        assert_eq!(from_code("invalid_grant", None), OauthError::InvalidGrant { description: None });
        assert!(matches!(from_code("temporarily_unavailable", None), OauthError::Temporary { .. }));
        assert!(matches!(from_code("login_required", None), OauthError::InteractionNeeded { .. }));
        assert!(matches!(from_code("access_denied", None), OauthError::Declined { .. }));
        for (code, description, setting) in [
            ("invalid_client", None, "client_id"),
            ("unauthorized_client", None, "authorization code"),
            ("invalid_scope", None, "scopes"),
            ("invalid_target", None, "resource"),
            ("invalid_grant", Some("redirect_uri does not match"), "redirect_uri"),
            ("invalid_request", Some("Callback URL mismatch"), "redirect_uri"),
            ("something_new", Some("do this"), "something_new (do this)"),
        ] {
            match from_code(code, description) {
                OauthError::Configuration { hint } => assert!(hint.contains(setting), "{code}: {hint}"),
                other => panic!("{code}: {other:?}"),
            }
        }
    }
}
