//! 22, 33, 34: what comes over the connection, and from whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pforte_attacks::{Kind, Scene, Trap, attacks};
use pforte_oauth::{AuthorizeOptions, ProviderSettings};
use pforte_provider::{Act, Endpoint};
use pforte_session::{Session, SessionError, SessionSettings, Status};
use pforte_testing::ScriptedHost;
use pforte_transport::{Pin, TlsFailure, Transport, TransportSettings};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const BOTH: &[&str] = &["/authorize", "/token"];

/// What is said of metadata and answers that are not strict JSON.
const NOT_STRICT: &str = "not one JSON object with unique keys";

/// What is said of keys that were refused.
const DOCUMENTS: &str = "the provider's own documents were refused";

/// An authority that only these tests trust.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: Vec<u8>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Attack list");
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Self { issuer: Issuer::new(params, key), root }
    }

    fn certificate(&self, params: CertificateParams, key: &KeyPair) -> Vec<u8> {
        params.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }
}

fn named(host: &str) -> CertificateParams {
    CertificateParams::new(vec![host.to_owned()]).unwrap()
}

fn pin_of(key: &KeyPair) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
    digest.as_ref().try_into().unwrap()
}

/// A provider over TLS, as far as its metadata; counts the requests it could read.
async fn over_tls(certificate: Vec<u8>, key: &KeyPair) -> (String, Arc<AtomicUsize>) {
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
    })
    .to_string();
    let seen = Arc::new(AtomicUsize::new(0));
    let requests = seen.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let mut buffer = [0; 4096];
            if stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                seen.fetch_add(1, Ordering::SeqCst);
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    metadata.len()
                );
                let _ = stream.write_all(format!("{head}{metadata}").as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    (issuer, requests)
}

/// Signs in at a provider over TLS: what came of it, and how many requests the server read.
async fn sign_in_over_tls(
    certificate: Vec<u8>,
    key: &KeyPair,
    transport: TransportSettings,
) -> (SessionError, usize) {
    let (issuer, requests) = over_tls(certificate, key).await;
    let device = ScriptedHost::new();
    let provider = ProviderSettings {
        redirect_uri: "com.example.portal:/callback".to_owned(),
        ..ProviderSettings::oidc(issuer, "portal-app")
    };
    let settings = SessionSettings { account: "main".to_owned(), provider, consent_service: None };
    let session = Session::open(settings, device.host(), Transport::new(transport).unwrap()).await.unwrap();
    let error = session.sign_in(AuthorizeOptions::default()).await.unwrap_err();
    assert_eq!(session.status(), Status::SignedOut);
    let gated = device.files.all().into_keys().any(|name| name.ends_with(".gated"));
    assert!(!gated, "no session may be stored");
    (error, requests.load(Ordering::SeqCst))
}

/// The server is not believed, no request reaches it, and the error says why.
async fn not_trusted(certificate: Vec<u8>, key: &KeyPair, transport: TransportSettings, why: TlsFailure) {
    let (error, requests) = sign_in_over_tls(certificate, key, transport).await;
    let SessionError::Unreachable { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains(&why.to_string()), "{reason} does not say: {why}");
    assert_eq!(requests, 0, "{why}: nothing may be sent");
}

fn trusting(authority: &Authority, pins: Vec<Pin>) -> TransportSettings {
    TransportSettings { extra_roots: vec![authority.root.clone()], pins, ..TransportSettings::default() }
}

/// A session at the development provider with short deadlines.
async fn impatient(scene: &Scene) -> (Session, ScriptedHost) {
    let device = ScriptedHost::new();
    let provider = ProviderSettings {
        redirect_uri: "com.example.portal:/callback".to_owned(),
        allow_loopback_http: true,
        ..ProviderSettings::oidc(scene.world.issuer(), "portal-app")
    };
    let transport = TransportSettings {
        allow_loopback_http: true,
        total_timeout: Duration::from_millis(400),
        ..TransportSettings::default()
    };
    let settings = SessionSettings { account: "main".to_owned(), provider, consent_service: None };
    let session = Session::open(settings, device.host(), Transport::new(transport).unwrap()).await.unwrap();
    (session, device)
}

