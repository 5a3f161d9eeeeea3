//! The portal's journey from first visit to booking, withdrawal and log-out: what is asked, in order, and nothing twice.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use pforte_gate::{Decision, Event, Policy, Stage, Step, StepKind, StopReason, Visitor, simulate};
use support::portal;

fn walk(policy: &Policy, visitor: &Visitor, words: &str) -> Vec<Stage> {
    let events: Vec<Event> = words.split(' ').map(|word| Event::read(policy, word).unwrap()).collect();
    simulate(policy, visitor, &events)
}

/// `review.write: inform review.publish, sign-in`, and `(stop)` where it does not go on.
fn told(stage: &Stage) -> String {
    let asked = stage.asked.iter().map(|asked| match &asked.step.step {
        Step::Inform { purposes } => format!("inform {}", purposes.join(" ")),
        Step::Profile { fields } => format!("profile {}", fields.join(" ")),
        Step::Consent { required, offered } => {
            format!("consent {}", [&required[..], &offered[..]].concat().join(" "))
        }
        other => other.kind().to_string(),
    });
    let asked: Vec<String> = asked.collect();
    let stop = if matches!(stage.end, Some(Decision::Stop(_))) { " (stop)" } else { "" };
    match &stage.event {
        Event::Enter(touchpoint) => format!("{touchpoint}: {}{stop}", asked.join(", ")),
        other => format!("{other:?}"),
    }
}

const JOURNEY: &str = "hotel.browse hotel.search account.register hotel.save review.write picture.upload booking.start \
                       booking.pay privacy.view consent.change withdraw:newsletter hotel.browse account.logout sign-out";

#[test]
fn the_whole_journey_asks_this_and_nothing_twice() {
    let policy = portal();
    let stages = walk(&policy, &Visitor::agreeable(&policy), JOURNEY);
    let told: Vec<String> = stages.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "hotel.browse: consent analytics",
            "hotel.search: ",
            "account.register: inform account.contract, sign-in, enrol-biometrics, profile display_name age, \
             consent profile.store newsletter, enrol-passkey",
            "hotel.save: ",
            "review.write: inform review.publish, consent crm.link",
            "picture.upload: consent picture.rights",
            "booking.start: inform booking.contract, profile name, consent hotel.contact",
            "booking.pay: inform booking.invoice fraud.prevention, step-up, profile billing_country",
            "privacy.view: ",
            "consent.change: ",
            "Withdraw(\"newsletter\")",
            "hotel.browse: ",
            "account.logout: ",
            "SignOut",
        ]
    );
    let again = walk(&policy, &Visitor::agreeable(&policy), "account.register account.register");
    assert!(again[1].asked.is_empty());
}

#[test]
fn after_a_cold_start_the_unlock_comes_first_and_answers_what_it_can() {
    let policy = portal();
    let visitor = Visitor::agreeable(&policy);
    let words = "account.register booking.start booking.pay restart review.write +20m booking.list restart booking.cancel";
    let told: Vec<String> = walk(&policy, &visitor, words).iter().skip(4).map(told).collect();
    assert_eq!(
        told,
        [
            "review.write: inform review.publish, unlock, consent crm.link",
            "Wait(1200)",
            "booking.list: unlock",
            "Restart",
            "booking.cancel: unlock",
        ]
    );
}

#[test]
fn every_kind_of_ask_declined_in_turn_stops_or_passes_as_it_can_be_skipped() {
    let policy = portal();
    for kind in StepKind::ALL {
        let mut visitor = Visitor::agreeable(&policy);
        visitor.declines.insert(kind);
        for stage in walk(&policy, &visitor, &JOURNEY.replace("booking.pay", "restart booking.pay")) {
            let Some(declined) = stage.asked.iter().find(|asked| asked.declined) else { continue };
            let stopped = stage.end == Some(Decision::Stop(StopReason::Declined { kind }));
            // Where finger or face was declined, a sign-in stands in.
            let another_way = kind == StepKind::Unlock && stage.asked.last() != Some(declined);
            assert_eq!(stopped, !policy.can_be_skipped(&declined.step) && !another_way, "{}", told(&stage));
        }
    }
}

#[test]
fn who_refuses_everything_still_gets_everywhere_but_where_consent_is_needed() {
    let policy = portal();
    let stages = walk(&policy, &Visitor::refusing(&policy), JOURNEY);
    let stopped: Vec<String> = stages.iter().map(told).filter(|line| line.ends_with("(stop)")).collect();
    assert_eq!(stopped, ["picture.upload: consent picture.rights (stop)"]);
}
