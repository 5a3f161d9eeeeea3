//! The portal's journey from first visit to log-out, as one person walks it.

use std::sync::Arc;

use pforte_client::{Client, Entry, Error, Header, HttpRequest, HttpResponse};
use pforte_host::Act;
use pforte_testing::ask_summary;

use crate::World;

/// One thing a person does in the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Passes a touchpoint.
    Enter(&'static str),
    /// Passes a touchpoint and posts a booking there; the server wants a strong and recent sign-in for it.
    Book(&'static str),
    /// Takes a consent back.
    Withdraw(&'static str),
    /// Leaves the app in front of a locked screen.
    Lock,
    /// Logs out.
    LogOut,
}

/// From the first visit to log-out.
pub const JOURNEY: [Move; 14] = [
    Move::Enter("hotel.browse"),
    Move::Enter("hotel.search"),
    Move::Enter("account.register"),
    Move::Enter("hotel.save"),
    Move::Enter("review.write"),
    Move::Enter("picture.upload"),
    Move::Enter("booking.start"),
    Move::Book("booking.pay"),
    Move::Enter("privacy.view"),
    Move::Enter("consent.change"),
    Move::Withdraw("newsletter"),
    Move::Enter("hotel.browse"),
    Move::Enter("account.logout"),
    Move::LogOut,
];

/// Makes one move. What comes back is the entry, where the move has one.
pub async fn make(client: &Arc<Client>, world: &World, what: Move) -> Result<Option<Entry>, Error> {
    match what {
        Move::Enter(touchpoint) => client.enter(touchpoint).await.map(Some),
        Move::Book(touchpoint) => {
            let entry = client.enter(touchpoint).await?;
            if matches!(entry, Entry::Cleared { .. }) {
                client.call(touchpoint, || client.send(booking(world))).await?;
            }
            Ok(Some(entry))
        }
        Move::Withdraw(purpose) => {
            let act = Act { surface: "settings".to_owned(), control: "withdraw".to_owned(), genuine: true };
            client.consent().withdraw(purpose.to_owned(), act).await.map(|()| None)
        }
        Move::Lock => client.lock().await.map(|()| None),
        Move::LogOut => client.sign_out().await.map(|_| None),
    }
}

/// Everything asked so far, one line each: `review.write: inform review.publish`.
pub fn asked(world: &World) -> Vec<String> {
    let asks = world.device.asks.asked();
    asks.iter().map(|ask| format!("{}: {}", ask.touchpoint, ask_summary(&ask.kind))).collect()
}

/// A booking at the portal's API.
pub fn booking(world: &World) -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        url: format!("{}/portal/bookings", world.issuer()),
        headers: vec![Header { name: "content-type".to_owned(), value: "application/json".to_owned() }],
        body: br#"{"hotel":"h1","nights":2}"#.to_vec(),
    }
}

/// Whether the booking was made.
pub fn booked(response: &HttpResponse) -> bool {
    response.status == 201
}
