//! The chapters.

use std::sync::Arc;

use pforte_client::{Client, Config, Entry, Header, HttpRequest, Provider, Status};
use pforte_host::{Act, UserAgent};
use pforte_journeys::policy;
use pforte_platform::LoopbackBrowser;
use pforte_provider::{Control, Settings};
use pforte_testing::{PortLog, RedirectingBrowser};

use crate::narrator::Narrator;
use crate::presenter::Visitor;
use crate::{Wishes, device};

/// Tells the whole story; an error says in which chapter it ended.
pub async fn tell(narrator: &Narrator, wishes: Wishes) -> Result<(), String> {
    narrator.say(
        "Pforte: a visitor of a hotel portal, from the first visit to logging out.\n\
         ? is what is asked, > what the visitor does, ■ what is stored, ↗ what leaves the device.",
    );
    let automatic = (!wishes.browser).then(|| "alice".to_owned());
    let provider = pforte_provider::Provider::start(Settings { automatic, ..Settings::default() })
        .await
        .map_err(|error| error.to_string())?;
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    let visitor = Visitor { narrator: *narrator, step: wishes.step };
    let (user_agent, redirect_uri): (Arc<dyn UserAgent>, String) = if wishes.browser {
        let (browser, redirect_uri) = LoopbackBrowser::bind().map_err(|error| error.to_string())?;
        (Arc::new(browser), redirect_uri)
    } else {
        (Arc::new(RedirectingBrowser::new(PortLog::default())), "com.example.portal:/callback".to_owned())
    };
    let host = device::host(narrator, visitor, user_agent, temporary.path())?;
    let development = Provider::development(provider.issuer(), "portal-app");
    let config = Config::new(policy(), development, redirect_uri);
    let config = Config { api_origins: vec![provider.issuer().to_owned()], ..config };
    let client = Client::open(config, host.clone()).await.map_err(|error| error.to_string())?;

    let portal = Portal { narrator, client: &client, origin: provider.issuer(), control: provider.control() };
    portal.first_visit().await?;
    portal.write_a_review().await?;
    portal.lock_and_unlock().await?;
    portal.two_hours_later().await?;
    portal.change_of_mind().await?;
    if let Some(keep) = &wishes.keep {
        copy(&temporary.path().join("sealed"), keep)?;
        narrator.say(&format!("   The sealed files were copied to {}.", keep.display()));
    }
    portal.leave().await?;
    // The ledger's signing key belongs to nobody any more.
    host.device_key.delete_key("main/ledger".to_owned()).map_err(|error| error.to_string())?;
    provider.stop().await;
    narrator.say("\nThe journey is complete.");
    Ok(())
}

struct Portal<'a> {
    narrator: &'a Narrator,
    client: &'a Arc<Client>,
    origin: &'a str,
    control: Control,
}

