//! Whom the transport trusts, against TLS servers on this machine (attack list 34).

// Helpers of tests may unwrap, as tests may.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;
use pforte_transport::{Pin, TlsFailure, Transport, TransportError, TransportSettings};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{NamedGroup, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// An authority that only these tests trust.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: Vec<u8>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Self { issuer: Issuer::new(params, key), root }
    }

    fn certificate(&self, params: CertificateParams, key: &KeyPair) -> Vec<u8> {
        params.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }
}

fn for_localhost() -> CertificateParams {
    CertificateParams::new(vec!["localhost".to_owned()]).unwrap()
}

fn spki(key: &KeyPair) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
    digest.as_ref().try_into().unwrap()
}

struct Server {
    port: u16,
    /// Requests that were read; a refused server must not see one.
    requests: Arc<AtomicUsize>,
    /// Handshakes that agreed on the hybrid key exchange.
    hybrid: Arc<AtomicUsize>,
}

async fn serve(certificate: Vec<u8>, key: &KeyPair) -> Server {
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (requests, hybrid) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen, agreed) = (requests.clone(), hybrid.clone());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let group = stream.get_ref().1.negotiated_key_exchange_group().map(|group| group.name());
            if group == Some(NamedGroup::X25519MLKEM768) {
                agreed.fetch_add(1, Ordering::SeqCst);
            }
            let mut buffer = [0; 4096];
            if stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                seen.fetch_add(1, Ordering::SeqCst);
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
                    .await;
                let _ = stream.shutdown().await;
            }
        }
    });
    Server { port, requests, hybrid }
}

async fn send(server: &Server, root: &[u8], pins: Vec<Pin>) -> Result<(), TransportError> {
    let settings =
        TransportSettings { extra_roots: vec![root.to_vec()], pins, ..TransportSettings::default() };
    let request =
        Request::get(format!("https://localhost:{}/?code=canary", server.port)).body(Vec::new()).unwrap();
    let response = Transport::new(settings).unwrap().send(request).await?;
    assert_eq!(response.body(), b"ok");
    Ok(())
}

async fn refused(server: &Server, root: &[u8], pins: Vec<Pin>) -> TlsFailure {
    let error = send(server, root, pins).await.unwrap_err();
    assert_eq!(server.requests.load(Ordering::SeqCst), 0, "a request went to a server that was not trusted");
    assert!(!error.may_have_arrived());
    match error {
        TransportError::Tls { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_trusted_server_is_reached_by_post_quantum_key_exchange() {
    let (authority, key) = (Authority::new("Trusted Root"), KeyPair::generate().unwrap());
    let server = serve(authority.certificate(for_localhost(), &key), &key).await;
    send(&server, &authority.root, Vec::new()).await.unwrap();
    assert_eq!(server.hybrid.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn self_signed_and_unknown_issuers_are_refused() {
    let authority = Authority::new("Trusted Root");
    let key = KeyPair::generate().unwrap();
    let self_signed = serve(for_localhost().self_signed(&key).unwrap().der().to_vec(), &key).await;
    assert_eq!(refused(&self_signed, &authority.root, Vec::new()).await, TlsFailure::UnknownIssuer);

    let mut as_authority = for_localhost();
    as_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own_authority = serve(as_authority.self_signed(&key).unwrap().der().to_vec(), &key).await;
    assert_eq!(refused(&own_authority, &authority.root, Vec::new()).await, TlsFailure::UnknownIssuer);

    let foreign = serve(Authority::new("Foreign Root").certificate(for_localhost(), &key), &key).await;
    assert_eq!(refused(&foreign, &authority.root, Vec::new()).await, TlsFailure::UnknownIssuer);
}

#[tokio::test]
async fn another_hosts_certificate_is_refused() {
    let (authority, key) = (Authority::new("Trusted Root"), KeyPair::generate().unwrap());
    let params = CertificateParams::new(vec!["id.example.com".to_owned()]).unwrap();
    let server = serve(authority.certificate(params, &key), &key).await;
    assert_eq!(refused(&server, &authority.root, Vec::new()).await, TlsFailure::WrongHost);
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused() {
    let (authority, key) = (Authority::new("Trusted Root"), KeyPair::generate().unwrap());
    let mut past = for_localhost();
    past.not_before = date_time_ymd(2000, 1, 1);
    past.not_after = date_time_ymd(2001, 1, 1);
    let mut future = for_localhost();
    future.not_before = date_time_ymd(2990, 1, 1);
    future.not_after = date_time_ymd(2991, 1, 1);
    for params in [past, future] {
        let server = serve(authority.certificate(params, &key), &key).await;
        assert_eq!(refused(&server, &authority.root, Vec::new()).await, TlsFailure::Expired);
    }
}

#[tokio::test]
async fn pins_accept_the_current_key_and_the_backup_and_no_other() {
    let authority = Authority::new("Trusted Root");
    let (current, backup, other) =
        (KeyPair::generate().unwrap(), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let pin = |host: &str| Pin { host: host.to_owned(), current: spki(&current), backup: spki(&backup) };
    for key in [&current, &backup] {
        let server = serve(authority.certificate(for_localhost(), key), key).await;
        send(&server, &authority.root, vec![pin("localhost")]).await.unwrap();
    }
    let server = serve(authority.certificate(for_localhost(), &other), &other).await;
    assert_eq!(refused(&server, &authority.root, vec![pin("localhost")]).await, TlsFailure::PinMismatch);
    // A pin for another host says nothing about this one.
    send(&server, &authority.root, vec![pin("id.example.com")]).await.unwrap();
}

/// A pin adds to the platform's verdict, it never replaces it.
#[tokio::test]
async fn a_pinned_key_needs_a_trusted_certificate_all_the_same() {
    let key = KeyPair::generate().unwrap();
    let server = serve(for_localhost().self_signed(&key).unwrap().der().to_vec(), &key).await;
    let pin = Pin { host: "localhost".to_owned(), current: spki(&key), backup: [0; 32] };
    assert_eq!(
        refused(&server, &Authority::new("Trusted Root").root, vec![pin]).await,
        TlsFailure::UnknownIssuer
    );
}

#[tokio::test]
async fn a_server_without_tls_is_no_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let transport = Transport::new(TransportSettings::default()).unwrap();
    let error = transport.send(Request::get(url).body(Vec::new()).unwrap()).await.unwrap_err();
    assert_eq!(error, TransportError::Tls { why: TlsFailure::Handshake });
}
