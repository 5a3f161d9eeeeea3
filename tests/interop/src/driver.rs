//! The protocol steps, one after the other, as an app's session would take them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{Request, Response};
use pforte_host::{DeviceKey, SecretText};
use pforte_oauth::dpop::{self, Nonces, ProofClaims, UnsignedProof};
use pforte_oauth::{
    Authorization, AuthorizeOptions, Entropy, Identity, Jwks, Metadata, OauthError, ProviderSettings,
    TokenResponse, TokenType, authorize, callback, discovery, id_token, jwks, par, random_token, token,
};
use pforte_testing::{MemoryDeviceKey, PortLog};
use pforte_transport::{Transport, TransportError, TransportSettings};
use serde_json::Value;
use url::Url;

use crate::{Browser, BrowserError, Ended};

/// The device key that binds tokens.
const KEY: &str = "interop/dpop";

/// One provider, and what is registered there.
#[derive(Debug, Clone)]
pub struct Target {
    /// The provider's name, for the table.
    pub name: &'static str,
    /// The client for everything that has no client of its own below.
    pub settings: ProviderSettings,
    /// The client whose tokens are bound by DPoP.
    pub dpop_client: String,
    /// The client whose requests are pushed.
    pub par_client: String,
    /// The client of a device without a browser.
    pub device_client: String,
    /// A confidential client and its secret, to exchange tokens.
    pub exchange_client: Option<(String, String)>,
    /// Who signs in.
    pub person: String,
    /// Who signs in at the brokered provider called `social`.
    pub social_person: String,
    /// The ordinary and the stronger authentication context.
    pub levels: [String; 2],
    /// An API the provider knows.
    pub resource: String,
    /// Where the browser goes after signing out.
    pub post_logout_redirect_uri: String,
}

/// Why a feature is not `yes`.
#[derive(Debug)]
pub enum Miss {
    /// The provider's metadata does not offer it.
    NotOffered,
    /// It was tried, and this came of it.
    No(String),
}

impl From<OauthError> for Miss {
    fn from(error: OauthError) -> Self {
        Self::No(error.to_string())
    }
}

impl From<TransportError> for Miss {
    fn from(error: TransportError) -> Self {
        Self::No(error.to_string())
    }
}

impl From<BrowserError> for Miss {
    fn from(error: BrowserError) -> Self {
        Self::No(error.to_string())
    }
}

/// What a sign-in gave.
#[derive(Debug)]
pub struct SignedIn {
    /// The tokens.
    pub tokens: TokenResponse,
    /// Who, by the ID token that was judged.
    pub identity: Identity,
    /// The URL the browser came back with.
    pub callback_url: String,
}

/// One client at one provider, with what it has learnt about it.
pub struct Driver {
    /// The client.
    pub settings: ProviderSettings,
    /// The provider's metadata.
    pub metadata: Metadata,
    /// The nonces of the servers met so far.
    pub nonces: Nonces,
    /// What the server said where it refused the last request: `error: description`.
    pub last_refusal: Option<String>,
    /// Whether a server demanded its nonce.
    pub nonce_demanded: bool,
    transport: Transport,
    keys: MemoryDeviceKey,
}

impl Driver {
    /// Reads the provider's metadata.
    pub async fn discover(settings: ProviderSettings) -> Result<Self, Miss> {
        let transport = Transport::new(TransportSettings {
            allow_loopback_http: settings.allow_loopback_http,
            ..TransportSettings::default()
        })?;
        let answer = transport.send(discovery::request(&settings)?).await?;
        let metadata = discovery::response(&settings, &answer)?;
        Ok(Self {
            settings,
            metadata,
            nonces: Nonces::default(),
            last_refusal: None,
            nonce_demanded: false,
            transport,
            keys: MemoryDeviceKey::new(PortLog::default()),
        })
    }

    /// The provider's keys.
    pub async fn keys(&mut self) -> Result<Jwks, Miss> {
        let request = jwks::request(&self.metadata)?;
        Ok(jwks::response(&self.send(request).await?)?)
    }

