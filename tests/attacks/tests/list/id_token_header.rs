//! 6 to 11: the ID token's header, and the keys it asks for.

use std::collections::BTreeMap;

use pforte_attacks::{Kind, Scene, Trap, attacks};
use pforte_oauth::IdTokenError;
use pforte_provider::{Act, Edit, Endpoint, IdTokenSignature, KeyOffer, PublicKeyForm};
use serde_json::{Value, json};

/// What an honest sign-in asks for: the page, then the tokens.
const BOTH: &[&str] = &["/authorize", "/token"];

fn header(name: &str, value: Value) -> Act {
    Act::id_token_header(name, Edit::Set(value))
}

fn edits(pairs: &[(&str, Value)]) -> BTreeMap<String, Edit> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Edit::Set(value.clone()))).collect()
}

async fn refused(scene: &Scene, act: Act, why: IdTokenError) {
    scene.will(Endpoint::Token, act);
    scene.refuses_sign_in(Kind::Cancelled, why, BOTH).await;
}

attacks! {
    async fn attack_06_alg_none() {
        for scene in Scene::both().await {
            refused(&scene, Act::id_token_signature(IdTokenSignature::None), IdTokenError::Algorithm).await;
            for name in ["None", "NONE", "nOnE", ""] {
                let unsigned = Act::IdToken {
                    claims: BTreeMap::new(),
                    header: edits(&[("alg", json!(name))]),
                    signature: IdTokenSignature::None,
                };
                refused(&scene, unsigned, IdTokenError::Algorithm).await;
            }
        }
    }

    async fn attack_06_hs256_keyed_with_the_public_key() {
        for scene in Scene::both().await {
            for form in [PublicKeyForm::Point, PublicKeyForm::SpkiDer, PublicKeyForm::SpkiPem] {
                let confused = Act::id_token_signature(IdTokenSignature::Hs256PublicKey { form });
                refused(&scene, confused, IdTokenError::Algorithm).await;
                // The same under an algorithm that is accepted.
                let confused = Act::IdToken {
                    claims: BTreeMap::new(),
                    header: edits(&[("alg", json!("ES256"))]),
                    signature: IdTokenSignature::Hs256PublicKey { form },
                };
                refused(&scene, confused, IdTokenError::Signature).await;
            }
        }
    }

    async fn attack_06_alg_other_than_the_keys() {
        for scene in Scene::both().await {
            // The key with this kid is for ES256.
            for name in ["RS256", "PS256", "EdDSA"] {
                refused(&scene, header("alg", json!(name)), IdTokenError::Algorithm).await;
            }
            for unknown in [json!("ES256K"), json!("RS1"), json!("es256"), json!(256), json!(null), json!(["ES256"])] {
                refused(&scene, header("alg", unknown), IdTokenError::Algorithm).await;
            }
            refused(&scene, Act::id_token_header("alg", Edit::Remove), IdTokenError::Algorithm).await;
        }
    }

    async fn attack_06_signature_broken_or_by_a_foreign_key() {
        for scene in Scene::both().await {
            for signature in [IdTokenSignature::Broken, IdTokenSignature::ForeignKey { offered_by: None }] {
                refused(&scene, Act::id_token_signature(signature), IdTokenError::Signature).await;
            }
        }
    }

    async fn attack_07_kid_that_leads_elsewhere() {
        let trap = Trap::set().await;
        for scene in Scene::both().await {
            for kid in [
                json!("../../../../dev/null"),
                json!("/etc/passwd"),
                json!(format!("{}/jwks", trap.origin())),
                json!("' OR '1'='1"),
                json!("es256-1\u{0}"),
                json!("ES256-1"),
                json!("| curl evil.example"),
                json!(""),
            ] {
                refused(&scene, header("kid", kid), IdTokenError::UnknownKey).await;
            }
            for mistyped in [json!(1), json!(["es256-1"]), json!({"$ne": null})] {
                refused(&scene, header("kid", mistyped), IdTokenError::Header).await;
            }
            refused(&scene, header("kid", json!("k".repeat(300))), IdTokenError::Header).await;
        }
        assert!(trap.requests().is_empty());
    }

    async fn attack_07_kid_of_a_megabyte() {
        for scene in Scene::both().await {
            refused(&scene, header("kid", json!("k".repeat(100_000))), IdTokenError::Malformed).await;
            scene.will(Endpoint::Token, header("kid", json!("k".repeat(1_000_000))));
            scene.refuses_sign_in(Kind::Cancelled, "is longer than", BOTH).await;
        }
    }

    /// A key that the token brings itself is not looked at: the signature is not the provider's.
    async fn attack_08_foreign_key_offered_in_the_header() {
        for scene in Scene::both().await {
            for offer in [KeyOffer::Jwk, KeyOffer::Jku] {
                let foreign = IdTokenSignature::ForeignKey { offered_by: Some(offer) };
                refused(&scene, Act::id_token_signature(foreign), IdTokenError::Signature).await;
                assert_eq!(scene.count("/foreign/jwks"), 0);
            }
        }
    }

    /// Addresses in the header of a token that is signed as it should be: nobody goes there.
    async fn attack_08_addresses_in_the_header_are_never_fetched() {
        let trap = Trap::set().await;
        for scene in Scene::both().await {
            for name in ["jku", "x5u"] {
                let url = json!(format!("{}/{name}", trap.origin()));
                let elsewhere = Act::IdToken {
                    claims: BTreeMap::new(),
                    header: edits(&[(name, url.clone())]),
                    signature: IdTokenSignature::ForeignKey { offered_by: None },
                };
                refused(&scene, elsewhere, IdTokenError::Signature).await;
                scene.will(Endpoint::Token, header(name, url));
                scene.client.sign_in(None).await.unwrap();
                scene.client.sign_out().await.unwrap();
            }
            for (name, value) in [("x5c", json!(["bm90IGEgY2VydGlmaWNhdGU="])), ("x5t", json!("x")), ("jwk", json!({"kty": "oct", "k": "eA"}))] {
                scene.will(Endpoint::Token, header(name, value));
                scene.client.sign_in(None).await.unwrap();
                scene.client.sign_out().await.unwrap();
            }
        }
        assert!(trap.requests().is_empty());
    }

    async fn attack_09_crit_b64_and_typ() {
        for scene in Scene::both().await {
            for (name, value) in [
                ("crit", json!(["exp"])),
                ("crit", json!(["b64"])),
                ("crit", json!([])),
                ("crit", json!(null)),
                ("b64", json!(false)),
                ("b64", json!(true)),
                ("typ", json!("at+jwt")),
                ("typ", json!("dpop+jwt")),
                ("typ", json!("logout+jwt")),
                ("typ", json!("")),
                ("typ", json!(1)),
            ] {
                refused(&scene, header(name, value), IdTokenError::Header).await;
            }
        }
    }

    async fn attack_10_no_kid_and_one_key_that_fits() {
        let scene = Scene::nobody().await;
        // One key of the set is for ES256, so there is nothing to guess.
        scene.will(Endpoint::Token, Act::id_token_header("kid", Edit::Remove));
        scene.client.sign_in(None).await.unwrap();
    }

    async fn attack_10_no_kid_and_several_keys_that_fit() {
        let scene = Scene::nobody().await;
        let p256 = |kid: &str, x: &str, y: &str| json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y});
        let set = json!([
            p256("one", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
            p256("two", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"),
        ]);
        scene.will_always(Endpoint::Jwks, Act::member("keys", set));
        refused(&scene, Act::id_token_header("kid", Edit::Remove), IdTokenError::UnknownKey).await;
        // Two keys of one name are no better.
        let same = json!([
            p256("es256-1", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
            p256("es256-1", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"),
        ]);
        let scene = Scene::nobody().await;
        scene.will_always(Endpoint::Jwks, Act::member("keys", same));
        scene.refuses_sign_in(Kind::Cancelled, IdTokenError::UnknownKey, BOTH).await;
    }

    /// Each token names another key: the key set is fetched again at most once in a cool-down.
    async fn attack_11_flood_of_unknown_kids() {
        let scene = Scene::signed_in().await;
        scene.world.control().clear_log();
        let mut fetched = 0;
        for n in 0..20 {
            refused(&scene, header("kid", json!(format!("unheard-of-{n}"))), IdTokenError::UnknownKey).await;
            fetched += scene.count("/jwks");
        }
        assert!(fetched <= 1, "{fetched} fetches of the key set");
    }
}