attacks! {
    async fn attack_22_token_endpoint_redirects_a_sign_in() {
        let trap = Trap::set().await;
        for scene in Scene::both().await {
            for code in [301, 302, 303, 307, 308] {
                let location = format!("{}/token", trap.origin());
                scene.will(Endpoint::Token, Act::Redirect { code, location });
                scene.refuses_sign_in(Kind::Cancelled, "a redirect, which is never followed", BOTH).await;
            }
        }
        assert!(trap.requests().is_empty(), "no code may travel on");
    }

    async fn attack_22_token_endpoint_redirects_a_refresh() {
        let trap = Trap::set().await;
        let scene = Scene::signed_in().await;
        scene.two_hours_later();
        for code in [301, 302, 303, 307, 308] {
            let before = scene.standing();
            let location = format!("{}/token", trap.origin());
            scene.will(Endpoint::Token, Act::Redirect { code, location });
            scene.world.control().clear_log();
            let error = scene.client.send(scene.reviews()).await.unwrap_err();
            scene.holds(&error, Kind::Cancelled, &"a redirect, which is never followed", &["/token"]);
            assert_eq!(scene.standing().outline(), before.outline());
        }
        assert!(trap.requests().is_empty(), "no refresh token may travel on");
        assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200, "the session is whole");
    }

    async fn attack_22_metadata_and_keys_redirect() {
        let trap = Trap::set().await;
        let reasons = [(Endpoint::Discovery, "a redirect, which is never followed"), (Endpoint::Jwks, DOCUMENTS)];
        for (on, reason) in reasons {
            let scene = Scene::nobody().await;
            scene.will_always(on, Act::Redirect { code: 307, location: format!("{}/x", trap.origin()) });
            let before = scene.standing();
            let error = scene.client.sign_in(None).await.unwrap_err();
            assert_eq!(Kind::of(&error), Kind::Cancelled, "{error:?}");
            assert!(error.to_string().contains(reason), "{error}");
            assert_eq!(scene.standing(), before);
        }
        assert!(trap.requests().is_empty());
    }

    async fn attack_33_slow_loris() {
        for on in [Endpoint::Discovery, Endpoint::Token, Endpoint::Jwks] {
            let scene = Scene::nobody().await;
            let (session, device) = impatient(&scene).await;
            scene.will_always(on, Act::SlowBody { chunk_bytes: 1, pause_millis: 150 });
            let error = session.sign_in(AuthorizeOptions::default()).await.unwrap_err();
            let SessionError::Unreachable { reason, .. } = &error else { panic!("{on:?}: {error:?}") };
            assert!(reason.contains("took too long"), "{reason}");
            assert_eq!(session.status(), Status::SignedOut);
            assert!(!device.files.all().into_keys().any(|name| name.ends_with(".gated")));
        }
    }

    async fn attack_33_body_without_end() {
        let huge = Act::OversizedBody { bytes: 64 * 1024 * 1024 };
        for (on, reason) in [(Endpoint::Discovery, "is longer than"), (Endpoint::Jwks, DOCUMENTS)] {
            let scene = Scene::nobody().await;
            scene.will_always(on, huge.clone());
            let before = scene.standing();
            let error = scene.client.sign_in(None).await.unwrap_err();
            assert_eq!(Kind::of(&error), Kind::Cancelled, "{error:?}");
            assert!(error.to_string().contains(reason), "{error}");
            assert_eq!(scene.standing(), before);
        }
        for scene in Scene::both().await {
            scene.will(Endpoint::Token, huge.clone());
            scene.refuses_sign_in(Kind::Cancelled, "is longer than", BOTH).await;
        }
    }

    async fn attack_33_deep_json() {
        for scene in Scene::both().await {
            for depth in [200, 20_000] {
                scene.will(Endpoint::Token, Act::DeepJson { depth });
                scene.refuses_sign_in(Kind::Cancelled, NOT_STRICT, BOTH).await;
            }
        }
        for (on, reason) in [(Endpoint::Discovery, NOT_STRICT), (Endpoint::Jwks, DOCUMENTS)] {
            let scene = Scene::nobody().await;
            scene.will_always(on, Act::DeepJson { depth: 20_000 });
            let error = scene.client.sign_in(None).await.unwrap_err();
            assert_eq!(Kind::of(&error), Kind::Cancelled, "{error:?}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    async fn attack_33_duplicate_keys() {
        for scene in Scene::both().await {
            for (name, value) in [("access_token", "other"), ("id_token", "other"), ("token_type", "Bearer"), ("refresh_token", "other")] {
                scene.will(Endpoint::Token, Act::DuplicateMember { name: name.to_owned(), value: json!(value) });
                scene.refuses_sign_in(Kind::Cancelled, NOT_STRICT, BOTH).await;
            }
        }
        for (on, name, value, reason) in [
            (Endpoint::Discovery, "issuer", json!("https://evil.example"), NOT_STRICT),
            (Endpoint::Discovery, "token_endpoint", json!("https://evil.example/token"), NOT_STRICT),
            (Endpoint::Jwks, "keys", json!([]), DOCUMENTS),
        ] {
            let scene = Scene::nobody().await;
            scene.will_always(on, Act::DuplicateMember { name: name.to_owned(), value });
            let error = scene.client.sign_in(None).await.unwrap_err();
            assert_eq!(Kind::of(&error), Kind::Cancelled, "{error:?}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    async fn attack_34_tls_self_signed() {
        let key = KeyPair::generate().unwrap();
        let certificate = named("localhost").self_signed(&key).unwrap().der().to_vec();
        not_trusted(certificate, &key, TransportSettings::default(), TlsFailure::UnknownIssuer).await;
    }

    async fn attack_34_tls_wrong_host() {
        let (authority, key) = (Authority::new(), KeyPair::generate().unwrap());
        let certificate = authority.certificate(named("id.example.com"), &key);
        not_trusted(certificate, &key, trusting(&authority, Vec::new()), TlsFailure::WrongHost).await;
    }

    async fn attack_34_tls_expired() {
        let (authority, key) = (Authority::new(), KeyPair::generate().unwrap());
        let mut params = named("localhost");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        let certificate = authority.certificate(params, &key);
        not_trusted(certificate, &key, trusting(&authority, Vec::new()), TlsFailure::Expired).await;
    }

    async fn attack_34_tls_pin_mismatch_and_rotation() {
        let (authority, key, next, stranger) =
            (Authority::new(), KeyPair::generate().unwrap(), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let pins = || vec![Pin { host: "localhost".to_owned(), current: pin_of(&key), backup: pin_of(&next) }];
        let shows = |key: &KeyPair| authority.certificate(named("localhost"), key);
        not_trusted(shows(&stranger), &stranger, trusting(&authority, pins()), TlsFailure::PinMismatch).await;
        // The pinned key, and after its rotation the backup, are spoken to: the sign-in gets as far as the keys.
        for trusted in [&key, &next] {
            let (error, requests) = sign_in_over_tls(shows(trusted), trusted, trusting(&authority, pins())).await;
            assert!(requests > 0, "{error:?}");
        }
    }
}
