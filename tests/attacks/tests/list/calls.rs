//! 20, 28 to 30, 38, 43, 48: tokens that are bound, and calls that carry one.

use pforte_attacks::{Kind, Scene, Trap, attacks};
use pforte_client::{Client, Config, HttpRequest, Status};
use pforte_oauth::{AuthorizeOptions, ProviderSettings, Use};
use pforte_provider::{Act, Endpoint, Offer, Settings};
use pforte_session::{OtherDeviceAnswer, Session, SessionError, SessionSettings};
use pforte_transport::{Transport, TransportSettings};
use serde_json::{Value, json};

/// A session at the scene's provider, with settings of its own, on the scene's device.
async fn session(scene: &Scene, configure: impl FnOnce(&mut ProviderSettings)) -> Session {
    let mut provider = ProviderSettings {
        redirect_uri: "com.example.portal:/callback".to_owned(),
        allow_loopback_http: true,
        ..ProviderSettings::oidc(scene.world.issuer(), "portal-app")
    };
    configure(&mut provider);
    let transport = TransportSettings { allow_loopback_http: true, ..TransportSettings::default() };
    let settings = SessionSettings { account: "bound".to_owned(), provider, consent_service: None };
    let host = scene.world.device.host();
    Session::open(settings, host, Transport::new(transport).unwrap()).await.unwrap()
}

async fn with_dpop(nonces: bool) -> Scene {
    Scene::with(Settings { dpop: Offer::Offered, dpop_nonces: nonces, ..Scene::automatic() }).await
}

fn claims(jwt: &str) -> Value {
    use base64::Engine;
    let payload = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Nothing of a session lies on the device.
fn nothing_kept(scene: &Scene) {
    let gated = scene.world.device.files.all().into_keys().any(|name| name.ends_with(".gated"));
    assert!(!gated, "no session may be stored");
}

/// The server's own words in a request, by header.
fn header(request: &str, name: &str) -> String {
    let lines = request.lines().filter_map(|line| line.split_once(':'));
    let found =
        lines.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned());
    found.collect()
}

