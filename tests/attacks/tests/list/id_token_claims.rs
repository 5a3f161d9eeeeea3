//! 14 to 19, 35: what the ID token claims.

use pforte_attacks::{Kind, Scene, attacks};
use pforte_client::{Challenge, Entry};
use pforte_oauth::IdTokenError;
use pforte_provider::{Act, Edit, Edits, Endpoint, IdTokenSignature};
use serde_json::{Value, json};

const BOTH: &[&str] = &["/authorize", "/token"];

fn claims(pairs: Vec<(&str, Edit)>) -> Act {
    let claims: Edits = pairs.into_iter().map(|(name, edit)| (name.to_owned(), edit)).collect();
    Act::IdToken { claims, header: Edits::new(), signature: IdTokenSignature::Proper }
}

/// Each of these edits of one claim is refused for this reason.
async fn each_refused(name: &str, why: IdTokenError, edits: Vec<Edit>) {
    for scene in Scene::both().await {
        for edit in &edits {
            scene.will(Endpoint::Token, claims(vec![(name, edit.clone())]));
            scene.refuses_sign_in(Kind::Cancelled, why, BOTH).await;
        }
    }
}

fn set(value: Value) -> Edit {
    Edit::Set(value)
}

fn raw(text: &str) -> Edit {
    Edit::Raw(text.to_owned())
}

/// A new scene whose provider dates its next answers with this moment: ID tokens are judged by that clock.
async fn at(date_s: i64) -> Scene {
    let scene = Scene::nobody().await;
    let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(date_s).unwrap());
    let header = Act::Header { name: "date".to_owned(), value: Some(httpdate::fmt_http_date(date)) };
    scene.will_always(Endpoint::Token, header);
    scene
}

fn now_s() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

