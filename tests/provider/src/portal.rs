//! The portal's API: hotels, reviews, bookings.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bearer::{self, Challenge};
use crate::world::World;

/// A booking needs a sign-in at this level,
const BOOKING_ACR: &str = "mfa";

/// not older than this, in seconds.
const BOOKING_MAX_AGE: i64 = 300;

const HOTELS: [(&str, &str, &str); 3] =
    [("h1", "Hotel Aurora", "Wien"), ("h2", "Gasthof Linde", "Graz"), ("h3", "Seehaus", "Bregenz")];

#[derive(Debug, Default)]
pub(crate) struct PortalData {
    reviews: Vec<Review>,
    bookings: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Review {
    id: String,
    hotel: String,
    text: String,
    stars: u8,
    author: String,
}

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/portal/hotels", get(hotels))
        .route("/portal/reviews", get(reviews).post(post_review))
        .route("/portal/bookings", post(post_booking))
}

async fn hotels() -> Json<Value> {
    Json(HOTELS.iter().map(|(id, name, city)| json!({"id": id, "name": name, "city": city})).collect())
}

async fn reviews(State(world): State<Arc<World>>, headers: HeaderMap) -> Result<Response, Challenge> {
    bearer::portal_grant(&world, &headers)?;
    Ok(Json(world.state().portal.reviews.clone()).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewReview {
    hotel: String,
    text: String,
    stars: u8,
}

async fn post_review(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Challenge> {
    let grant = bearer::portal_grant(&world, &headers)?;
    let Ok(new) = serde_json::from_slice::<NewReview>(&body) else {
        return Ok(unprocessable("a review is {\"hotel\", \"text\", \"stars\"}"));
    };
    if !is_hotel(&new.hotel) || new.text.trim().is_empty() || !(1..=5).contains(&new.stars) {
        return Ok(unprocessable("the hotel must exist, the text must not be empty, stars are 1 to 5"));
    }
    let mut state = world.state();
    let review = Review {
        id: format!("r{}", state.portal.reviews.len() + 1),
        hotel: new.hotel,
        text: new.text,
        stars: new.stars,
        author: grant.authentication.subject,
    };
    state.portal.reviews.push(review.clone());
    Ok((StatusCode::CREATED, Json(review)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBooking {
    hotel: String,
    nights: u8,
}

async fn post_booking(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Challenge> {
    let grant = bearer::portal_grant(&world, &headers)?;
    let who = &grant.authentication;
    let age = world.clock.now().saturating_sub(who.auth_time);
    if who.acr != BOOKING_ACR || age > BOOKING_MAX_AGE {
        return Err(Challenge::InsufficientAuthentication { acr: BOOKING_ACR, max_age: BOOKING_MAX_AGE });
    }
    let booking =
        serde_json::from_slice::<NewBooking>(&body).ok().filter(|new| is_hotel(&new.hotel) && new.nights > 0);
    let Some(booking) = booking else {
        return Ok(unprocessable(
            "a booking is {\"hotel\", \"nights\"}, for a hotel that exists and a night at least",
        ));
    };
    let mut state = world.state();
    state.portal.bookings += 1;
    let id = format!("b{}", state.portal.bookings);
    let answer = json!({"id": id, "hotel": booking.hotel, "nights": booking.nights, "guest": who.subject});
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

fn is_hotel(id: &str) -> bool {
    HOTELS.iter().any(|(known, _, _)| *known == id)
}

fn unprocessable(text: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"error": text}))).into_response()
}