attacks! {
    async fn attack_20_userinfo_about_another_person() {
        let scene = Scene::nobody().await;
        let session = session(&scene, |_| {}).await;
        session.sign_in(AuthorizeOptions::default()).await.unwrap();
        for other in [json!("bob"), json!(""), json!(5), json!(["alice"]), json!(null), json!("Alice")] {
            let (before, status) = (session.view(), session.status());
            scene.world.control().clear_log();
            scene.will(Endpoint::Userinfo, Act::member("sub", other));
            let error = session.fetch_profile().await.unwrap_err();
            let SessionError::Refused { reason } = &error else { panic!("{error:?}") };
            assert!(reason.contains("another person"), "{reason}");
            assert_eq!((session.view(), session.status()), (before, status));
            assert_eq!(scene.asked(), ["/userinfo"]);
        }
    }

    /// A server that wants another nonce each time is followed once and no further.
    async fn attack_28_nonce_loop() {
        let scene = with_dpop(true).await;
        let session = session(&scene, |provider| provider.dpop = Use::Always).await;
        for (name, value) in [("DPoP-Nonce", "ever-another"), ("DPoP-Nonce", "and-another")] {
            scene.will_always(Endpoint::Token, Act::oauth_error(400, "use_dpop_nonce", "again"));
            let header = Act::Header { name: name.to_owned(), value: Some(value.to_owned()) };
            scene.will_always(Endpoint::Token, header);
            scene.world.control().clear_log();
            let error = session.sign_in(AuthorizeOptions::default()).await.unwrap_err();
            let SessionError::Refused { reason } = &error else { panic!("{error:?}") };
            assert!(reason.contains("nonce"), "{reason}");
            assert_eq!(scene.asked(), ["/authorize", "/token", "/token"]);
            nothing_kept(&scene);
            scene.world.control().behave();
        }
        // With a server that means it, the same session signs in.
        session.sign_in(AuthorizeOptions::default()).await.unwrap();
    }

    /// Each proof has a name of its own, and the retry carries the nonce it was given.
    async fn attack_28_retried_jti() {
        let trap = Trap::answering(
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ndpop-nonce: fresh-1\r\n\
             content-length: 26\r\nconnection: close\r\n\r\n{\"error\":\"use_dpop_nonce\"}",
        )
        .await;
        let scene = with_dpop(false).await;
        let token_endpoint = Act::member("token_endpoint", json!(format!("{}/token", trap.origin())));
        scene.will_always(Endpoint::Discovery, token_endpoint);
        let session = session(&scene, |provider| provider.dpop = Use::Always).await;
        assert!(session.sign_in(AuthorizeOptions::default()).await.is_err());
        let proofs: Vec<Value> = trap.requests().iter().map(|request| claims(&header(request, "dpop"))).collect();
        assert_eq!(proofs.len(), 2, "{proofs:?}");
        assert_ne!(proofs[0]["jti"], proofs[1]["jti"]);
        assert_eq!(proofs[0].get("nonce"), None);
        assert_eq!(proofs[1]["nonce"], "fresh-1");
        nothing_kept(&scene);
    }

    /// A nonce of one origin is not shown to another.
    async fn attack_28_nonce_of_one_origin_used_at_another() {
        let scene = with_dpop(true).await;
        let session = session(&scene, |provider| provider.dpop = Use::Always).await;
        session.sign_in(AuthorizeOptions::default()).await.unwrap();
        let token = session.token().await.unwrap();
        let (one, other) = ("https://one.example/api", "https://other.example/api");
        let mut headers = http::HeaderMap::new();
        headers.insert("dpop-nonce", "of-one".parse().unwrap());
        session.remember_nonce(one, &headers);
        let (get, mut nonces) = (http::Method::GET, Vec::new());
        for url in [one, "https://one.example/else", other, "https://one.example:444/api", "http://one.example/api"] {
            let proof = claims(&session.proof(&get, url, &token).await.unwrap());
            nonces.push(proof.get("nonce").cloned());
        }
        let of_one = Some(json!("of-one"));
        assert_eq!(nonces, [of_one.clone(), of_one, None, None, None]);
    }

    /// The provider answers a proof with a token that anybody can use.
    async fn attack_29_token_type_downgraded_to_bearer() {
        let scene = with_dpop(false).await;
        let session = session(&scene, |provider| provider.dpop = Use::Always).await;
        for downgrade in [json!("Bearer"), json!("bearer"), json!("N_A"), json!(5), json!(null)] {
            scene.world.control().clear_log();
            scene.will(Endpoint::Token, Act::member("token_type", downgrade));
            let error = session.sign_in(AuthorizeOptions::default()).await.unwrap_err();
            let SessionError::Refused { reason } = &error else { panic!("{error:?}") };
            assert!(reason.contains("token_type"), "{reason}");
            assert_eq!(scene.asked(), ["/authorize", "/token"]);
            nothing_kept(&scene);
        }
        session.sign_in(AuthorizeOptions::default()).await.unwrap();
        // The same at a refresh: the session stays as it was.
        scene.two_hours_later();
        let before = (session.status(), session.view().lock);
        scene.will(Endpoint::Token, Act::member("token_type", json!("Bearer")));
        let error = session.token().await.unwrap_err();
        assert!(matches!(&error, SessionError::Refused { reason } if reason.contains("token_type")), "{error:?}");
        assert_eq!((session.status(), session.view().lock), before);
    }

    /// Metadata that hides DPoP does not turn it off.
    async fn attack_29_dpop_hidden_in_the_metadata() {
        let scene = with_dpop(false).await;
        let hidden = Act::member("dpop_signing_alg_values_supported", json!([]));
        scene.will_always(Endpoint::Discovery, hidden);
        let session = session(&scene, |provider| provider.dpop = Use::Always).await;
        let error = session.sign_in(AuthorizeOptions::default()).await.unwrap_err();
        assert!(matches!(&error, SessionError::Configuration { hint } if hint.contains("DPoP")), "{error:?}");
        assert!(scene.asked().is_empty());
        nothing_kept(&scene);
    }

    async fn attack_30_token_sent_to_an_unlisted_origin() {
        let scene = Scene::signed_in().await;
        let trap = Trap::set().await;
        let (port, own) = (trap.origin().rsplit(':').next().unwrap().to_owned(), scene.world.issuer().to_owned());
        let before = (scene.standing(), scene.all_files());
        scene.world.control().clear_log();
        for url in [
            format!("{}/portal/reviews", trap.origin()),
            format!("http://localhost:{port}/"),
            format!("http://127.0.0.1.:{port}/"),
            format!("{own}@127.0.0.1:{port}/"),
            format!("http://127.0.0.1:{port}\\@{}/", own.trim_start_matches("http://")),
            format!("https{}/portal/reviews", own.trim_start_matches("http")),
            own.replace("127.0.0.1", "localhost"),
            "file:///etc/passwd".to_owned(),
            "javascript:alert(1)".to_owned(),
            "/portal/reviews".to_owned(),
        ] {
            let error = scene.client.send(HttpRequest { url: url.clone(), ..scene.reviews() }).await.unwrap_err();
            scene.holds(&error, Kind::FixConfiguration, &"", &[]);
            let error = scene.client.authorization(&url).await.unwrap_err();
            assert_eq!(Kind::of(&error), Kind::FixConfiguration, "{url}: {error:?}");
        }
        assert!(trap.requests().is_empty());
        assert_eq!((scene.standing(), scene.all_files()), before);
    }

    /// A code for another device that is asked for too fast, and one that has ended.
    async fn attack_38_device_grant_slow_down_and_expiry() {
        let scene = Scene::with(Settings { device_grant: true, ..Scene::automatic() }).await;
        let session = session(&scene, |_| {}).await;
        session.begin_on_other_device().await.unwrap();
        let mut pauses = Vec::new();
        for _ in 0..3 {
            scene.will(Endpoint::Token, Act::oauth_error(400, "slow_down", ""));
            match session.ask_other_device().await.unwrap() {
                OtherDeviceAnswer::Pending { wait_seconds } => pauses.push(wait_seconds),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(pauses[1..], [pauses[0] + 5, pauses[0] + 10], "each slow_down adds 5 s for good");
        // Its time is over, here and there: one refusal, and the code is forgotten.
        scene.two_hours_later();
        scene.world.control().clear_log();
        for answer in [Some("expired_token"), None] {
            if let Some(code) = answer {
                scene.will(Endpoint::Token, Act::oauth_error(400, code, ""));
            }
            let error = session.ask_other_device().await.unwrap_err();
            assert!(matches!(error, SessionError::Refused { .. }), "{error:?}");
        }
        assert_eq!(scene.asked(), ["/token"], "a code that has ended is not asked for again");
        assert_eq!(session.status(), Status::SignedOut);
        nothing_kept(&scene);
    }

    /// A provider that says "pending" for ever: our own clock ends it.
    async fn attack_38_device_grant_pending_for_ever() {
        let scene = Scene::with(Settings { device_grant: true, ..Scene::automatic() }).await;
        let session = session(&scene, |_| {}).await;
        session.begin_on_other_device().await.unwrap();
        scene.will_always(Endpoint::Token, Act::oauth_error(400, "authorization_pending", ""));
        assert!(matches!(session.ask_other_device().await, Ok(OtherDeviceAnswer::Pending { .. })));
        scene.two_hours_later();
        let error = session.ask_other_device().await.unwrap_err();
        assert!(matches!(error, SessionError::Refused { .. }), "{error:?}");
        assert_eq!(session.status(), Status::SignedOut);
        nothing_kept(&scene);
    }

    /// An API's clock is not the provider's: whatever it says, tokens live as long as they did.
    async fn attack_43_poisoned_date_from_a_resource_server() {
        let scene = Scene::signed_in().await;
        let before = (scene.standing(), scene.all_files(), scene.authorization().await);
        for date in ["Fri, 01 Jan 2100 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "not a date", ""] {
            let poisoned = Act::Header { name: "date".to_owned(), value: Some(date.to_owned()) };
            scene.will(Endpoint::Portal, poisoned);
            scene.world.control().clear_log();
            assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200);
            assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200);
            assert_eq!(scene.asked(), ["/portal/reviews", "/portal/reviews"], "{date}: no refresh");
        }
        assert_eq!((scene.standing(), scene.all_files(), scene.authorization().await), before);
        // And a token that has run out is renewed, however early an API says it is.
        scene.two_hours_later();
        scene.world.control().clear_log();
        assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200);
        assert_eq!(scene.asked(), ["/token", "/portal/reviews"]);
    }

    async fn attack_48_authorised_call_redirected_to_another_origin() {
        let scene = Scene::signed_in().await;
        let trap = Trap::set().await;
        let before = (scene.standing(), scene.all_files());
        for code in [301, 302, 303, 307, 308] {
            for location in [format!("{}/loot", trap.origin()), trap.origin().replace("http:", ""), "https://evil.example/".to_owned()] {
                scene.will(Endpoint::Portal, Act::Redirect { code, location });
                scene.world.control().clear_log();
                let error = scene.client.send(scene.reviews()).await.unwrap_err();
                scene.holds(&error, Kind::FixConfiguration, &"api_origins", &["/portal/reviews"]);
            }
        }
        assert!(trap.requests().is_empty(), "{:?}", trap.requests());
        assert_eq!((scene.standing(), scene.all_files()), before);
    }

    /// The origin that a call is led to is on the list: then it is authorised anew, for that origin.
    async fn attack_48_redirect_within_the_list_carries_the_token_only_there() {
        let scene = Scene::signed_in().await;
        let listed = Trap::set().await;
        let origins = vec![scene.world.issuer().to_owned(), listed.origin().to_owned()];
        let config = Config { api_origins: origins, ..scene.world.config() };
        let client: std::sync::Arc<Client> = scene.world.open_with(config).await.unwrap();
        client.unlock().await.unwrap();
        scene.will(Endpoint::Portal, Act::Redirect { code: 307, location: format!("{}/moved", listed.origin()) });
        assert_eq!(client.send(scene.reviews()).await.unwrap().status, 200);
        let requests = listed.requests();
        assert_eq!(requests.len(), 1);
        assert!(header(&requests[0], "authorization").starts_with("Bearer "), "{requests:?}");
    }
}
