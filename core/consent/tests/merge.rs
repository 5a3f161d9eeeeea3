//! Several devices, the account service, and the way from anonymous to known; every record really signed.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use common::{DAY, NOW, Phone, SUBJECT, Signer, statement};
use pforte_consent::{Bond, ExportContext, LedgerError, Refused, Rule, Salt, ServiceDraft, State, Subject};

fn look(phone: &Phone, purpose: &str) -> (State, bool) {
    let standing = phone.ledger.standing(purpose, &Rule::default(), NOW);
    assert_eq!(standing.live, phone.ledger.permit(purpose, &Rule::default(), NOW).is_some());
    (standing.state, standing.conflict)
}

/// Everything each has goes to the other.
fn sync(one: &mut Phone, other: &mut Phone) {
    let (from_one, from_other) = (one.ledger.records(), other.ledger.records());
    one.receive(&from_other);
    other.receive(&from_one);
}

fn family() -> (Phone, Phone, Signer) {
    let service = Signer::new();
    let mut phone = Phone::new(SUBJECT, &[&service]);
    let mut tablet = Phone::new(SUBJECT, &[&service]);
    for device in [phone.signer.key.clone(), tablet.signer.key.clone()] {
        let certificate = service.certify(SUBJECT, &device);
        phone.receive(&certificate);
        tablet.receive(&certificate);
    }
    (phone, tablet, service)
}

#[test]
fn what_came_causally_later_wins_whatever_the_clocks_say() {
    let (mut phone, mut tablet, _) = family();
    let mut late = statement("analytics", State::Granted);
    late.wall_ms = NOW + 1000 * DAY;
    phone.say(&late).unwrap();
    sync(&mut phone, &mut tablet);
    let mut early = statement("analytics", State::Withdrawn);
    early.wall_ms = 0;
    tablet.say(&early).unwrap();
    sync(&mut phone, &mut tablet);
    assert_eq!(
        (look(&phone, "analytics"), look(&tablet, "analytics")),
        ((State::Withdrawn, false), (State::Withdrawn, false))
    );
    early.state = State::Granted;
    phone.say(&early).unwrap();
    sync(&mut phone, &mut tablet);
    assert_eq!(look(&tablet, "analytics"), (State::Granted, false));
    assert_eq!(phone.reopened().history(), phone.ledger.history());
}

#[test]
fn a_disagreement_restricts_and_asks_one_question_that_settles_it() {
    let (mut phone, mut tablet, _) = family();
    phone.say(&statement("analytics", State::Granted)).unwrap();
    tablet.say(&statement("analytics", State::Denied)).unwrap();
    sync(&mut phone, &mut tablet);
    assert_eq!(
        (look(&phone, "analytics"), look(&tablet, "analytics")),
        ((State::Denied, true), (State::Denied, true))
    );
    tablet.say(&statement("analytics", State::Granted)).unwrap();
    assert_eq!(look(&tablet, "analytics"), (State::Granted, false));
    sync(&mut phone, &mut tablet);
    assert_eq!(look(&phone, "analytics"), (State::Granted, false));
}

#[test]
fn a_device_that_nobody_certified_can_restrict_and_nothing_else() {
    let (mut phone, _, service) = family();
    let mut stranger = Phone::new(SUBJECT, &[&service]);
    stranger.say(&statement("analytics", State::Granted)).unwrap();
    stranger.say(&statement("review.publish", State::Informed)).unwrap();
    phone.receive(&stranger.ledger.records());
    assert_eq!(look(&phone, "analytics"), (State::Unknown, false));
    assert_eq!(look(&phone, "review.publish"), (State::Unknown, false));
    phone.say(&statement("crm.link", State::Granted)).unwrap();
    stranger.say(&statement("crm.link", State::Denied)).unwrap();
    phone.receive(&stranger.ledger.records());
    assert_eq!(look(&phone, "crm.link"), (State::Denied, true));
    // Its tombstone restricts, too, and erases nothing.
    stranger.erase();
    phone.receive(&stranger.ledger.records());
    assert!(!phone.ledger.is_erased() && phone.payloads.len() == 1);
    phone.say(&statement("crm.link", State::Granted)).unwrap();
    assert_eq!(look(&phone, "crm.link"), (State::Granted, false));
    // Certified later, what it says counts.
    let mut newcomer = Phone::new(SUBJECT, &[&service]);
    newcomer.say(&statement("analytics", State::Granted)).unwrap();
    phone.receive(&newcomer.ledger.records());
    assert_eq!(look(&phone, "analytics").0, State::Unknown);
    phone.receive(&service.certify(SUBJECT, &newcomer.signer.key));
    assert_eq!(look(&phone, "analytics").0, State::Withdrawn, "the stranger's tombstone was not seen by it");
}

