//! 1 to 4, 31, 32, 37: what the browser comes back with.

use std::sync::{Arc, Mutex};

use pforte_attacks::{Kind, Scene, Tampering, Trap, attacks};
use pforte_client::{Config, Status};
use pforte_oauth::CallbackError;
use pforte_provider::{Act, Edit, Endpoint};
use pforte_testing::{BrowserHabit, PortLog, RedirectingBrowser};
use serde_json::json;

fn browser() -> RedirectingBrowser {
    RedirectingBrowser::new(PortLog::default())
}

/// The value of a query parameter, decoded.
fn parameter(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned());
    found.unwrap_or_default()
}

/// A scene whose browser changes what comes back.
async fn tampered(
    configure: impl FnOnce(Config) -> Config,
    tamper: impl Fn(&str, String) -> String + Send + Sync + 'static,
) -> Scene {
    Scene::with_browser(configure, Arc::new(Tampering::new(browser(), tamper))).await
}

/// Refused by the browser's answer alone: the provider is asked for the page and for nothing else.
async fn refused_at_once(scene: &Scene, why: CallbackError) {
    scene.refuses_sign_in(Kind::Cancelled, why, &["/authorize"]).await;
}

attacks! {
    async fn attack_01_mix_up_foreign_iss() {
        for scene in Scene::both().await {
            let issuer = scene.world.issuer().to_owned();
            for foreign in ["https://evil.example".to_owned(), format!("{issuer}/"), issuer.to_uppercase(), String::new()] {
                scene.will(Endpoint::Callback, Act::callback("iss", Edit::Set(json!(foreign))));
                refused_at_once(&scene, CallbackError::OtherIssuer).await;
            }
        }
    }

    async fn attack_01_mix_up_iss_missing_though_announced() {
        for scene in Scene::both().await {
            scene.will(Endpoint::Callback, Act::callback("iss", Edit::Remove));
            refused_at_once(&scene, CallbackError::IssuerMissing).await;
            // An error without `iss` may be another server's, too.
            scene.will(Endpoint::Callback, Act::callback("iss", Edit::Remove));
            scene.will(Endpoint::Callback, Act::callback("code", Edit::Remove));
            scene.will(Endpoint::Callback, Act::callback("error", Edit::Set(json!("access_denied"))));
            refused_at_once(&scene, CallbackError::IssuerMissing).await;
        }
    }

    /// Two issuers behind one redirect URI, and the other one answers: with its own `iss`, or with none.
    async fn attack_02_one_redirect_for_two_issuers() {
        let other = pforte_journeys::World::new().await;
        let foreign_issuer = other.issuer().to_owned();
        let with_iss = format!("&iss={foreign_issuer}");
        for (suffix, why) in [(with_iss, CallbackError::OtherIssuer), (String::new(), CallbackError::IssuerMissing)] {
            let scene = tampered(|config| config, move |url, _| {
                let state = parameter(url, "state");
                format!("com.example.portal:/callback?code=of-the-other-issuer&state={state}{suffix}")
            })
            .await;
            refused_at_once(&scene, why).await;
        }
        assert!(other.control().log().is_empty(), "nothing goes to the other issuer");
    }

    /// A provider that announces no `iss`: the code then goes to the issuer that was asked, and to no other.
    async fn attack_02_without_iss_a_code_goes_only_where_it_was_asked_for() {
        let scene = tampered(|config| config, |url, _| {
            let state = parameter(url, "state");
            format!("com.example.portal:/callback?code=of-the-other-issuer&state={state}")
        })
        .await;
        let member = Act::member("authorization_response_iss_parameter_supported", json!(false));
        scene.will_always(Endpoint::Discovery, member);
        scene.refuses_sign_in(Kind::SignInAgain, "sign in again", &["/authorize", "/token"]).await;
    }

    /// Somebody else's code, brought in under the right `state`.
    async fn attack_03_code_from_another_session() {
        let stolen = Arc::new(Mutex::new(String::new()));
        let injected = stolen.clone();
        let scene = tampered(|config| config, move |_, answer| {
            let code = parameter(&answer, "code");
            match injected.lock().unwrap().as_str() {
                "" => answer,
                stolen => answer.replace(&code, stolen),
            }
        })
        .await;
        // The attacker's own sign-in, with a challenge of their own.
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let url = format!(
            "{}/authorize?response_type=code&client_id=portal-app&redirect_uri=com.example.portal:/callback\
             &scope=openid&state=s&code_challenge={challenge}&code_challenge_method=S256",
            scene.world.issuer()
        );
        let theirs = pforte_host::UserAgent::browse(&browser(), url, String::new()).await.unwrap();
        *stolen.lock().unwrap() = parameter(&theirs, "code");
        scene.refuses_sign_in(Kind::SignInAgain, "sign in again", &["/authorize", "/token"]).await;
        assert_eq!(scene.client.status(), Status::SignedOut);
    }

    async fn attack_04_state_missing() {
        for scene in Scene::both().await {
            scene.will(Endpoint::Callback, Act::callback("state", Edit::Remove));
            refused_at_once(&scene, CallbackError::State).await;
        }
    }

    async fn attack_04_state_wrong() {
        for scene in Scene::both().await {
            for wrong in ["", "guess", "%00"] {
                scene.will(Endpoint::Callback, Act::callback("state", Edit::Set(json!(wrong))));
                refused_at_once(&scene, CallbackError::State).await;
            }
        }
    }

    async fn attack_04_state_code_or_iss_duplicated() {
        for scene in Scene::both().await {
            for (name, value) in [("state", "guess"), ("code", "other"), ("iss", "https://evil.example")] {
                let append = vec![(name.to_owned(), value.to_owned())];
                let twice = Act::Callback { redirect_uri: None, parameters: Default::default(), append };
                scene.will(Endpoint::Callback, twice);
                refused_at_once(&scene, CallbackError::DuplicateParameter).await;
            }
        }
    }

    /// The answer of a sign-in that is over, handed over once more.
    async fn attack_04_state_replayed() {
        let seen = Arc::new(Mutex::new(String::new()));
        let kept = seen.clone();
        let scene = tampered(|config| config, move |_, answer| {
            kept.lock().unwrap().clone_from(&answer);
            answer
        })
        .await
        .after_signing_in()
        .await;
        let (before, files) = (scene.standing(), scene.all_files());
        scene.world.control().clear_log();
        let replayed = seen.lock().unwrap().clone();
        let error = scene.client.resume(&replayed).await.unwrap_err();
        scene.holds(&error, Kind::Cancelled, &"belongs to no sign-in of this device, or was used before", &[]);
        assert_eq!(scene.standing(), before);
        assert_eq!(scene.all_files(), files, "not a byte may change");
    }

    async fn attack_31_callback_that_is_not_the_redirect_uri() {
        for target in [
            "com.example.portal://user@/callback",
            "com.example.portal://callback",
            "com.example.portal:/callback/",
            "com.example.portal:/Callback",
            "com.example.portal:/call%62ack",
            "com.example.portal:/x/..%2fcallback",
            "com.example.portal:%2fcallback",
            "com.example.portal.:/callback",
            "COM.EXAMPLE.PORTAL:/callback",
            "com.example.portal.evil:/callback",
        ] {
            let scene = tampered(|config| config, move |_, answer| {
                let query = answer.split_once('?').unwrap().1.to_owned();
                format!("{target}?{query}")
            })
            .await;
            refused_at_once(&scene, CallbackError::OtherRedirect).await;
        }
    }

    async fn attack_31_loopback_callback_of_another_host_or_port() {
        for target in [
            "http://127.0.0.1:7778/callback",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:7777.evil.example/callback",
            "http://127.0.0.1:7777@evil.example/callback",
            "http://user@127.0.0.1:7777/callback",
            "http://user:pass@127.0.0.1:7777/callback",
            "http://127.0.0.1.:7777/callback",
            "http://localhost:7777/callback",
            "http://[::1]:7777/callback",
            "http://127.0.0.1:07777/callback",
            "HTTP://127.0.0.1:7777/callback",
            "https://127.0.0.1:7777/callback",
            "http://127.0.0.1:7777//callback",
            "http://127.0.0.1:7777/%2fcallback",
            "http://127.0.0.1:7777/callback%2f",
            "http://127.0.0.1:7777/./callback",
        ] {
            let loopback = |config| Config { redirect_uri: "http://127.0.0.1:7777/callback".to_owned(), ..config };
            let scene = tampered(loopback, move |_, answer| {
                let query = answer.split_once('?').unwrap().1.to_owned();
                format!("{target}?{query}")
            })
            .await;
            refused_at_once(&scene, CallbackError::OtherRedirect).await;
        }
    }

    /// Another app opens our scheme without being asked.
    async fn attack_32_hijacked_scheme_brings_an_answer_nobody_waits_for() {
        for scene in Scene::both().await {
            let (before, files) = (scene.standing(), scene.all_files());
            scene.world.control().clear_log();
            let unasked = format!(
                "com.example.portal:/callback?code=evil&state=guess&iss={}",
                scene.world.issuer()
            );
            let error = scene.client.resume(&unasked).await.unwrap_err();
            scene.holds(&error, Kind::Cancelled, &"belongs to no sign-in of this device", &[]);
            assert_eq!(scene.standing(), before);
            assert_eq!(scene.all_files(), files, "not a byte may change");
        }
    }

    /// Another app owns our scheme and takes the code: without the verifier it is worth nothing, and the person's own
    /// app, to which nothing came back, keeps nothing.
    async fn attack_32_hijacked_scheme_takes_the_code() {
        let taken = Arc::new(Mutex::new(String::new()));
        let keeps = taken.clone();
        let scene = tampered(|config| config, move |_, answer| {
            *keeps.lock().unwrap() = parameter(&answer, "code");
            "com.example.evil:/kept".to_owned()
        })
        .await;
        scene.refuses_sign_in(Kind::Cancelled, "the answer from the browser was refused", &["/authorize"]).await;
        let form = format!(
            "grant_type=authorization_code&client_id=portal-app&redirect_uri=com.example.portal%3A%2Fcallback&code={}\
             &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            taken.lock().unwrap()
        );
        let transport = pforte_transport::Transport::new(pforte_transport::TransportSettings {
            allow_loopback_http: true,
            ..Default::default()
        })
        .unwrap();
        let theft = http::Request::post(format!("{}/token", scene.world.issuer()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into_bytes())
            .unwrap();
        assert_eq!(transport.send(theft).await.unwrap().status(), 400);
        assert!(scene.world.control().state().families.is_empty(), "nobody has tokens");
    }

    async fn attack_32_browser_that_comes_back_with_anything() {
        let scene = Scene::signed_in().await;
        let trap = Trap::set().await;
        for stray in ["", "not a URL", "javascript:alert(1)", "com.example.portal:/callback", trap.origin()] {
            scene.world.device.browser.will(BrowserHabit::Strays(stray.to_owned()));
            scene.refuses_sign_in(Kind::Cancelled, "the answer from the browser was refused", &[]).await;
        }
        assert!(trap.requests().is_empty());
    }

    /// What a server says about an error is foreign text: nothing of it may steer a terminal, a log or a screen, and no
    /// secret may travel in it.
    async fn attack_37_error_description_in_the_redirect() {
        let secret = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";
        let nasty = format!("line\r\nbreak \u{1b}[31mred\u{7} \u{202e}gpj.exe <script> code={secret} {secret} {}", "x".repeat(4000));
        for scene in Scene::both().await {
            for code in ["server_error", "invalid_request", "unheard_of", "<script>", "\u{1b}[31m"] {
                let before = scene.standing();
                for (name, edit) in [
                    ("code", Edit::Remove),
                    ("error", Edit::Set(json!(code))),
                    ("error_description", Edit::Set(json!(nasty))),
                ] {
                    scene.will(Endpoint::Callback, Act::callback(name, edit));
                }
                scene.world.control().clear_log();
                let error = scene.client.sign_in(None).await.unwrap_err();
                for text in [error.to_string(), format!("{error:?}"), scene.client.why().join("\n")] {
                    let text = text.replace('\n', "");
                    assert!(!text.contains(secret) && !text.contains("eyJ"), "{text}");
                    assert!(text.chars().all(|letter| !letter.is_control() && letter != '\u{202e}'), "{text:?}");
                    assert!(text.len() < 4000, "{} bytes", text.len());
                }
                assert_eq!(scene.asked(), ["/authorize"]);
                assert_eq!(scene.standing(), before);
            }
        }
    }

    async fn attack_37_error_description_of_the_token_endpoint() {
        let secret = "ya29.a0AfB_byC3pXsecret-of-somebody-0123456789";
        let nasty = format!("bell\u{7} \u{1b}]8;;http://evil.example\u{7}\n{secret} token={secret}");
        for scene in Scene::both().await {
            for code in ["invalid_client", "invalid_request", "unheard_of", "server_error", "invalid_grant"] {
                let before = scene.standing();
                scene.will(Endpoint::Token, Act::oauth_error(400, code, &nasty));
                scene.world.control().clear_log();
                let error = scene.client.sign_in(None).await.unwrap_err();
                for text in [error.to_string(), format!("{error:?}"), scene.client.why().join("")] {
                    assert!(!text.contains(secret), "{text}");
                    assert!(text.chars().all(|letter| !letter.is_control()), "{text:?}");
                }
                assert_eq!(scene.asked(), ["/authorize", "/token"]);
                assert_eq!(scene.standing(), before);
            }
        }
    }
}
