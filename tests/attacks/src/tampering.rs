//! A browser in which somebody changes what comes back.

use async_trait::async_trait;
use pforte_host::{UserAgent, UserAgentError};
use pforte_testing::RedirectingBrowser;

/// Follows the provider's redirect, then hands `tamper` the URL that was opened and the one that came back.
pub struct Tampering<F> {
    inner: RedirectingBrowser,
    tamper: F,
}

impl<F: Fn(&str, String) -> String + Send + Sync> Tampering<F> {
    /// Changes what `inner` comes back with.
    pub fn new(inner: RedirectingBrowser, tamper: F) -> Self {
        Self { inner, tamper }
    }
}

#[async_trait]
impl<F: Fn(&str, String) -> String + Send + Sync> UserAgent for Tampering<F> {
    async fn browse(&self, url: String, redirect_uri: String) -> Result<String, UserAgentError> {
        let answer = self.inner.browse(url.clone(), redirect_uri).await?;
        Ok((self.tamper)(&url, answer))
    }
}
