//! What another sign-in library leaves behind: a refresh token, bound to its own key or not.

use pforte_host::{Host, SecretText, UserAgent};
use pforte_oauth::dpop::{self, ProofClaims, UnsignedProof};
use pforte_oauth::{
    AuthorizeOptions, Entropy, ProviderSettings, TokenType, authorize, callback, discovery, random_token,
    token,
};
use pforte_transport::{Transport, TransportSettings};

use crate::CookieBrowser;

/// The alias of the other library's key.
const ALIAS: &str = "other-library/dpop";

/// A session that another library began.
#[derive(Debug)]
pub struct OtherLibrary {
    /// What it kept.
    pub refresh_token: SecretText,
}

impl OtherLibrary {
    /// Signs in at a provider that shows no page. With `key`, the tokens are bound to a key of that host.
    ///
    /// # Panics
    ///
    /// Where the provider does not play along.
    pub async fn signed_in(issuer: &str, key: Option<&Host>) -> Self {
        Self::signed_in_as("portal-app", issuer, key).await
    }

    /// The same for another client than the portal's app.
    ///
    /// # Panics
    ///
    /// Where the provider does not play along.
    pub async fn signed_in_as(client_id: &str, issuer: &str, key: Option<&Host>) -> Self {
        Self::sign_in(client_id, issuer, key)
            .await
            .unwrap_or_else(|why| panic!("the other library did not sign in: {why}"))
    }

    async fn sign_in(
        client_id: &str,
        issuer: &str,
        key: Option<&Host>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let settings = ProviderSettings {
            redirect_uri: "com.example.portal:/callback".to_owned(),
            allow_loopback_http: true,
            ..ProviderSettings::oidc(issuer, client_id)
        };
        let transport =
            Transport::new(TransportSettings { allow_loopback_http: true, ..TransportSettings::default() })?;
        let metadata =
            discovery::response(&settings, &transport.send(discovery::request(&settings)?).await?)?;
        let now_s = i64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_secs())?;
        let started =
            authorize::start(&settings, &metadata, &AuthorizeOptions::default(), Entropy::fresh()?, now_s)?;
        let came_back = CookieBrowser.browse(started.url(&metadata)?, settings.redirect_uri.clone()).await?;
        let code = callback::judge(&started.transaction, &came_back, now_s)?;
        let mut request = token::code_request(&settings, &metadata, &started.transaction, &code)?;
        if let Some(host) = key {
            let public_key = host.device_key.public_key(ALIAS.to_owned())?;
            let claims = ProofClaims {
                method: &request.method().clone(),
                url: &metadata.token_endpoint,
                jti: random_token()?,
                now_s,
                nonce: None,
                access_token: None,
            };
            let proof = UnsignedProof::new(&public_key, &claims)?;
            let signature = host.device_key.sign_es256(ALIAS.to_owned(), proof.signing_input().to_vec())?;
            dpop::attach(&mut request, &proof.sign(&signature)?)?;
        }
        let expected = if key.is_some() { TokenType::Dpop } else { TokenType::Bearer };
        let tokens = token::response(&transport.send(request).await?, expected)?;
        Ok(Self { refresh_token: tokens.refresh_token.ok_or("there is no refresh token")? })
    }
}
