//! TLS: an explicit provider, the platform's verifier, and pins on top.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};

use crate::{Pin, TlsFailure, TransportError, TransportSettings};

/// Neither the pinned key nor the backup was shown.
#[derive(Debug, thiserror::Error)]
#[error("neither the pinned key nor the backup")]
pub(crate) struct PinMismatch;

/// The platform's verifier could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("no platform verifier")]
pub(crate) struct NoPlatformVerifier;

/// The configuration for every connection. The process-wide default provider is neither used nor set.
pub(crate) fn client_config(settings: &TransportSettings) -> Result<ClientConfig, TransportError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        Verifier { platform: platform_verifier(settings, provider.clone())?, pins: settings.pins.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TransportError::Tls { why: TlsFailure::Handshake })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

#[cfg(not(target_os = "android"))]
fn platform_verifier(
    settings: &TransportSettings,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<rustls_platform_verifier::Verifier, TransportError> {
    let roots = settings.extra_roots.iter().cloned().map(CertificateDer::from);
    rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider)
        .map_err(|_| TransportError::Tls { why: TlsFailure::NoVerifier })
}

#[cfg(target_os = "android")]
fn platform_verifier(
    settings: &TransportSettings,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<rustls_platform_verifier::Verifier, TransportError> {
    if !settings.extra_roots.is_empty() {
        return Err(TransportError::NotAllowed {
            why: "extra_roots don't exist on Android; add the root to the app's network security configuration",
        });
    }
    rustls_platform_verifier::Verifier::new(provider)
        .map_err(|_| TransportError::Tls { why: TlsFailure::NoVerifier })
}

/// The platform's verdict first, then the pins.
#[derive(Debug)]
struct Verifier {
    platform: rustls_platform_verifier::Verifier,
    pins: Vec<Pin>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The platform's verifier on Android panics where it was not initialised; a panic must not leave this room.
        let verdict = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.platform.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        }));
        let verified = match verdict {
            Ok(Err(rustls::Error::General(_))) | Err(_) => return Err(refused(NoPlatformVerifier)),
            Ok(judged) => judged?,
        };
        self.check_pins(end_entity, server_name)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.platform.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.platform.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.platform.supported_verify_schemes()
    }
}

impl Verifier {
    fn check_pins(
        &self,
        end_entity: &CertificateDer<'_>,
        name: &ServerName<'_>,
    ) -> Result<(), rustls::Error> {
        let host = name.to_str();
        let Some(pin) =
            self.pins.iter().find(|pin| host.trim_end_matches('.').eq_ignore_ascii_case(&pin.host))
        else {
            return Ok(());
        };
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.as_ref());
        if digest.as_ref() == pin.current || digest.as_ref() == pin.backup {
            Ok(())
        } else {
            Err(refused(PinMismatch))
        }
    }
}

fn refused(why: impl std::error::Error + Send + Sync + 'static) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
}