    /// Sends a request once, and notes what a refusal says.
    pub async fn send(&mut self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Miss> {
        let url = url_of(&request)?;
        let response = self.transport.send(request).await?;
        self.nonces.remember(&url, response.headers());
        let refused = response.status().is_client_error() || response.status().is_server_error();
        self.last_refusal = refused.then(|| refusal(&response));
        Ok(response)
    }

    /// Sends a request with a proof, and once more where the server wants its nonce.
    pub async fn send_with_proof(
        &mut self,
        request: Request<Vec<u8>>,
        access_token: Option<&SecretText>,
    ) -> Result<Response<Vec<u8>>, Miss> {
        let mut tried = 0;
        loop {
            tried += 1;
            let mut with_proof = request.clone();
            let proof = self.proof(&request, access_token)?;
            dpop::attach(&mut with_proof, &proof)?;
            let response = self.send(with_proof).await?;
            if !self.wants_nonce(&response) || tried >= dpop::ATTEMPTS {
                return Ok(response);
            }
            self.nonce_demanded = true;
        }
    }

    /// A server that wants its nonce says so in the body, or as a resource server in `WWW-Authenticate`.
    fn wants_nonce(&self, response: &Response<Vec<u8>>) -> bool {
        let challenged = response
            .headers()
            .get(http::header::WWW_AUTHENTICATE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("use_dpop_nonce"));
        let said = body_text(response, "error").is_some_and(|error| error == "use_dpop_nonce");
        (challenged || said) && response.headers().contains_key("dpop-nonce")
    }

    fn proof(&self, request: &Request<Vec<u8>>, access_token: Option<&SecretText>) -> Result<String, Miss> {
        let url = url_of(request)?;
        let claims = ProofClaims {
            method: request.method(),
            url: &url,
            jti: random_token()?,
            now_s: now_s(),
            nonce: self.nonces.nonce_for(&url),
            access_token,
        };
        let proof = UnsignedProof::new(&self.public_key()?, &claims)?;
        let signature = self.keys.sign_es256(KEY.to_owned(), proof.signing_input().to_vec());
        Ok(proof.sign(&signature.map_err(|error| Miss::No(error.to_string()))?)?)
    }

    fn public_key(&self) -> Result<Vec<u8>, Miss> {
        self.keys.public_key(KEY.to_owned()).map_err(|error| Miss::No(error.to_string()))
    }

    /// The thumbprint of the device's key.
    pub fn thumbprint(&self) -> Result<String, Miss> {
        Ok(dpop::thumbprint(&self.public_key()?)?)
    }

    /// Sends to the token endpoint, with a proof where the tokens are to be bound.
    pub async fn ask_for_tokens(
        &mut self,
        request: Request<Vec<u8>>,
        expected: TokenType,
    ) -> Result<TokenResponse, Miss> {
        let response = match expected {
            TokenType::Bearer => self.send(request).await?,
            TokenType::Dpop => self.send_with_proof(request, None).await?,
        };
        Ok(token::response(&response, expected)?)
    }

    /// Begins a sign-in.
    pub fn start(&self, options: &AuthorizeOptions) -> Result<Authorization, Miss> {
        Ok(authorize::start(&self.settings, &self.metadata, options, Entropy::fresh()?, now_s())?)
    }

    /// Pushes the request where `pushed`, and gives the URL for the browser.
    pub async fn url(&mut self, sign_in: &Authorization, pushed: bool) -> Result<String, Miss> {
        if !pushed {
            return Ok(sign_in.url(&self.metadata)?);
        }
        let request = par::request(&self.metadata, sign_in)?.ok_or(Miss::NotOffered)?;
        let answer = self.send(request).await?;
        Ok(par::url(&self.settings, &self.metadata, &par::response(&answer)?)?)
    }

    /// A whole sign-in.
    pub async fn sign_in(
        &mut self,
        browser: &mut Browser,
        options: &AuthorizeOptions,
        expected: TokenType,
    ) -> Result<SignedIn, Miss> {
        let sign_in = self.start(options)?;
        let url = self.url(&sign_in, self.metadata.require_pushed_authorization_requests).await?;
        self.finish(browser, &sign_in, &url, expected).await
    }

    /// The sign-in from the browser on.
    pub async fn finish(
        &mut self,
        browser: &mut Browser,
        sign_in: &Authorization,
        url: &str,
        expected: TokenType,
    ) -> Result<SignedIn, Miss> {
        let redirect_uri = self.settings.redirect_uri.clone();
        let callback_url = match browser.walk(url, &redirect_uri).await? {
            Ended::Redirect(callback_url) => callback_url,
            Ended::Page(words) => return Err(Miss::No(format!("the browser stayed on a page: {words}"))),
        };
        let transaction = &sign_in.transaction;
        let code = callback::judge(transaction, &callback_url, now_s())?;
        let request = token::code_request(&self.settings, &self.metadata, transaction, &code)?;
        let tokens = self.ask_for_tokens(request, expected).await?;
        let keys = self.keys().await?;
        let now_s = tokens.server_time_s.unwrap_or_else(now_s);
        let identity = id_token::verify(&self.settings, &keys, transaction, &tokens, now_s)?;
        Ok(SignedIn { tokens, identity, callback_url })
    }
}

/// The claims of a JWT, not verified; nothing where it is none.
pub(crate) fn claims(token: &SecretText) -> Option<Value> {
    let payload = token.expose().split('.').nth(1)?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Now, in seconds since 1970.
pub(crate) fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn url_of(request: &Request<Vec<u8>>) -> Result<Url, Miss> {
    Url::parse(&request.uri().to_string()).map_err(|_| Miss::No("a request without a URL".to_owned()))
}

fn body_text(response: &Response<Vec<u8>>, member: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(response.body()).ok()?;
    Some(body.get(member)?.as_str()?.to_owned())
}

fn refusal(response: &Response<Vec<u8>>) -> String {
    let challenge =
        response.headers().get(http::header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    match (body_text(response, "error"), body_text(response, "error_description"), challenge) {
        (Some(error), Some(description), _) => format!("{error}: {description}"),
        (Some(error), None, _) => error,
        (None, _, Some(challenge)) => challenge.to_owned(),
        _ => response.status().to_string(),
    }
}
