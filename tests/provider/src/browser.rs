//! What the provider remembers about a browser: sign-ins under way, and people who are signed in.

use std::collections::HashMap;

use aws_lc_rs::error::Unspecified;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::authorize::AuthorizationRequest;
use crate::random;
use crate::sessions::Authentication;

const COOKIE_NAME: &str = "pforte_session";

#[derive(Debug, Default)]
pub(crate) struct Browser {
    pending: HashMap<String, AuthorizationRequest>,
    signed_in: HashMap<String, Authentication>,
}

impl Browser {
    /// Keeps a request while the person is at the login page; returns the name of the transaction.
    pub(crate) fn keep(&mut self, request: AuthorizationRequest) -> Result<String, Unspecified> {
        let transaction = random::token()?;
        self.pending.insert(transaction.clone(), request);
        Ok(transaction)
    }

    pub(crate) fn pending(&self, transaction: &str) -> Option<&AuthorizationRequest> {
        self.pending.get(transaction)
    }

    pub(crate) fn finish(&mut self, transaction: &str) {
        self.pending.remove(transaction);
    }

    /// Remembers who signed in; returns the `Set-Cookie` header's value.
    pub(crate) fn sign_in(&mut self, authentication: Authentication) -> Result<String, Unspecified> {
        let value = random::token()?;
        let cookie = format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Lax");
        self.signed_in.insert(value, authentication);
        Ok(cookie)
    }

    pub(crate) fn who(&self, headers: &HeaderMap) -> Option<&Authentication> {
        self.signed_in.get(session_cookie(headers)?)
    }

    pub(crate) fn sign_out(&mut self, headers: &HeaderMap) {
        if let Some(cookie) = session_cookie(headers) {
            self.signed_in.remove(cookie);
        }
    }

    /// Signs a person out of every browser.
    pub(crate) fn forget(&mut self, subject: &str) {
        self.signed_in.retain(|_, authentication| authentication.subject != subject);
    }
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}