impl Portal<'_> {
    async fn first_visit(&self) -> Result<(), String> {
        self.narrator.chapter("First visit: looking at hotels");
        self.enter("hotel.browse").await?;
        self.narrator
            .stored("the choice about reach measurement, signed, in a sealed ledger; nothing before it");
        self.narrator.sent("nothing");
        Ok(())
    }

    async fn write_a_review(&self) -> Result<(), String> {
        self.narrator.chapter("Writing a review: now the portal has to know who it is");
        self.enter("review.write").await?;
        self.narrator.stored("the session and the profile, sealed; only the finger's key opens them");
        self.narrator
            .sent("to the provider: the sign-in. To the customer database: nothing, that was refused");
        let status = self.call("POST", r#"{"hotel":"h1","text":"Quiet rooms.","stars":5}"#).await?;
        self.narrator.sent("to the portal: the review, with the access token");
        expect(status == 201, "the portal did not take the review")
    }

    async fn lock_and_unlock(&self) -> Result<(), String> {
        self.narrator.chapter("The phone is put away, and taken out again");
        self.client.lock().await.map_err(|error| error.to_string())?;
        self.narrator.say("   The app leaves the front: keys and tokens are wiped from memory.");
        let refused = self.call("GET", "").await.err().ok_or("a locked session made a call")?;
        self.narrator.say(&format!("   A call now is refused: \"{refused}\""));
        self.client.unlock().await.map_err(|error| error.to_string())?;
        let status = self.call("GET", "").await?;
        expect(status == 200, "the portal did not answer after unlocking")?;
        self.narrator.sent("to the portal: the question for reviews, with the access token");
        Ok(())
    }

    async fn two_hours_later(&self) -> Result<(), String> {
        self.narrator.chapter("Two hours later: the access token has run out");
        self.control.advance_clock(2 * 3600);
        let status = self.call("GET", "").await?;
        expect(status == 200, "the renewed token was not accepted")?;
        let refreshes = self.control.state().refreshes;
        self.narrator
            .say(&format!("   Renewed without asking anybody; requests to the provider: {refreshes}."));
        self.narrator.stored("the renewed token, sealed before it was used");
        self.narrator.sent("to the provider: the refresh token, which is now replaced");
        self.narrator.say("   The same touchpoint again:");
        self.enter("review.write").await?;
        self.narrator.say("   Nothing was asked twice.");
        Ok(())
    }

    async fn change_of_mind(&self) -> Result<(), String> {
        self.narrator.chapter("Who knows me? And a change of mind");
        let consent = self.client.consent();
        let act = Act { surface: "settings".to_owned(), control: "withdraw".to_owned(), genuine: true };
        consent.withdraw("analytics".to_owned(), act).await.map_err(|error| error.to_string())?;
        for purpose in consent.purposes().await.map_err(|error| error.to_string())? {
            let recipient = purpose.recipient.as_deref().unwrap_or("only the portal");
            self.narrator.say(&format!(
                "   {:<12} {} ({recipient})",
                format!("{:?}", purpose.status),
                purpose.title
            ));
        }
        self.narrator.stored("the withdrawal, signed, as the next entry of the ledger");
        self.narrator.sent("nothing; this works offline");
        Ok(())
    }

    async fn leave(&self) -> Result<(), String> {
        self.narrator.chapter("Logging out");
        let report = self.client.sign_out().await.map_err(|error| error.to_string())?;
        expect(self.client.status() == Status::SignedOut, "still signed in")?;
        expect(!report.remote_session_may_live, "the provider was not told")?;
        let revoked = self.control.state().families.iter().all(|family| family.revoked.is_some());
        expect(revoked, "the provider did not revoke the session")?;
        self.narrator.stored("nothing any more");
        self.narrator.sent("to the provider: the revocation, and it confirmed it");
        self.narrator.say("   What happened, as the support screen tells it (newest first):");
        for line in self.client.why() {
            self.narrator.say(&format!("     {line}"));
        }
        Ok(())
    }

    async fn enter(&self, touchpoint: &str) -> Result<(), String> {
        match self.client.enter(touchpoint).await {
            Ok(Entry::Cleared { clearance }) => {
                self.narrator.say(&format!("   ✓ {touchpoint} may go ahead (level: {}).", clearance.level));
                Ok(())
            }
            Ok(Entry::Stopped { reason }) => Err(format!("{touchpoint} was stopped: {reason}")),
            Ok(Entry::Abandoned { at }) => Err(format!("{touchpoint} was given up at {at}")),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn call(&self, method: &str, body: &str) -> Result<u16, String> {
        let request = HttpRequest {
            method: method.to_owned(),
            url: format!("{}/portal/reviews", self.origin),
            headers: vec![Header { name: "content-type".to_owned(), value: "application/json".to_owned() }],
            body: body.as_bytes().to_vec(),
        };
        self.client.send(request).await.map(|response| response.status).map_err(|error| error.to_string())
    }
}

fn expect(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> Result<(), String> {
    std::fs::create_dir_all(to).map_err(|error| error.to_string())?;
    for entry in std::fs::read_dir(from).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        std::fs::copy(entry.path(), to.join(entry.file_name())).map_err(|error| error.to_string())?;
    }
    Ok(())
}
