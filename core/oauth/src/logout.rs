//! RP-Initiated Logout 1.0.

use pforte_host::SecretText;

use crate::{Metadata, OauthError, ProviderSettings, authorize};

/// The URL that ends the session at the provider, for the browser. Nothing where the provider offers none.
/// The browser comes back to `post_logout_redirect_uri` with `state`, if both are given.
pub fn url(
    settings: &ProviderSettings,
    metadata: &Metadata,
    id_token: Option<&SecretText>,
    post_logout_redirect_uri: Option<&str>,
    state: Option<&str>,
) -> Result<Option<String>, OauthError> {
    let Some(endpoint) = &metadata.end_session_endpoint else {
        return Ok(None);
    };
    if metadata.issuer != settings.issuer {
        return Err(OauthError::Protocol { what: "the metadata is another issuer's than the settings'" });
    }
    let parameters: Vec<(&str, &str)> = [
        ("id_token_hint", id_token.map(SecretText::expose)),
        ("client_id", Some(settings.client_id.as_str())),
        ("post_logout_redirect_uri", post_logout_redirect_uri),
        ("state", post_logout_redirect_uri.and(state)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect();
    Ok(Some(authorize::with_query(endpoint, &parameters)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_url_carries_what_is_known() {
        let id_token = SecretText::new("a.b.c".into());
        let (settings, metadata) = (fixture::settings(), fixture::metadata());
        let back = Some("com.example.portal:/out");
        assert_eq!(
            url(&settings, &metadata, Some(&id_token), back, Some("s")).unwrap().as_deref(),
            Some(
                "https://id.example.com/end_session?id_token_hint=a.b.c&client_id=portal-app\
                &post_logout_redirect_uri=com.example.portal%3A%2Fout&state=s"
            )
        );
        assert_eq!(
            url(&settings, &metadata, None, None, Some("s")).unwrap().as_deref(),
            Some("https://id.example.com/end_session?client_id=portal-app")
        );
        let none = Metadata { end_session_endpoint: None, ..metadata };
        assert_eq!(url(&settings, &none, None, None, None), Ok(None));
    }
}
