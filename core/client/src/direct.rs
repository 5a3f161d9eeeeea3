//! Sign-ins without a page.

use std::sync::Arc;

use pforte_session::{DirectAnswer, DirectAsk, DirectRoute};

use crate::{Client, Error};

/// A sign-in without a page that is under way. It lives in memory: after the end of the process it begins anew.
#[derive(Debug)]
pub struct DirectSignIn {
    client: Arc<Client>,
    steps: Arc<pforte_session::DirectSignIn>,
    /// What is to be done first.
    pub first: DirectAsk,
}

impl DirectSignIn {
    /// Takes an answer in. What to do next; with [`DirectAsk::SignedIn`] it is settled how the session is kept, too.
    ///
    /// [`Error::Cancelled`] names a wrong code: ask for it again. One answer is judged at a time.
    pub async fn answer(&self, answer: DirectAnswer) -> Result<DirectAsk, Error> {
        let ask = self.steps.answer(answer).await?;
        if ask == DirectAsk::SignedIn {
            self.client.settle_signed_in().await?;
        }
        Ok(ask)
    }
}

impl Client {
    /// Signs in without a page, in Auth0's or Okta's own steps: a code, a passkey, a social provider's own SDK, or a
    /// confirmation on another device. The page (`enter`, `sign_in`) works everywhere and learns new ways by itself;
    /// this is for an app that must draw the steps itself.
    pub async fn sign_in_directly(self: &Arc<Self>, route: DirectRoute) -> Result<DirectSignIn, Error> {
        let (steps, first) = self.session.sign_in_directly(route).await?;
        if first == DirectAsk::SignedIn {
            self.settle_signed_in().await?;
        }
        Ok(DirectSignIn { client: self.clone(), steps, first })
    }
}
