//! The one place through which a session talks to its provider.
//!
//! ```text
//!  request ─► client assertion (fresh jti) ─► DPoP proof (fresh jti, the origin's nonce) ─► send
//!                ▲                                                                          │
//!                └── once: the server's nonce, or its time ◄── use_dpop_nonce / wrong time ─┤
//!                                                                                           ▼
//!                                                     judged: type and binding of the token, then handed out
//! ```

mod documents;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, Response};
use pforte_host::{DeviceKeyError, Host, SecretText};
use pforte_oauth::auth0::{self, MfaToken};
use pforte_oauth::client_assertion::{self, UnsignedAssertion};
use pforte_oauth::device::{self, Grant, Poll};
use pforte_oauth::dpop::{self, Nonces, ProofClaims, UnsignedProof};
use pforte_oauth::exchange::{self, Exchange};
use pforte_oauth::token::{self, RefreshOptions};
use pforte_oauth::userinfo::{self, UserInfo};
use pforte_oauth::{
    Authorization, AuthorizationCode, Identity, Jwks, Metadata, OauthError, ProviderSettings, TokenResponse,
    TokenType, Transaction, Use, discovery, jwks, logout, okta, par, random_token, revocation,
};
use pforte_transport::Transport;
use url::Url;

use crate::{SessionError, Token};
use documents::Documents;
pub(crate) use documents::KeptDocuments;