#[test]
fn certificates_and_receipts_are_believed_from_the_service_alone() {
    let (mut phone, tablet, service) = family();
    let mallory = Signer::new();
    let forged = mallory.certify(SUBJECT, &tablet.signer.key);
    assert_eq!(phone.ledger.merge(&forged), Err(LedgerError::OtherService { offset: 0 }));
    let elsewhere = service.certify(Subject::new([7; 32]), &tablet.signer.key);
    assert_eq!(phone.ledger.merge(&elsewhere), Err(LedgerError::OtherSubject { offset: 0 }));
    let mut changed = service.certify(SUBJECT, &mallory.key);
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(phone.ledger.merge(&changed), Err(LedgerError::Signature { offset: 0 }));
    let draft = ServiceDraft::certificate(&service.key, SUBJECT, &mallory.key, NOW);
    let signature = mallory.sign(&draft.to_be_signed());
    assert!(draft.seal(&signature).is_err());
}

#[test]
fn a_merge_is_all_or_nothing() {
    let (mut phone, mut tablet, _) = family();
    tablet.say(&statement("analytics", State::Denied)).unwrap();
    let mut records = tablet.file.concat();
    let whole = records.len();
    records.extend([0xd2, 0x84]);
    let before = phone.ledger.heads();
    let error = phone.ledger.merge(&records).unwrap_err();
    assert!(matches!(error, LedgerError::Malformed(malformed) if malformed.offset == whole + 2), "{error}");
    assert_eq!((phone.ledger.heads(), look(&phone, "analytics").0), (before, State::Unknown));
}

#[test]
fn a_gap_is_named_and_closed_and_grants_beyond_it_wait() {
    let (mut phone, mut tablet, _) = family();
    tablet.say(&statement("crm.link", State::Denied)).unwrap();
    tablet.say(&statement("analytics", State::Granted)).unwrap();
    let [first, second] = [0, 1].map(|at| tablet.file[tablet.file.len() - 2 + at].clone());
    phone.receive(&second);
    assert_eq!(look(&phone, "analytics").0, State::Unknown);
    let lacking = phone.ledger.lacking();
    assert_eq!((lacking.len(), lacking[0].seq, lacking[0].device), (1, 0, tablet.signer.key.thumbprint()));
    phone.receive(&first);
    assert_eq!((look(&phone, "analytics").0, phone.ledger.lacking().len()), (State::Granted, 0));
    // Only what somebody lacks is sent.
    let already = phone.ledger.heads();
    tablet.say(&statement("analytics", State::Withdrawn)).unwrap();
    let news = phone.ledger.merge(&tablet.ledger.records_after(&already).concat()).unwrap();
    assert_eq!(news.records, [tablet.file.last().unwrap().clone()]);
    assert_eq!(phone.ledger.merge(&tablet.ledger.records()).unwrap().records, Vec::<Vec<u8>>::new());
}

#[test]
fn a_tail_that_was_cut_comes_back_and_a_fork_is_refused() {
    let (mut phone, mut tablet, service) = family();
    phone.say(&statement("analytics", State::Granted)).unwrap();
    let old_copy = phone.file.concat();
    phone.say(&statement("analytics", State::Withdrawn)).unwrap();
    let receipt = service.receipt(&phone.ledger);
    phone.receive(&receipt);
    tablet.receive(&phone.ledger.records());
    let identity = phone.ledger.identity().clone();
    let rolled_back = || pforte_consent::Ledger::from_entries(identity.clone(), &old_copy).unwrap();

    let mut healed = rolled_back();
    healed.merge(&receipt).unwrap();
    assert_eq!(
        healed.lacking()[0].device,
        phone.signer.key.thumbprint(),
        "the receipt knows more than the file"
    );
    assert_eq!(healed.receipted(), None);
    healed.merge(&tablet.ledger.records()).unwrap();
    assert_eq!((healed.anchor(), healed.receipted()), (phone.ledger.anchor(), phone.ledger.anchor()));
    assert_eq!(healed.standing("analytics", &Rule::default(), NOW).state, State::Withdrawn);

    let mut forked = rolled_back();
    let draft = forked.draft(&statement("analytics", State::Granted), Salt::new([9; 32])).unwrap();
    forked.append(phone.signer.seal(draft).entry).unwrap();
    let error = forked.merge(&tablet.ledger.records()).unwrap_err();
    assert!(matches!(error, LedgerError::Broken { seq: 1, .. }), "{error}");
    // Others hold both branches: from the fork on the device may only restrict, and it did.
    tablet.receive(&forked.records());
    assert_eq!(look(&tablet, "analytics").0, State::Withdrawn);
    tablet.say(&statement("analytics", State::Granted)).unwrap();
    assert_eq!(look(&tablet, "analytics"), (State::Granted, false));
}