attacks! {
    async fn attack_14_aud_missing_mistyped_or_with_strangers() {
        each_refused(
            "aud",
            IdTokenError::Audience,
            vec![
                Edit::Remove,
                set(json!(5)),
                set(json!(true)),
                set(json!({"portal-app": 1})),
                set(json!([])),
                set(json!([5])),
                set(json!(["portal-app", 5])),
                set(json!("stranger")),
                set(json!(["stranger"])),
                set(json!("portal-app ")),
                set(json!("Portal-App")),
            ],
        )
        .await;
        for scene in Scene::both().await {
            let strangers = claims(vec![("aud", set(json!(["portal-app", "stranger"]))), ("azp", Edit::Remove)]);
            scene.will(Endpoint::Token, strangers);
            scene.refuses_sign_in(Kind::Cancelled, IdTokenError::Audience, BOTH).await;
        }
    }

    async fn attack_14_azp_wrong() {
        let wrong = vec![set(json!("stranger")), set(json!(5)), set(json!(["portal-app"])), set(json!(""))];
        each_refused("azp", IdTokenError::Audience, wrong).await;
    }

    async fn attack_15_iss_mistyped_or_another() {
        each_refused(
            "iss",
            IdTokenError::Issuer,
            vec![
                Edit::Remove,
                set(json!(5)),
                set(json!({"a": 1})),
                set(json!(["https://evil.example", "good"])),
                set(json!(null)),
                set(json!("https://evil.example")),
                set(json!("")),
            ],
        )
        .await;
        for scene in Scene::both().await {
            let issuer = scene.world.issuer().to_owned();
            for near in [json!(format!("{issuer}/")), json!([issuer]), json!(issuer.to_uppercase())] {
                scene.will(Endpoint::Token, Act::id_token_claim("iss", set(near)));
                scene.refuses_sign_in(Kind::Cancelled, IdTokenError::Issuer, BOTH).await;
            }
        }
    }

    async fn attack_16_nonce_missing_or_wrong() {
        let wrong = vec![Edit::Remove, set(json!("wrong")), set(json!("")), set(json!(5)), set(json!([]))];
        each_refused("nonce", IdTokenError::Nonce, wrong).await;
    }

    /// The ID token of one sign-in in the answer to another.
    async fn attack_16_nonce_replayed() {
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let keeps = seen.clone();
        let inner = pforte_testing::RedirectingBrowser::new(pforte_testing::PortLog::default());
        let watched = pforte_attacks::Tampering::new(inner, move |url: &str, answer| {
            let url = url::Url::parse(url).unwrap();
            let nonce = url.query_pairs().find(|(name, _)| name == "nonce").unwrap().1.into_owned();
            keeps.lock().unwrap().push(nonce);
            answer
        });
        let scene = Scene::with_browser(|config| config, std::sync::Arc::new(watched)).await.after_signing_in().await;
        let first = seen.lock().unwrap()[0].clone();
        scene.will(Endpoint::Token, Act::id_token_claim("nonce", set(json!(first))));
        scene.refuses_sign_in(Kind::Cancelled, IdTokenError::Nonce, BOTH).await;
    }

    async fn attack_17_at_hash_wrong() {
        let wrong = vec![set(json!("AAAAAAAAAAAAAAAAAAAAAA")), set(json!("")), set(json!(5)), set(json!([]))];
        each_refused("at_hash", IdTokenError::AccessTokenHash, wrong).await;
    }

    async fn attack_18_exp_mistyped() {
        let soon = now_s() + 600;
        each_refused(
            "exp",
            IdTokenError::Expired,
            vec![
                Edit::Remove,
                set(json!(soon.to_string())),
                raw(&format!("{soon}.5")),
                raw(&format!("{soon}.0")),
                set(json!(-1)),
                raw("18446744073709551616"),
                raw("1e300"),
                set(json!(null)),
                set(json!([soon])),
                set(json!(true)),
            ],
        )
        .await;
    }

    async fn attack_18_iat_mistyped() {
        let now = now_s();
        each_refused(
            "iat",
            IdTokenError::NotYetValid,
            vec![
                Edit::Remove,
                set(json!(now.to_string())),
                raw(&format!("{now}.5")),
                set(json!(-1)),
                raw("18446744073709551616"),
                raw("-1e300"),
                set(json!(now + 86_400)),
            ],
        )
        .await;
    }

    async fn attack_18_nbf_mistyped() {
        let now = now_s();
        each_refused(
            "nbf",
            IdTokenError::NotYetValid,
            vec![
                set(json!(now.to_string())),
                raw(&format!("{now}.5")),
                set(json!(-1)),
                raw("18446744073709551616"),
                set(json!({})),
                set(json!(now + 86_400)),
            ],
        )
        .await;
    }

    /// Clocks may differ by 60 s, and not by one more.
    async fn attack_18_leeway_to_the_second() {
        let date = now_s() + 10;
        for (name, good, bad, why) in [
            ("exp", date - 59, date - 60, IdTokenError::Expired),
            ("iat", date + 60, date + 61, IdTokenError::NotYetValid),
            ("nbf", date + 60, date + 61, IdTokenError::NotYetValid),
        ] {
            let scene = at(date).await;
            scene.will(Endpoint::Token, Act::id_token_claim(name, set(json!(bad))));
            let before = scene.standing();
            let error = scene.client.sign_in(None).await.unwrap_err();
            scene.holds(&error, Kind::Cancelled, &why, BOTH);
            assert_eq!(scene.standing(), before);
            scene.will(Endpoint::Token, Act::id_token_claim(name, set(json!(good))));
            scene.client.sign_in(None).await.unwrap_or_else(|error| panic!("{name} {good} at {date}: {error}"));
        }
    }

    /// Tokens are judged by the provider's clock: a device a day off signs in, and an expired token is still refused.
    async fn attack_19_device_clock_a_day_off() {
        for hours in [-25, 25] {
            let scene = Scene::nobody().await;
            scene.world.device.clock.set_wall((now_s() + hours * 3600) * 1000);
            let expired = Act::id_token_claim("exp", set(json!(now_s() - 3600)));
            scene.will(Endpoint::Token, expired);
            scene.refuses_sign_in(Kind::Cancelled, IdTokenError::Expired, BOTH).await;
            scene.client.sign_in(None).await.unwrap();
            assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200, "{hours} h");
        }
    }

    async fn attack_35_step_up_answered_with_a_lower_acr() {
        let scene = Scene::signed_in().await;
        let wanted = Challenge { acr_values: vec!["mfa".to_owned()], max_age_seconds: None };
        for lower in [set(json!("pwd")), Edit::Remove, set(json!("")), set(json!(2)), set(json!(["mfa"]))] {
            let before = (scene.standing(), scene.authorization().await);
            scene.world.control().clear_log();
            scene.will(Endpoint::Token, Act::id_token_claim("acr", lower));
            let error = scene.client.enter_challenge(wanted.clone()).await.unwrap_err();
            scene.holds(&error, Kind::Cancelled, &IdTokenError::Acr, BOTH);
            assert_eq!((scene.standing(), scene.authorization().await), before);
        }
        assert!(matches!(scene.client.enter_challenge(wanted).await, Ok(Entry::Cleared { .. })));
    }

    async fn attack_35_step_up_answered_with_a_stale_auth_time() {
        let scene = Scene::signed_in().await;
        let wanted = Challenge { acr_values: Vec::new(), max_age_seconds: Some(300) };
        let now = now_s();
        for stale in [set(json!(now - 3600)), set(json!(0)), Edit::Remove, set(json!(now.to_string())), set(json!(now + 86_400))] {
            let before = (scene.standing(), scene.authorization().await);
            scene.world.control().clear_log();
            scene.will(Endpoint::Token, Act::id_token_claim("auth_time", stale));
            let error = scene.client.enter_challenge(wanted.clone()).await.unwrap_err();
            scene.holds(&error, Kind::Cancelled, &IdTokenError::AuthTime, BOTH);
            assert_eq!((scene.standing(), scene.authorization().await), before);
        }
    }
}
