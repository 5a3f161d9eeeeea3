//! A small client: it signs in, redeems, refreshes, and follows no redirect.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pforte_provider::{Control, Provider, Running, Settings};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use url::Url;

// The pair of RFC 7636, appendix B.
pub const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const CODE_VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const REDIRECT_URI: &str = "com.example.portal:/callback";
pub const CLIENT_ID: &str = "portal-app";

/// The parameters of a redirect back to the client, in their order.
pub type Pairs = Vec<(String, String)>;

pub struct App {
    pub http: reqwest::Client,
    pub control: Control,
    pub running: Running,
}

/// An app and a provider that signs alice in at once.
pub async fn automatic() -> App {
    App::start(Settings { automatic: Some("alice".to_owned()), ..Settings::default() }).await
}

impl App {
    pub async fn start(settings: Settings) -> Self {
        // A second installation in the same process is refused, and changes nothing.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let running = Provider::start(settings).await.unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // A dropped answer must not be mistaken for a connection that had idled too long.
            .pool_max_idle_per_host(0)
            .timeout(std::time::Duration::from_secs(10))
            .build()
            .unwrap();
        Self { http, control: running.control(), running }
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.running.issuer())
    }

    /// The authorization request, with some parameters changed; an empty value leaves one out.
    pub fn authorize_url(&self, changes: &[(&str, &str)]) -> Url {
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid profile email offline_access"),
            ("state", "st-1"),
            ("nonce", "n-1"),
            ("code_challenge", CODE_CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            parameters.retain(|(other, _)| other != name);
            parameters.push((name, value));
        }
        parameters.retain(|(_, value)| !value.is_empty());
        Url::parse_with_params(&self.at("/authorize"), parameters).unwrap()
    }

    pub async fn get(&self, url: impl reqwest::IntoUrl) -> Response {
        self.http.get(url).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        self.get(self.at(path)).await.json().await.unwrap()
    }

    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> reqwest::Result<Response> {
        self.http.post(self.at(path)).form(form).send().await
    }

    /// Signs in automatically and returns the redirect's parameters.
    pub async fn callback(&self, changes: &[(&str, &str)]) -> Pairs {
        let response = self.get(self.authorize_url(changes)).await;
        assert_eq!(response.status(), StatusCode::FOUND);
        pairs(&location(&response))
    }

    /// The whole token answer of a new sign-in.
    pub async fn sign_in(&self, changes: &[(&str, &str)]) -> Value {
        let callback = self.callback(changes).await;
        let (status, tokens) = self.redeem(value(&callback, "code").unwrap()).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    pub async fn redeem(&self, code: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", CODE_VERIFIER),
        ])
        .await
    }

    pub async fn refresh(&self, refresh_token: &str) -> (u16, Value) {
        let form =
            [("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("refresh_token", refresh_token)];
        self.token(&form).await
    }

    pub async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let response = self.post_form("/token", form).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// A call with an access token: the status and the challenge, where there is one.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        access_token: &str,
        body: &str,
    ) -> (u16, Option<String>) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request =
            self.http.request(method, self.at(path)).bearer_auth(access_token).body(body.to_owned());
        let response = request.send().await.unwrap();
        let challenge =
            response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), challenge)
    }
}

pub fn location(response: &Response) -> String {
    response.headers().get("location").unwrap().to_str().unwrap().to_owned()
}

pub fn pairs(location: &str) -> Pairs {
    let query = location.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

pub fn value<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

pub fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap_or_else(|| panic!("no {name} in {tokens}"))
}

/// The texts of a JWT's header and claims.
pub fn jwt_texts(token: &str) -> (String, String) {
    let mut parts = token.split('.').map(|part| String::from_utf8_lossy(&decoded(part)).into_owned());
    (parts.next().unwrap(), parts.next().unwrap())
}

/// The header and claims of a JWT.
pub fn jwt(token: &str) -> (Value, Value) {
    let (header, claims) = jwt_texts(token);
    (serde_json::from_str(&header).unwrap(), serde_json::from_str(&claims).unwrap())
}

pub fn decoded(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// Whether a JWT is signed with the key of that `kid` in a JWK set, judged by another library.
pub fn verifies(token: &str, jwks: &Value, kid: &str, algorithm: jsonwebtoken::Algorithm) -> bool {
    let jwk = jwks["keys"].as_array().unwrap().iter().find(|jwk| jwk["kid"] == kid).unwrap();
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk.clone()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm).unwrap()
}
