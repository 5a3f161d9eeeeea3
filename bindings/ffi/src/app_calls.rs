//! Calls that the app's own HTTP stack makes.

use std::sync::{Arc, Mutex, PoisonError};

use pforte_client::{AppCall, Header, HttpRequest, Sending};

use crate::core::PforteCore;
use crate::engine::Engine;
use crate::values::Error;

/// One call of the app's own HTTP stack, step by step: token, DPoP nonce, refresh and redirects are settled here.
///
/// Send what `first` says, with redirects turned off in the stack; hand each answer's head to `answered`, and send again
/// for as long as it says so.
#[derive(uniffi::Object)]
pub struct AppCallSteps {
    engine: Engine,
    first: Sending,
    /// Taken out while an answer is judged.
    call: Arc<Mutex<Option<AppCall>>>,
}

#[uniffi::export]
impl AppCallSteps {
    /// What is to be sent first.
    pub fn first(&self) -> Sending {
        self.first.clone()
    }

    /// Judges an answer by its head. What to send then; nothing where the answer is the app's. A step-up challenge is
    /// `StepUpNeeded`, a session that was locked meanwhile `Locked`. One answer is judged at a time.
    pub async fn answered(&self, status: u16, headers: Vec<Header>) -> Result<Option<Sending>, Error> {
        let place = self.call.clone();
        self.engine
            .run(async move {
                let taken = place.lock().unwrap_or_else(PoisonError::into_inner).take();
                let Some(mut call) = taken else {
                    return Err(Error::Cancelled {
                        hint: "Another answer of this call is being judged. Begin a call for each request."
                            .to_owned(),
                    });
                };
                let again = call.answered(status, &headers).await;
                let sending = call.sending().clone();
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(call);
                Ok(again?.then_some(sending))
            })
            .await
    }
}

#[uniffi::export]
impl PforteCore {
    /// Begins a call to a listed API origin that the app's own HTTP stack makes.
    pub async fn begin_call(&self, method: String, url: String) -> Result<Arc<AppCallSteps>, Error> {
        let client = self.client();
        let call = self.engine().run(async move { client.begin_call(&method, &url).await }).await?;
        let first = call.sending().clone();
        let call = Arc::new(Mutex::new(Some(call)));
        Ok(Arc::new(AppCallSteps { engine: self.engine().clone(), first, call }))
    }

    /// The headers that authorise one sending of this very request by another HTTP stack: `authorization`, and `dpop` where
    /// the token is bound.
    pub async fn authorize(&self, request: HttpRequest) -> Result<Vec<Header>, Error> {
        let client = self.client();
        self.engine().run(async move { client.authorize(&request).await }).await
    }
}
