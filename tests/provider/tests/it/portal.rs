//! The portal's API and the receivers.

use serde_json::{Value, json};

use crate::app::{automatic, text};

const REVIEW: &str = r#"{"hotel":"h1","text":"Quiet rooms.","stars":5}"#;
const BOOKING: &str = r#"{"hotel":"h1","nights":2}"#;

#[tokio::test]
async fn visitors_see_hotels_and_known_people_write_reviews() {
    let app = automatic().await;
    assert_eq!(app.json("/portal/hotels").await.as_array().unwrap().len(), 3);
    let response = app.get(app.at("/portal/reviews")).await;
    assert_eq!(response.status().as_u16(), 401);
    assert_eq!(response.headers().get("www-authenticate").unwrap(), "Bearer realm=\"portal\"");

    let tokens = app.sign_in(&[]).await;
    let access = text(&tokens, "access_token");
    assert_eq!(app.call("POST", "/portal/reviews", access, REVIEW).await.0, 201);
    for bad in [
        "",
        "{}",
        r#"{"hotel":"h9","text":"x","stars":5}"#,
        r#"{"hotel":"h1","text":" ","stars":5}"#,
        r#"{"hotel":"h1","text":"x","stars":6}"#,
    ] {
        assert_eq!(app.call("POST", "/portal/reviews", access, bad).await.0, 422, "{bad}");
    }
    let response = app.http.get(app.at("/portal/reviews")).bearer_auth(access).send().await.unwrap();
    let reviews: Value = response.json().await.unwrap();
    assert_eq!(
        reviews,
        json!([{"id": "r1", "hotel": "h1", "text": "Quiet rooms.", "stars": 5, "author": "alice"}])
    );

    app.control.advance_clock(600);
    let (status, challenge) = app.call("GET", "/portal/reviews", access, "").await;
    assert_eq!(status, 401);
    assert!(challenge.unwrap().starts_with("Bearer error=\"invalid_token\""));
    let (_, refreshed) = app.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(app.call("GET", "/portal/reviews", text(&refreshed, "access_token"), "").await.0, 200);
}

#[tokio::test]
async fn bookings_ask_for_a_stronger_and_recent_sign_in() {
    let app = automatic().await;
    let expected = r#"Bearer error="insufficient_user_authentication", acr_values="mfa", max_age=300"#;
    let weak = app.sign_in(&[]).await;
    let (status, challenge) =
        app.call("POST", "/portal/bookings", text(&weak, "access_token"), BOOKING).await;
    assert_eq!((status, challenge.as_deref()), (401, Some(expected)));

    let strong = app.sign_in(&[("acr_values", "mfa"), ("max_age", "300")]).await;
    let access = text(&strong, "access_token");
    assert_eq!(app.call("POST", "/portal/bookings", access, BOOKING).await.0, 201);
    assert_eq!(app.call("POST", "/portal/bookings", access, r#"{"hotel":"h1","nights":0}"#).await.0, 422);
    app.control.advance_clock(310);
    let (status, challenge) = app.call("POST", "/portal/bookings", access, BOOKING).await;
    assert_eq!((status, challenge.as_deref()), (401, Some(expected)));
    let (_, refreshed) = app.refresh(text(&strong, "refresh_token")).await;
    let (status, _) = app.call("POST", "/portal/bookings", text(&refreshed, "access_token"), BOOKING).await;
    assert_eq!(status, 401, "a refresh does not make a sign-in recent");
}

#[tokio::test]
async fn crm_contacts_are_put_read_and_deleted() {
    let app = automatic().await;
    let contact = app.at("/crm/contacts/c-17");
    let put = |body: &'static str| app.http.put(&contact).body(body).send();
    assert_eq!(put(r#"{"email":"a@example.com"}"#).await.unwrap().status().as_u16(), 201);
    assert_eq!(put(r#"{"email":"b@example.com"}"#).await.unwrap().status().as_u16(), 200);
    assert_eq!(put("[]").await.unwrap().status().as_u16(), 422);
    assert_eq!(app.json("/crm/contacts").await, json!({"c-17": {"email": "b@example.com"}}));
    assert_eq!(app.json("/crm/contacts/c-17").await, json!({"email": "b@example.com"}));
    assert_eq!(app.http.delete(&contact).send().await.unwrap().status().as_u16(), 204);
    assert_eq!(app.http.delete(&contact).send().await.unwrap().status().as_u16(), 404);
    assert_eq!(app.get(&contact).await.status().as_u16(), 404);
}
