//! The FAPI 2.0 Security Profile, as far as a client can hold a provider to it.
//!
//! With [`ProviderSettings::fapi`] every authorization request is pushed (section 5.3.2.2), tokens are bound to the
//! device's key (5.3.2.1), the browser's answer must carry `iss` (5.3.2.2), and signatures are PS256, ES256 or EdDSA
//! (5.4.1). PKCE with S256 and exact redirects hold with and without it. The profile knows confidential clients only: an
//! installation that registered a key sets [`ProviderSettings::client_key_id`]; whether a public client is served is the
//! provider's to say.

use crate::{Metadata, OauthError, ProviderSettings};

/// Refuses a provider that lacks a piece of the profile, and names every piece that is missing. Nothing where the
/// profile is off.
pub fn judge(settings: &ProviderSettings, metadata: &Metadata) -> Result<(), OauthError> {
    if !settings.fapi {
        return Ok(());
    }
    let algorithms = settings.accepted_algorithms();
    let signs_so = |name: &String| algorithms.iter().any(|algorithm| algorithm.name() == name);
    let listed = &metadata.id_token_signing_alg_values_supported;
    let pieces = [
        (
            metadata.pushed_authorization_request_endpoint.is_some(),
            "pushed authorization requests (pushed_authorization_request_endpoint, RFC 9126)",
        ),
        (
            metadata.dpop_signing_alg_values_supported.iter().any(|name| name == "ES256"),
            "DPoP with ES256 (dpop_signing_alg_values_supported, RFC 9449)",
        ),
        (
            metadata.authorization_response_iss_parameter_supported,
            "iss in the browser's answer (authorization_response_iss_parameter_supported, RFC 9207)",
        ),
        (
            listed.is_empty() || listed.iter().any(signs_so),
            "ID tokens signed with PS256, ES256 or EdDSA (id_token_signing_alg_values_supported)",
        ),
        (
            settings.client_key_id.is_none()
                || metadata
                    .token_endpoint_auth_methods_supported
                    .iter()
                    .any(|name| name == "private_key_jwt"),
            "private_key_jwt (token_endpoint_auth_methods_supported)",
        ),
    ];
    let missing: Vec<&str> = pieces.iter().filter(|(there, _)| !there).map(|(_, piece)| *piece).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(OauthError::Configuration {
        hint: format!(
            "the provider does not meet the FAPI 2.0 Security Profile; it lacks {}. Turn it on there, or turn fapi off",
            missing.join(", and ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, fixture};

    fn settings() -> ProviderSettings {
        ProviderSettings { fapi: true, ..fixture::settings() }
    }

    fn metadata() -> Metadata {
        Metadata {
            dpop_signing_alg_values_supported: vec!["ES256".into()],
            id_token_signing_alg_values_supported: vec!["RS256".into(), "PS256".into()],
            ..fixture::metadata()
        }
    }

    #[test]
    fn a_provider_that_has_every_piece_passes() {
        assert_eq!(judge(&settings(), &metadata()), Ok(()));
        assert_eq!(settings().accepted_algorithms(), [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa]);
        assert!(fixture::settings().accepted_algorithms().contains(&Algorithm::Rs256));
    }

    #[test]
    fn each_missing_piece_is_named() {
        let without = [
            (Metadata { pushed_authorization_request_endpoint: None, ..metadata() }, "RFC 9126"),
            (Metadata { dpop_signing_alg_values_supported: vec!["RS256".into()], ..metadata() }, "RFC 9449"),
            (Metadata { authorization_response_iss_parameter_supported: false, ..metadata() }, "RFC 9207"),
            (
                Metadata { id_token_signing_alg_values_supported: vec!["RS256".into()], ..metadata() },
                "PS256, ES256 or EdDSA",
            ),
        ];
        for (metadata, named) in without {
            let Err(OauthError::Configuration { hint }) = judge(&settings(), &metadata) else {
                panic!("accepted without {named}")
            };
            assert!(hint.contains(named), "{hint}");
            assert_eq!(judge(&fixture::settings(), &metadata), Ok(()), "the switch is off");
        }
        let keyed = ProviderSettings { client_key_id: Some("k".into()), ..settings() };
        assert!(judge(&keyed, &metadata()).unwrap_err().to_string().contains("private_key_jwt"));
    }
}
