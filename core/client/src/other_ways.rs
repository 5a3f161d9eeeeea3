//! Sign-ins without a browser on this device.

use std::sync::Arc;

use pforte_gate::WithoutBiometrics;
use pforte_host::SecretText;
use pforte_oauth::exchange::Exchange;
use pforte_session::{OtherDevice, SignOutReport};

use crate::client::SIGN_IN;
use crate::drive::{Aim, Drive};
use crate::drives::Drives;
use crate::error::browser_closed;
use crate::{Client, Entry, Error};

/// A sign-in that waits for the person on another device (RFC 8628).
pub struct OtherDeviceSignIn {
    /// What to show.
    pub shown: OtherDevice,
    client: Arc<Client>,
}

impl OtherDeviceSignIn {
    /// Waits until the person has confirmed, and settles how the session is kept. Dropping it ends the waiting, not the
    /// sign-in: [`Client::sign_in_on_other_device`] takes it up again, also in another process.
    pub async fn wait(&self) -> Result<(), Error> {
        self.client.session.wait_for_other_device().await?;
        self.client.settle_signed_in().await
    }
}

impl std::fmt::Debug for OtherDeviceSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OtherDeviceSignIn").field("shown", &self.shown).finish_non_exhaustive()
    }
}

impl Client {
    /// Signs in on another device: gives out what the person types there. One that is still under way is taken up.
    pub async fn sign_in_on_other_device(self: &Arc<Self>) -> Result<OtherDeviceSignIn, Error> {
        let now_s = self.host.clock.wall_ms() / 1000;
        let under_way = self.session.on_other_device().await?.filter(|shown| now_s < shown.expires_s);
        let shown = match under_way {
            Some(shown) => shown,
            None => self.session.begin_on_other_device().await?,
        };
        Ok(OtherDeviceSignIn { shown, client: self.clone() })
    }

    /// Signs in with another token (RFC 8693), such as the ID token of a native social sign-in. `token_type` is one of
    /// [`pforte_oauth::exchange::token_type`], or the provider's own identifier.
    pub async fn sign_in_with_token(
        self: &Arc<Self>,
        token: SecretText,
        token_type: impl Into<String>,
    ) -> Result<(), Error> {
        let exchange = Exchange {
            subject_token: token,
            subject_token_type: token_type.into(),
            requested_token_type: None,
            audience: self.config.provider.audience.clone(),
            resources: Vec::new(),
            scopes: Vec::new(),
        };
        self.session.sign_in_by_exchange(exchange).await?;
        self.settle_signed_in().await
    }

    /// Takes over a session that another library began, by its refresh token, so that nobody has to sign in again. The
    /// session is sealed on this device at once, because the token may be spent; where the policy wants finger or face
    /// for every session, that is asked for first.
    pub async fn adopt(self: &Arc<Self>, refresh_token: SecretText) -> Result<(), Error> {
        self.session.adopt(refresh_token).await?;
        if self.policy.biometrics().without == WithoutBiometrics::SignInEachTime {
            return self.settle_signed_in().await;
        }
        Ok(self.session.seal_on_device().await?)
    }

    /// Asks the provider for the person's details (OIDC Core 1.0, section 5.3), for a provider that puts none into the ID
    /// token.
    pub async fn fetch_profile(self: &Arc<Self>) -> Result<(), Error> {
        Ok(self.session.fetch_profile().await?)
    }

    /// Signs out on this device, and then ends the provider's own session in the browser, so that its next page asks who
    /// is there. `post_logout_redirect_uri` is registered at the provider (RP-Initiated Logout 1.0).
    pub async fn sign_out_in_browser(
        self: &Arc<Self>,
        post_logout_redirect_uri: impl Into<String>,
    ) -> Result<SignOutReport, Error> {
        Ok(self.session.sign_out_in_browser(post_logout_redirect_uri.into()).await?)
    }

    /// The public key to register at the provider under `key_id` for `private_key_jwt`, as a JWK: this installation's own.
    pub async fn client_jwk(&self, key_id: &str) -> Result<String, Error> {
        Ok(self.session.client_jwk(key_id).await?)
    }

    pub(crate) async fn settle_signed_in(self: &Arc<Self>) -> Result<(), Error> {
        let entry = Drives::join(self, SIGN_IN, |progress, interruption| {
            Drive::new(self.clone(), SIGN_IN.to_owned(), Aim::SignIn, progress)
                .go_on_after_sign_in(false, interruption)
        })
        .await?;
        match entry {
            Entry::Cleared { .. } => Ok(()),
            Entry::Abandoned { .. } => Err(browser_closed()),
            Entry::Stopped { reason } => Err(Error::Cancelled { hint: reason }),
        }
    }
}