#[test]
fn an_erasure_reaches_every_device_and_whatever_arrives_later_grants_nothing() {
    let (mut phone, mut tablet, _) = family();
    phone.say(&statement("analytics", State::Granted)).unwrap();
    sync(&mut phone, &mut tablet);
    tablet.erase();
    phone.say(&statement("crm.link", State::Granted)).unwrap();
    sync(&mut phone, &mut tablet);
    for device in [&phone, &tablet] {
        assert!(device.ledger.is_erased() && device.payloads.is_empty());
        assert_eq!(
            (look(device, "analytics").0, look(device, "crm.link").0),
            (State::Withdrawn, State::Withdrawn)
        );
    }
    assert_eq!(phone.say(&statement("analytics", State::Granted)), Err(Refused::Erased));
}

#[test]
fn an_export_says_up_to_where_it_is_complete() {
    let (mut phone, _, service) = family();
    let exported = |phone: &Phone| {
        let text = phone.ledger.export(&ExportContext::default(), &phone.payloads);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        (
            document["pforte:complete"].as_bool().unwrap(),
            document["pforte:completeUpTo"][0]["pforte:seq"].as_u64(),
        )
    };
    phone.say(&statement("analytics", State::Granted)).unwrap();
    assert_eq!(exported(&phone), (false, None));
    phone.receive(&service.receipt(&phone.ledger));
    assert_eq!(exported(&phone), (true, Some(0)));
    phone.say(&statement("analytics", State::Withdrawn)).unwrap();
    assert_eq!(exported(&phone), (false, Some(0)));
}

/// Signs what `from` brings along into `to`.
fn carry(from: &Phone, to: &mut Phone) -> usize {
    let mut number = 100;
    let mut salt = || {
        number += 1;
        Salt::new([number; 32])
    };
    let drafts =
        to.ledger.draft_carried(&from.ledger, Bond::Visitor, &from.payloads, NOW + DAY, &mut salt).unwrap();
    drafts.into_iter().map(|draft| to.take(draft)).count()
}

#[test]
fn refusals_come_along_at_sign_in_and_grants_only_where_the_text_mentioned_linking() {
    let mut visitor = Phone::new(Subject::new([5; 32]), &[]);
    let linking = |purpose| {
        let mut statement = statement(purpose, State::Granted);
        statement.text.as_mut().unwrap().mentions_linking = true;
        statement
    };
    visitor.say(&statement("analytics", State::Granted)).unwrap();
    visitor.say(&linking("profile.store")).unwrap();
    visitor.say(&linking("crm.link")).unwrap();
    visitor.say(&linking("newsletter")).unwrap();
    visitor.say(&statement("ads", State::Denied)).unwrap();
    visitor.say(&statement("survey", State::Asked)).unwrap();
    // The evidence of this one is gone.
    visitor.payloads.remove(3);
    let (mut phone, _, _) = family();
    phone.say(&statement("crm.link", State::Withdrawn)).unwrap();
    phone.say(&statement("ads", State::Granted)).unwrap();

    assert_eq!(carry(&visitor, &mut phone), 2);
    assert_eq!(look(&phone, "profile.store").0, State::Granted);
    assert_eq!(look(&phone, "ads").0, State::Denied);
    assert_eq!(look(&phone, "crm.link").0, State::Withdrawn, "the account decided otherwise");
    for purpose in ["analytics", "newsletter", "survey"] {
        assert_eq!(look(&phone, purpose).0, State::Unknown, "{purpose}");
    }
    // It keeps the day on which it was given, and runs out by it.
    assert_eq!(phone.ledger.standing("profile.store", &Rule::default(), NOW).since_ms, Some(NOW));
    assert_eq!(carry(&visitor, &mut phone), 0, "nothing twice");
    assert_eq!(phone.reopened().history(), phone.ledger.history());
}

