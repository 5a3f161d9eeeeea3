//! The browser that shows the provider's pages (RFC 8252).

use async_trait::async_trait;

/// Opens the provider's page in the system browser and waits for the redirect back (RFC 8252, section 4).
///
/// On Android the app may end while the browser is in front; the redirect then reaches the app by another way and is
/// handed to the client's `resume`.
#[async_trait]
pub trait UserAgent: Send + Sync {
    /// Shows `url` and returns the whole URL the browser was sent to, which starts with `redirect_uri`.
    async fn browse(&self, url: String, redirect_uri: String) -> Result<String, UserAgentError>;
}

/// Why there was no redirect back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserAgentError {
    /// The person closed the browser.
    #[error("the browser was closed")]
    Closed,
    /// There is no browser, or it could not be opened.
    #[error("no browser could be opened: {reason}")]
    NoBrowser {
        /// What the platform said.
        reason: String,
    },
    /// The redirect URI can't reach this app; `reason` names the missing manifest or plist line.
    #[error("the redirect URI does not reach this app: {reason}")]
    RedirectNotRegistered {
        /// The line to add, and where.
        reason: String,
    },
    /// Anything else the platform said.
    #[error("the browser failed: {reason}")]
    Failed {
        /// What the platform said.
        reason: String,
    },
}
