//! 5, 12, 13: what the provider says about itself, over the network and from the disk.

use pforte_attacks::{Kind, Scene, Trap, attacks};
use pforte_client::{Client, Config, Provider, Status};
use pforte_provider::{Act, Edit, Endpoint};
use serde_json::json;

/// A first sign-in that ends at the metadata: the browser is not even opened.
async fn refused_at_once(act: Act, kind: Kind, reason: &str) {
    let scene = Scene::nobody().await;
    scene.will_always(Endpoint::Discovery, act);
    scene.refuses_sign_in(kind, reason, &[]).await;
    let browsed = scene.world.device.log.lines().iter().any(|line| line.starts_with("user_agent"));
    assert!(!browsed, "the browser must stay closed");
}

attacks! {
    async fn attack_05_metadata_offering_pkce_plain_only() {
        let plain = json!(["plain"]);
        let member = Act::member("code_challenge_methods_supported", plain);
        refused_at_once(member, Kind::FixConfiguration, "does not offer PKCE with S256").await;
        let none = Act::member("code_challenge_methods_supported", json!([]));
        refused_at_once(none, Kind::FixConfiguration, "does not offer PKCE with S256").await;
        for mistyped in [json!("S256"), json!([256]), json!({"S256": true})] {
            let member = Act::member("code_challenge_methods_supported", mistyped);
            refused_at_once(member, Kind::Cancelled, "a member of the metadata has the wrong type").await;
        }
    }

    async fn attack_12_issuer_mismatch() {
        for issuer in [json!("https://evil.example"), json!(""), json!("HTTP://127.0.0.1")] {
            refused_at_once(Act::member("issuer", issuer), Kind::Cancelled, "another issuer's").await;
        }
        refused_at_once(Act::member("issuer", json!(5)), Kind::Cancelled, "has the wrong type").await;
        let missing = Act::Members([("issuer".to_owned(), Edit::Remove)].into());
        refused_at_once(missing, Kind::Cancelled, "another issuer's").await;
        // One slash more is another issuer.
        let scene = Scene::nobody().await;
        let slash = format!("{}/", scene.world.issuer());
        scene.will_always(Endpoint::Discovery, Act::member("issuer", json!(slash)));
        scene.refuses_sign_in(Kind::Cancelled, "another issuer's", &[]).await;
    }

    async fn attack_12_http_endpoints() {
        let http = Act::HttpEndpoints { host: "id.example.com".to_owned() };
        refused_at_once(http, Kind::Cancelled, "not https").await;
        for (name, url) in [
            ("token_endpoint", "ftp://id.example.com/token"),
            ("token_endpoint", "https://user:pass@id.example.com/token"),
            ("jwks_uri", "file:///etc/passwd"),
            ("jwks_uri", "http://127.0.0.1.evil.example/jwks"),
            ("authorization_endpoint", "javascript:alert(1)"),
            ("userinfo_endpoint", "https://id.example.com/me#fragment"),
        ] {
            refused_at_once(Act::member(name, json!(url)), Kind::Cancelled, "not https").await;
        }
    }

    /// A document on the disk is sealed: a byte that was changed is found, and nothing of it is used.
    async fn attack_13_cached_documents_changed_on_disk() {
        let scene = Scene::signed_in().await;
        let path = scene.world.folder.path().join("main.open");
        let honest = std::fs::read(&path).unwrap();
        let steps = (0..honest.len()).step_by(honest.len() / 12 + 1);
        for position in steps {
            let mut poisoned = honest.clone();
            poisoned[position] ^= 1;
            std::fs::write(&path, &poisoned).unwrap();
            scene.world.control().clear_log();
            let client = scene.world.open().await.unwrap();
            assert!(matches!(client.status(), Status::Unavailable { .. }), "{:?}", client.status());
            scene.holds(&client.unlock().await.unwrap_err(), Kind::Unavailable, &"", &[]);
            assert_eq!(scene.count("/jwks") + scene.count("/.well-known/openid-configuration"), 0);
            // What is set aside is there to be looked at; here it goes back, for the next byte.
            for entry in std::fs::read_dir(scene.world.folder.path()).unwrap() {
                let entry = entry.unwrap().path();
                if entry.file_name().unwrap().to_string_lossy().starts_with("main.open.") {
                    std::fs::remove_file(entry).unwrap();
                }
            }
        }
        std::fs::write(&path, &honest).unwrap();
        let client = scene.world.open().await.unwrap();
        assert!(matches!(client.status(), Status::Locked { .. }), "{:?}", client.status());
    }

    /// Documents that were cached for development, http and all, under the rules of an app in the shop.
    async fn attack_13_cached_documents_are_judged_again() {
        let scene = Scene::signed_in().await;
        let (issuer, files) = (scene.world.issuer().to_owned(), scene.all_files());
        scene.world.control().clear_log();
        let strict = Config { provider: Provider::oidc(issuer, "portal-app"), ..scene.world.config() };
        let client: std::sync::Arc<Client> = scene.world.open_with(strict).await.unwrap();
        let error = client.sign_in(None).await.unwrap_err();
        scene.holds(&error, Kind::FixConfiguration, &"https", &[]);
        assert_eq!(scene.count("/.well-known/openid-configuration"), 0);
        assert_eq!(scene.all_files(), files, "not a byte may change");
    }

    /// The documents of another issuer are left alone when the app moves.
    async fn attack_13_cached_documents_of_another_issuer() {
        let scene = Scene::signed_in().await;
        let trap = Trap::set().await;
        let moved = Config { provider: Provider::development(trap.origin(), "portal-app"), ..scene.world.config() };
        let client = scene.world.open_with(moved).await.unwrap();
        scene.world.control().clear_log();
        let error = client.sign_in(None).await.unwrap_err();
        // The new issuer's own metadata, which is empty, is what counts.
        scene.holds(&error, Kind::Cancelled, &"another issuer's", &[]);
        assert_eq!(trap.requests().len(), 1);
    }
}
