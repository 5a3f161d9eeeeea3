//! The provider's own session in the browser, after this device is signed out (RP-Initiated Logout 1.0).

use pforte_host::SecretText;
use pforte_oauth::random_token;
use url::Url;

use crate::SessionError;
use crate::context::Context;

/// Opens the provider's logout page. Whether the browser came back from it with this very request's `state`.
pub(crate) async fn in_browser(
    context: &Context,
    id_token: Option<&SecretText>,
    post_logout_redirect_uri: String,
) -> bool {
    let done = async {
        let state = random_token()?;
        let provider = &context.provider;
        let url = provider.logout_url(id_token, Some(&post_logout_redirect_uri), Some(&state)).await?;
        let Some(url) = url else { return Ok(false) };
        let came_back = context.host.user_agent.browse(url, post_logout_redirect_uri.clone()).await;
        let came_back = came_back.map_err(SessionError::Browser)?;
        let answered = Url::parse(&came_back).is_ok_and(|url| {
            url.query_pairs().any(|(name, value)| name == "state" && value == state.as_str())
        });
        Ok::<_, SessionError>(came_back.starts_with(&post_logout_redirect_uri) && answered)
    };
    done.await.unwrap_or(false)
}