#[test]
fn a_user_switch_leaks_nothing() {
    let (mut anna, _, _) = family();
    anna.say(&statement("analytics", State::Granted)).unwrap();
    let mut bert = Phone::new(Subject::new([6; 32]), &[]);
    let error = bert.ledger.merge(&anna.file.last().unwrap().clone()).unwrap_err();
    assert_eq!(error, LedgerError::OtherSubject { offset: 0 });
    assert_eq!(look(&bert, "analytics").0, State::Unknown);
}

#[test]
fn a_revoked_device_may_only_restrict_from_there_on_whatever_arrives_first() {
    let (mut phone, mut lost, service) = family();
    lost.say(&statement("newsletter", State::Granted)).unwrap();
    let before = lost.ledger.records();
    let revocation = service.revoke(SUBJECT, &lost.signer.key, 1);
    lost.say(&statement("analytics", State::Granted)).unwrap();
    lost.say(&statement("crm.link", State::Denied)).unwrap();
    lost.erase();
    phone.say(&statement("crm.link", State::Granted)).unwrap();
    let mut other = phone.ledger.clone();
    for (ledger, order) in [
        (&mut phone.ledger, [&before, &lost.ledger.records(), &revocation]),
        (&mut other, [&revocation, &lost.ledger.records(), &before]),
    ] {
        for records in order {
            ledger.merge(records).unwrap();
        }
        let stands = |purpose| ledger.standing(purpose, &Rule::default(), NOW).state;
        assert!(!ledger.is_erased(), "nobody erases with a phone that was found");
        assert_eq!(stands("analytics"), State::Unknown, "granted after the revocation");
        assert_eq!(stands("crm.link"), State::Withdrawn, "its tombstone has seen its denial");
        assert!(ledger.permit("newsletter", &Rule::default(), NOW).is_none(), "its tombstone restricts");
    }
    assert_eq!(phone.ledger.records_after(&[]).len(), other.records_after(&[]).len());
    // The earlier of two revocations counts, and nothing makes it later.
    phone.receive(&service.revoke(SUBJECT, &lost.signer.key, 5));
    let whole = service.revoke(SUBJECT, &lost.signer.key, 0);
    assert_eq!(phone.ledger.merge(&whole).unwrap().records, std::slice::from_ref(&whole));
    assert_eq!(phone.ledger.merge(&whole).unwrap().records, Vec::<Vec<u8>>::new());
    let mallory = Signer::new();
    let forged = mallory.revoke(SUBJECT, &phone.signer.key, 0);
    assert_eq!(phone.ledger.merge(&forged), Err(LedgerError::OtherService { offset: 0 }));
}

#[test]
fn a_revoked_device_knows_that_its_own_grants_count_no_more() {
    let (mut phone, _, service) = family();
    phone.say(&statement("analytics", State::Granted)).unwrap();
    phone.receive(&service.revoke(SUBJECT, &phone.signer.key.clone(), 1));
    assert_eq!(look(&phone, "analytics").0, State::Granted, "said before");
    phone.say(&statement("crm.link", State::Granted)).unwrap();
    assert_eq!(look(&phone, "crm.link").0, State::Unknown);
    phone.say(&statement("analytics", State::Withdrawn)).unwrap();
    assert_eq!(look(&phone, "analytics").0, State::Withdrawn);
    assert_eq!(phone.reopened().history(), phone.ledger.history());
}

#[test]
fn the_same_persons_decisions_move_to_the_subject_of_their_account() {
    let mut provisional = Phone::new(Subject::new([5; 32]), &[]);
    provisional.say(&statement("analytics", State::Granted)).unwrap();
    provisional.say(&statement("ads", State::Denied)).unwrap();
    provisional.say(&statement("review.publish", State::Informed)).unwrap();
    let (mut phone, _, _) = family();
    let mut number = 100;
    let mut salt = || {
        number += 1;
        Salt::new([number; 32])
    };
    let from = &provisional;
    let drafts =
        phone.ledger.draft_carried(&from.ledger, Bond::SamePerson, &from.payloads, NOW + DAY, &mut salt);
    drafts.unwrap().into_iter().for_each(|draft| _ = phone.take(draft));
    assert_eq!(look(&phone, "analytics").0, State::Granted);
    assert_eq!(look(&phone, "ads").0, State::Denied);
    assert_eq!(look(&phone, "review.publish").0, State::Informed);
}
