//! Token exchange (RFC 8693): this provider's own tokens, and those of a social provider that exists in the settings only.

use serde_json::Value;

use crate::discovery::ACR_VALUES;
use crate::id_token::own_claims;
use crate::parameters::Parameters;
use crate::sessions::{Authentication, Grant};
use crate::token::OAuthError;
use crate::world::World;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// What is granted for the token that was given.
pub(crate) fn grant(world: &World, form: &Parameters, client_id: &str) -> Result<Grant, OAuthError> {
    let invalid = |description: &str| OAuthError::new("invalid_request", description);
    let token = form.first("subject_token").ok_or_else(|| invalid("subject_token is missing"))?;
    let kind = form.first("subject_token_type").ok_or_else(|| invalid("subject_token_type is missing"))?;
    if form.first("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return Err(invalid("only access tokens are issued"));
    }
    let now = world.clock.now();
    let social = world.settings.social_tokens.get(token).cloned();
    let subject = match kind {
        ID_TOKEN => {
            let own =
                || own_claims(&world.keys, token)?.get("sub").and_then(Value::as_str).map(str::to_owned);
            social.or_else(own)
        }
        ACCESS_TOKEN => {
            let state = world.state();
            state.sessions.access(token, now).map(|(grant, _)| grant.authentication.subject.clone())
        }
        _ => return Err(invalid("subject_token_type is unknown")),
    };
    let subject = subject.ok_or_else(|| OAuthError::new("invalid_grant", "subject_token is not accepted"))?;
    Ok(Grant {
        client_id: client_id.to_owned(),
        scope: form.first("scope").unwrap_or("openid").to_owned(),
        resource: form.first("resource").map(str::to_owned),
        authentication: Authentication { subject, acr: ACR_VALUES[0], auth_time: now },
    })
}