/// What is redeemed at the token endpoint.
pub(crate) enum TokenGrant<'a> {
    /// The code of a sign-in.
    Code { transaction: &'a Transaction, code: &'a AuthorizationCode },
    /// The refresh token of a session; `bound` where its tokens are bound to this device's key.
    Refresh { refresh_token: &'a SecretText, bound: bool, options: &'a RefreshOptions },
    /// Another token (RFC 8693).
    Exchange(&'a Exchange),
    /// The refresh token of a session that another library began.
    Adopted { refresh_token: &'a SecretText },
}

/// What a vendor's own grant came to.
pub(crate) enum DirectTokens {
    /// The tokens.
    Tokens(Box<TokenResponse>),
    /// A second factor is wanted first.
    SecondFactor(MfaToken),
    /// The person has not confirmed yet.
    Pending,
}

/// One client at one provider, over one transport.
pub(crate) struct Provider {
    settings: ProviderSettings,
    account: String,
    host: Host,
    transport: Transport,
    documents: Mutex<Documents>,
    /// The newest nonce of each origin, the provider's and the APIs'.
    nonces: Mutex<Nonces>,
    /// The provider's time minus the device's, in seconds, by the provider's last word.
    ahead_s: AtomicI64,
}

/// How a request shows who sends it.
#[derive(Clone, Copy)]
struct Shows {
    /// A proof of the device's key, with the access token at a resource.
    proof: bool,
    /// The client's own assertion, where this installation registered a key.
    assertion: bool,
}

impl Provider {
    pub fn new(settings: ProviderSettings, account: String, host: Host, transport: Transport) -> Self {
        Self {
            settings,
            account,
            host,
            transport,
            documents: Mutex::default(),
            nonces: Mutex::default(),
            ahead_s: AtomicI64::new(0),
        }
    }

    /// What was sent leaves memory with the connections that sent it, those of the app's own calls included.
    pub fn forget_connections(&self) {
        self.transport.forget_connections();
    }

    pub fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    // What the provider says about itself.

    /// The provider's metadata: kept for a day, and for a week while the provider can't be reached.
    pub async fn metadata(&self) -> Result<Arc<Metadata>, SessionError> {
        let now_s = self.device_s();
        let (fresh, stale) = self.with_documents(|documents| documents.metadata(now_s));
        if let Some(metadata) = fresh {
            return Ok(metadata);
        }
        let fetched = async {
            let response = self.transport.send(discovery::request(&self.settings)?).await?;
            let metadata = discovery::response(&self.settings, &response)?;
            self.settings.judge_offer(&metadata)?;
            Ok((metadata, response.into_body()))
        };
        match (fetched.await, stale) {
            (Ok((metadata, body)), _) => {
                let metadata = Arc::new(metadata);
                self.with_documents(|documents| documents.keep_metadata(metadata.clone(), body, now_s));
                Ok(metadata)
            }
            (Err(SessionError::Unreachable { .. }), Some(stale)) => Ok(stale),
            (Err(error), _) => Err(error),
        }
    }

    /// Fetches what judging an answer will need.
    pub async fn prepare(&self) -> Result<(), SessionError> {
        self.metadata().await?;
        self.keys().await.map(drop)
    }

    /// Judges something by the provider's keys. Where no key fits, they are fetched again, at most once in a cool-down.
    pub async fn identity(
        &self,
        judge: impl Fn(&Jwks) -> Result<Identity, OauthError>,
    ) -> Result<Identity, OauthError> {
        use pforte_oauth::IdTokenError::UnknownKey;
        let unknown = || OauthError::IdToken(UnknownKey);
        let keys = self.keys().await.map_err(unreachable)?;
        match judge(&keys) {
            Err(OauthError::IdToken(UnknownKey)) if self.may_fetch_keys_again() => {
                let keys = self.fetch_keys().await.map_err(|_| unknown())?;
                judge(&keys)
            }
            judged => judged,
        }
    }

    /// What is kept of the provider's documents, for the account's sealed open file.
    pub fn kept_documents(&self) -> KeptDocuments {
        self.with_documents(|documents| documents.kept(&self.settings))
    }

    /// Takes documents from the disk; each is judged as if it came from the network.
    pub fn recall(&self, kept: &KeptDocuments) {
        self.with_documents(|documents| documents.recall(&self.settings, kept));
    }

    async fn keys(&self) -> Result<Arc<Jwks>, SessionError> {
        let (fresh, stale) = self.with_documents(|documents| documents.keys(self.device_s()));
        if let Some(keys) = fresh {
            return Ok(keys);
        }
        match (self.fetch_keys().await, stale) {
            (Err(SessionError::Unreachable { .. }), Some(stale)) => Ok(stale),
            (fetched, _) => fetched,
        }
    }

    async fn fetch_keys(&self) -> Result<Arc<Jwks>, SessionError> {
        let request = jwks::request(&*self.metadata().await?)?;
        let now_s = self.device_s();
        self.with_documents(|documents| documents.keys_asked_s = Some(now_s));
        let response = self.transport.send(request).await?;
        let keys = Arc::new(jwks::response(&response)?);
        self.with_documents(|documents| documents.keep_keys(keys.clone(), response.into_body(), now_s));
        Ok(keys)
    }

    fn may_fetch_keys_again(&self) -> bool {
        let now_s = self.device_s();
        self.with_documents(|documents| {
            documents.keys_asked_s.is_none_or(|asked_s| jwks::may_fetch_again(asked_s, now_s))
        })
    }

    fn with_documents<T>(&self, work: impl FnOnce(&mut Documents) -> T) -> T {
        work(&mut self.documents.lock().unwrap_or_else(PoisonError::into_inner))
    }

    // Sign-in.

    /// The thumbprint the tokens of a new sign-in are to be bound to; nothing where they are not bound. A key that was
    /// lost is made anew here, and nowhere else.
    pub async fn thumbprint_for_sign_in(&self) -> Result<Option<String>, SessionError> {
        if !self.settings.binds_tokens(&*self.metadata().await?) {
            return Ok(None);
        }
        let alias = self.dpop_alias();
        let key = self.with_key(move |key| match key.public_key(alias.clone()) {
            Err(DeviceKeyError::KeyLost) => {
                key.delete_key(alias.clone())?;
                key.public_key(alias)
            }
            found => found,
        });
        Ok(Some(dpop::thumbprint(&key.await?)?))
    }

    /// The address for the browser. Where requests are pushed, it holds the request's one-time name and nothing else.
    pub async fn authorization_url(&self, authorization: &Authorization) -> Result<String, SessionError> {
        let metadata = self.metadata().await?;
        if !self.settings.pushes(&metadata) {
            return Ok(authorization.url(&metadata)?);
        }
        let request = par::request(&metadata, authorization)?.ok_or_else(|| SessionError::Configuration {
            hint: "the provider offers no pushed authorization requests (RFC 9126); turn them on there"
                .to_owned(),
        })?;
        let shows = Shows { proof: authorization.transaction.dpop, assertion: true };
        let pushed = par::response(&self.send_shown(request, shows, None).await?)?;
        Ok(par::url(&self.settings, &metadata, &pushed)?)
    }

    // Tokens.

    /// Redeems a grant. The token's type must be the one asked for, and a binding that shows must be to our key.
    pub async fn token(&self, grant: TokenGrant<'_>) -> Result<TokenResponse, SessionError> {
        let metadata = self.metadata().await?;
        let settings = &self.settings;
        let (request, bound) = match &grant {
            TokenGrant::Code { transaction, code } => {
                (token::code_request(settings, &metadata, transaction, code)?, transaction.dpop)
            }
            TokenGrant::Refresh { refresh_token, bound, options } => {
                (token::refresh_request(settings, &metadata, refresh_token, options)?, *bound)
            }
            TokenGrant::Exchange(exchange) => {
                (exchange::request(settings, &metadata, exchange)?, settings.binds_tokens(&metadata))
            }
            TokenGrant::Adopted { refresh_token } => {
                let options = RefreshOptions::default();
                let request = token::refresh_request(settings, &metadata, refresh_token, &options)?;
                (request, settings.binds_tokens(&metadata))
            }
        };
        let response = self.send_shown(request, Shows { proof: bound, assertion: true }, None).await?;
        if matches!(grant, TokenGrant::Adopted { .. }) && dpop::proof_refused(&response) {
            return Err(SessionError::NotAdopted {
                reason: "it is bound to a key of the library that got it (RFC 9449, section 5)".to_owned(),
            });
        }
        let expected = expected(bound);
        let tokens = match &grant {
            TokenGrant::Exchange(exchange) => exchange::response(&response, exchange, expected)?,
            _ => token::response(&response, expected)?,
        };
        self.take_in(&tokens, bound).await?;
        Ok(tokens)
    }

    /// Sends a vendor's own request that asks for no token.
    pub async fn direct_step(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, SessionError> {
        self.send_shown(request, Shows { proof: false, assertion: true }, None).await
    }

    /// Redeems a vendor's own grant.
    pub async fn direct_token(&self, request: Request<Vec<u8>>) -> Result<DirectTokens, SessionError> {
        let bound = self.settings.binds_tokens(&*self.metadata().await?);
        let response = self.send_shown(request, Shows { proof: bound, assertion: true }, None).await?;
        if let Some(mfa) = auth0::mfa_required(&response) {
            return Ok(DirectTokens::SecondFactor(mfa));
        }
        let Some(tokens) = okta::oob_response(&response, expected(bound))? else {
            return Ok(DirectTokens::Pending);
        };
        self.take_in(&tokens, bound).await?;
        Ok(DirectTokens::Tokens(Box::new(tokens)))
    }

    /// Begins a device grant (RFC 8628).
    pub async fn device_grant(&self) -> Result<Grant, SessionError> {
        let request = device::request(&self.settings, &*self.metadata().await?)?;
        let response = self.send_shown(request, Shows { proof: false, assertion: true }, None).await?;
        Ok(device::response(&self.settings, &response, self.device_s())?)
    }

    /// Asks once whether the person has confirmed.
    pub async fn device_poll(&self, grant: &mut Grant) -> Result<Poll, SessionError> {
        let metadata = self.metadata().await?;
        let bound = self.settings.binds_tokens(&metadata);
        let request = device::poll_request(&self.settings, &metadata, grant)?;
        let response = self.send_shown(request, Shows { proof: bound, assertion: true }, None).await?;
        let poll = grant.judge(&response, expected(bound), self.device_s())?;
        if let Poll::Tokens(tokens) = &poll {
            self.take_in(tokens, bound).await?;
        }
        Ok(poll)
    }

    /// Revokes one refresh token (RFC 7009). Whether the provider confirmed it.
    pub async fn revoke(&self, refresh_token: &SecretText) -> bool {
        let revoked = async {
            let metadata = self.metadata().await?;
            let request = revocation::request(&self.settings, &metadata, refresh_token)?
                .ok_or(SessionError::Refused { reason: "the provider offers no revocation".to_owned() })?;
            let response = self.send_shown(request, Shows { proof: false, assertion: true }, None).await?;
            Ok::<_, SessionError>(revocation::response(&response)?)
        };
        revoked.await.is_ok()
    }

    /// Asks for the person's claims; they must be about `subject`.
    pub async fn userinfo(&self, token: &Token, subject: &str) -> Result<UserInfo, OauthError> {
        let metadata = self.metadata().await.map_err(unreachable)?;
        let bound = token.is_bound();
        let request = userinfo::request(&metadata, &token.value, expected(bound))?;
        let shows = Shows { proof: bound, assertion: false };
        let response = self.send_shown(request, shows, Some(&token.value)).await.map_err(unreachable)?;
        userinfo::response(&response, subject)
    }

    /// The address that ends the provider's own session in the browser; nothing where it offers none.
    pub async fn logout_url(
        &self,
        id_token: Option<&SecretText>,
        post_logout_redirect_uri: Option<&str>,
        state: Option<&str>,
    ) -> Result<Option<String>, SessionError> {
        let metadata = self.metadata().await?;
        Ok(logout::url(&self.settings, &metadata, id_token, post_logout_redirect_uri, state)?)
    }

    /// Checks the binding, and takes the provider's time.
    async fn take_in(&self, tokens: &TokenResponse, bound: bool) -> Result<(), SessionError> {
        if bound {
            let alias = self.dpop_alias();
            let key = self.with_key(move |key| key.public_key(alias)).await?;
            dpop::check_binding(&tokens.access_token, &dpop::thumbprint(&key)?)?;
        }
        if let Some(server_s) = tokens.server_time_s {
            self.take_time(server_s);
        }
        Ok(())
    }

    // Proofs.

    /// A proof for a request to an API, with the access token's hash and the nonce of the API's origin.
    pub async fn proof(
        &self,
        method: &http::Method,
        url: &str,
        token: &SecretText,
    ) -> Result<String, SessionError> {
        let url = Url::parse(url)
            .map_err(|_| SessionError::Configuration { hint: "the URL is not absolute".to_owned() })?;
        self.prove(method, &url, Some(token)).await
    }

    /// Keeps the nonce an API gave.
    pub fn remember_nonce(&self, url: &str, headers: &http::HeaderMap) {
        if let Ok(url) = Url::parse(url) {
            self.nonces.lock().unwrap_or_else(PoisonError::into_inner).remember(&url, headers);
        }
    }

    /// The public key this installation registers at the provider, as a JWK.
    pub async fn client_jwk(&self, key_id: String) -> Result<String, SessionError> {
        let alias = self.client_alias();
        let key = self.with_key(move |key| key.public_key(alias)).await?;
        Ok(dpop::public_jwk(&key, &key_id)?)
    }

    /// Removes the key that tokens were bound to, so that the next session can't be linked with this one.
    /// Best effort: a key that no token is bound to harms nobody.
    pub async fn forget_key(&self) {
        if self.settings.fapi || self.settings.dpop != Use::Never {
            let alias = self.dpop_alias();
            drop(self.with_key(move |key| key.delete_key(alias)).await);
        }
    }

    /// Removes the key that this installation registered at the provider. Best effort, too.
    pub async fn forget_client_key(&self) {
        let alias = self.client_alias();
        drop(self.with_key(move |key| key.delete_key(alias)).await);
    }

    /// Sends a request with what shows who sends it. It is sent once more where the server wants its nonce, and once more
    /// where the server shows that this device's clock is wrong: each time with fresh names in proof and assertion.
    async fn send_shown(
        &self,
        request: Request<Vec<u8>>,
        shows: Shows,
        access_token: Option<&SecretText>,
    ) -> Result<Response<Vec<u8>>, SessionError> {
        let url = Url::parse(&request.uri().to_string())
            .map_err(|_| SessionError::Internal { what: "an endpoint's URL" })?;
        let (mut nonces, mut corrections) = (dpop::ATTEMPTS - 1, 1);
        loop {
            let mut sent = request.clone();
            if let (true, Some(key_id)) = (shows.assertion, &self.settings.client_key_id) {
                let assertion = self.assertion(key_id).await?;
                client_assertion::attach(&mut sent, &assertion);
            }
            let used_s = self.now_s();
            if shows.proof {
                let proof = self.prove(request.method(), &url, access_token).await?;
                dpop::attach(&mut sent, &proof)?;
            }
            let response = self.transport.send(sent).await?;
            if !shows.proof {
                return Ok(response);
            }
            self.nonces.lock().unwrap_or_else(PoisonError::into_inner).remember(&url, response.headers());
            match dpop::corrected_time_s(&response, used_s) {
                Some(server_s) if corrections > 0 => {
                    corrections -= 1;
                    self.take_time(server_s);
                }
                _ if nonces > 0 && dpop::asks_for_nonce(&response) => nonces -= 1,
                _ => return Ok(response),
            }
        }
    }

    async fn prove(
        &self,
        method: &http::Method,
        url: &Url,
        access_token: Option<&SecretText>,
    ) -> Result<String, SessionError> {
        let nonce = {
            let nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
            nonces.nonce_for(url).map(str::to_owned)
        };
        let (alias, method, url) = (self.dpop_alias(), method.clone(), url.clone());
        let (now_s, access_token) = (self.now_s(), access_token.cloned());
        self.signed(move |host| {
            let public_key = host.device_key.public_key(alias.clone())?;
            let claims = ProofClaims {
                method: &method,
                url: &url,
                jti: random_token()?,
                now_s,
                nonce: nonce.as_deref(),
                access_token: access_token.as_ref(),
            };
            let proof = UnsignedProof::new(&public_key, &claims)?;
            let signature = host.device_key.sign_es256(alias, proof.signing_input().to_vec())?;
            Ok(proof.sign(&signature)?)
        })
        .await
    }

    async fn assertion(&self, key_id: &str) -> Result<String, SessionError> {
        let (alias, key_id, now_s) = (self.client_alias(), key_id.to_owned(), self.now_s());
        let settings = self.settings.clone();
        self.signed(move |host| {
            let public_key = host.device_key.public_key(alias.clone())?;
            let unsigned = UnsignedAssertion::new(&settings, &public_key, &key_id, &random_token()?, now_s)?;
            let signature = host.device_key.sign_es256(alias, unsigned.signing_input().to_vec())?;
            Ok(unsigned.sign(&signature)?)
        })
        .await
    }

    async fn signed<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Host) -> Result<T, SessionError> + Send + 'static,
    ) -> Result<T, SessionError> {
        let host = self.host.clone();
        tokio::task::spawn_blocking(move || work(&host))
            .await
            .map_err(|_| SessionError::Internal { what: "a port panicked" })?
    }

    async fn with_key<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn pforte_host::DeviceKey) -> Result<T, DeviceKeyError> + Send + 'static,
    ) -> Result<T, SessionError> {
        self.signed(move |host| Ok(work(&*host.device_key)?)).await
    }

    fn dpop_alias(&self) -> String {
        format!("{}/dpop", self.account)
    }

    fn client_alias(&self) -> String {
        format!("{}/client", self.account)
    }

    // Time.

    /// The device's time: for how old a document is.
    fn device_s(&self) -> i64 {
        self.host.clock.wall_ms().div_euclid(1000)
    }

    /// The provider's time, as far as it has said: for what the provider checks.
    fn now_s(&self) -> i64 {
        self.device_s().saturating_add(self.ahead_s.load(Ordering::Relaxed))
    }

    fn take_time(&self, server_s: i64) {
        self.ahead_s.store(server_s.saturating_sub(self.device_s()), Ordering::Relaxed);
    }
}

fn expected(bound: bool) -> TokenType {
    if bound { TokenType::Dpop } else { TokenType::Bearer }
}

/// Trouble on the way to the provider, where the caller tells apart what the provider's answer was.
fn unreachable(error: SessionError) -> OauthError {
    match error {
        SessionError::Unreachable { reason, after_seconds } => {
            OauthError::Temporary { what: reason, retry_after_seconds: Some(after_seconds) }
        }
        SessionError::Configuration { hint } => OauthError::Configuration { hint },
        SessionError::Refused { .. } => {
            OauthError::Protocol { what: "the provider's own documents were refused" }
        }
        _ => OauthError::Device { what: "a key of this device could not be used" },
    }
}
