//! One device: what is recorded, what is refused, what is noticed.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use common::{DAY, NOW, Phone, SUBJECT, Signer, statement};
use pforte_consent::{
    Age, Anchor, Digest, Fault, Identity, Ledger, LedgerError, Payload, PayloadRefused, Refused, Rule, Salt,
    Standing, State, Subject,
};

fn stands(ledger: &Ledger, purpose: &str) -> State {
    ledger.standing(purpose, &Rule::default(), NOW).state
}

#[test]
fn accept_all_is_one_entry_for_each_purpose() {
    let mut phone = Phone::new(SUBJECT, &[]);
    let purposes = ["analytics", "profile.store", "crm.link"];
    let statements = purposes.map(|purpose| (statement(purpose, State::Granted), phone.salt()));
    let drafts = phone.ledger.draft_all(statements.into()).unwrap();
    assert_eq!(drafts.len(), 3);
    drafts.into_iter().for_each(|draft| _ = phone.take(draft));
    assert_eq!(phone.ledger.purposes(), ["analytics", "crm.link", "profile.store"]);
    phone.say(&statement("crm.link", State::Withdrawn)).unwrap();
    assert_eq!(
        purposes.map(|purpose| stands(&phone.ledger, purpose)),
        [State::Granted, State::Granted, State::Withdrawn]
    );
    let history = phone.ledger.history();
    assert_eq!(history.iter().map(|line| line.seq).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let payload = &phone.payloads[0];
    assert_eq!(history[0].commitment, Some(payload.commitment()));
    assert_eq!((payload.text_id(), payload.control()), (Some("analytics@2"), Some("accept-all")));
}

#[test]
fn an_overlaid_or_scripted_tap_grants_nothing_and_leaves_no_trace() {
    let mut phone = Phone::new(SUBJECT, &[]);
    let mut scripted = statement("analytics", State::Granted);
    scripted.act.as_mut().unwrap().genuine = false;
    let all = vec![(statement("crm.link", State::Granted), phone.salt()), (scripted.clone(), phone.salt())];
    assert_eq!(phone.ledger.draft_all(all).unwrap_err(), Refused::NoGenuineAct);
    assert_eq!(phone.say(&scripted), Err(Refused::NoGenuineAct));
    assert_eq!((phone.ledger.anchor(), phone.file.len()), (None, 0));
    scripted.state = State::Denied;
    phone.say(&scripted).unwrap();
    assert_eq!(stands(&phone.ledger, "analytics"), State::Denied);
}

#[test]
fn under_age_only_refusals_are_recorded() {
    let mut phone = Phone::new(SUBJECT, &[]);
    for state in [State::Asked, State::Granted] {
        let mut young = statement("analytics", state);
        young.age = Age::Under;
        assert_eq!(phone.say(&young), Err(Refused::UnderAge));
    }
    assert_eq!(stands(&phone.ledger, "analytics"), State::Unknown);
}

#[test]
fn notes_do_not_replace_decisions() {
    let mut phone = Phone::new(SUBJECT, &[]);
    let mut seen = vec![];
    for state in
        [State::Informed, State::Asked, State::Granted, State::Informed, State::Asked, State::Objected]
    {
        let mut said = statement("analytics", state);
        said.wall_ms = NOW + phone.file.len() as i64;
        phone.say(&said).unwrap();
        seen.push(stands(&phone.ledger, "analytics"));
    }
    use State::{Asked, Granted, Informed, Objected};
    assert_eq!(seen, [Informed, Asked, Granted, Granted, Granted, Objected]);
    let standing = phone.ledger.standing("analytics", &Rule::default(), NOW);
    assert_eq!((standing.last_asked_ms, standing.last_refusal_ms), (Some(NOW + 4), Some(NOW + 5)));
}

#[test]
fn a_grant_runs_out_and_no_clock_set_back_revives_it() {
    let mut phone = Phone::new(SUBJECT, &[]);
    phone.say(&statement("analytics", State::Granted)).unwrap();
    let rule = Rule { retain_ms: Some(DAY), ..Rule::default() };
    let at = |phone: &Phone, now| {
        let Standing { state, live, since_ms, .. } = phone.ledger.standing("analytics", &rule, now);
        assert_eq!(live, phone.ledger.permit("analytics", &rule, now).is_some());
        (state, since_ms)
    };
    assert_eq!(at(&phone, NOW + DAY - 1), (State::Granted, Some(NOW)));
    assert_eq!(at(&phone, NOW + DAY), (State::Expired, Some(NOW + DAY)));
    assert_eq!(at(&phone, i64::MAX), (State::Expired, Some(NOW + DAY)));
    // Anything recorded later pins the clock...
    let mut later = statement("crm.link", State::Denied);
    later.wall_ms = NOW + 2 * DAY;
    phone.say(&later).unwrap();
    assert_eq!(at(&phone, NOW).0, State::Expired);
    // ... and so does the expiry itself, once recorded.
    phone.say(&statement("analytics", State::Expired)).unwrap();
    assert_eq!(at(&phone, 0), (State::Expired, Some(NOW)));
    assert_eq!(phone.ledger.standing("analytics", &rule, 0).last_refusal_ms, None);
}

#[test]
fn a_clock_that_ran_ahead_once_does_not_end_what_is_granted_after_it_was_set_right() {
    let mut phone = Phone::new(SUBJECT, &[]);
    let rule = Rule { retain_ms: Some(DAY), ..Rule::default() };
    let mut ahead = statement("analytics", State::Granted);
    ahead.wall_ms = NOW + 10_000 * DAY;
    phone.say(&ahead).unwrap();
    let standing = phone.ledger.standing("analytics", &rule, NOW);
    assert_eq!((standing.state, standing.live, standing.outdated), (State::Granted, false, true));
    phone.say(&statement("analytics", State::Granted)).unwrap();
    assert!(phone.ledger.permit("analytics", &rule, NOW).is_some());
    assert!(phone.reopened().permit("analytics", &rule, NOW).is_some());
}

#[test]
fn a_changed_text_or_changed_terms_end_the_permit_and_ask_again() {
    let mut phone = Phone::new(SUBJECT, &[]);
    phone.say(&statement("analytics", State::Granted)).unwrap();
    let today = Rule {
        texts: vec![Digest::of(b"de"), Digest::of(b"analytics")],
        terms: Some(Digest::of(b"terms")),
        retain_ms: None,
    };
    let look = |rule: &Rule| {
        let standing = phone.ledger.standing("analytics", rule, NOW);
        assert_eq!(standing.state, State::Granted);
        assert_eq!(standing.live, phone.ledger.permit("analytics", rule, NOW).is_some());
        (standing.live, standing.outdated)
    };
    assert_eq!(look(&today), (true, false));
    assert_eq!(look(&Rule { texts: vec![Digest::of(b"new text")], ..today.clone() }), (false, true));
    assert_eq!(look(&Rule { terms: Some(Digest::of(b"new recipient")), ..today }), (false, true));
}

#[test]
fn a_signature_by_another_key_seals_nothing() {
    let phone = Phone::new(SUBJECT, &[]);
    let stranger = Signer::new();
    let draft = || phone.ledger.draft(&statement("analytics", State::Granted), Salt::new([1; 32])).unwrap();
    let signature = stranger.sign(&draft().to_be_signed());
    assert!(draft().seal(&signature).is_err());
    assert!(draft().seal(&[0; 64]).is_err());
    assert!(draft().seal(&[]).is_err());
}

#[test]
fn an_entry_fits_in_one_place_only() {
    let mut phone = Phone::new(SUBJECT, &[]);
    let draft = phone.ledger.draft(&statement("analytics", State::Granted), Salt::new([1; 32])).unwrap();
    let stale = phone.signer.seal(draft).entry;
    phone.say(&statement("analytics", State::Denied)).unwrap();
    assert_eq!(phone.ledger.append(stale.clone()), Err(LedgerError::Broken { offset: 0, seq: 0 }));
    let mut other = Phone::new(Subject::new([2; 32]), &[]);
    assert_eq!(other.ledger.append(stale), Err(LedgerError::OtherSubject { offset: 0 }));
    assert_eq!(stands(&phone.ledger, "analytics"), State::Denied);
}

fn filled() -> Phone {
    let mut phone = Phone::new(SUBJECT, &[]);
    for (purpose, state) in [
        ("analytics", State::Granted),
        ("crm.link", State::Denied),
        ("analytics", State::Withdrawn),
        ("crm.link", State::Granted),
    ] {
        phone.say(&statement(purpose, state)).unwrap();
    }
    phone
}

#[test]
fn a_stored_ledger_reads_back_the_same() {
    let phone = filled();
    let again = phone.reopened();
    assert_eq!(again.history(), phone.ledger.history());
    assert_eq!(again.records(), phone.file.concat());
    again.check_anchor(&phone.ledger.anchor().unwrap()).unwrap();
}

#[test]
fn whatever_is_done_to_the_file_is_noticed() {
    let phone = filled();
    let identity = phone.ledger.identity().clone();
    let anchor = phone.ledger.anchor().unwrap();
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| phone.file[at].clone());
    let open = |parts: &[&Vec<u8>]| {
        let ledger = Ledger::from_entries(
            identity.clone(),
            &parts.iter().copied().flatten().copied().collect::<Vec<_>>(),
        )?;
        ledger.check_anchor(&anchor).map(|()| ledger)
    };
    assert!(open(&[&a, &b, &c, &d]).is_ok());
    let broken = |offset: usize, seq| LedgerError::Broken { offset, seq };
    let forged = {
        let mut thief = Phone::new(SUBJECT, &[]);
        thief.say(&statement("crm.link", State::Granted)).unwrap();
        thief.file.remove(0)
    };
    // A body of this device under a signature of somebody else.
    let mut resigned = d.clone();
    let at = resigned.len() - 64;
    resigned[at..].copy_from_slice(&Signer::new().sign(b"anything"));
    let table: [(&str, &[&Vec<u8>], LedgerError); 8] = [
        ("first dropped", &[&b, &c, &d], broken(0, 1)),
        ("middle dropped", &[&a, &c, &d], broken(a.len(), 2)),
        ("reordered", &[&a, &c, &b, &d], broken(a.len(), 2)),
        ("tail cut", &[&a, &b, &c], LedgerError::Cut { seq: 3, head: anchor.head }),
        ("rolled back to before a withdrawal", &[&a, &b], LedgerError::Cut { seq: 3, head: anchor.head }),
        ("emptied", &[], LedgerError::Cut { seq: 3, head: anchor.head }),
        (
            "another device's entry for the last",
            &[&a, &b, &c, &forged],
            LedgerError::Cut { seq: 3, head: anchor.head },
        ),
        (
            "signed anew",
            &[&a, &b, &c, &resigned],
            LedgerError::Signature { offset: a.len() + b.len() + c.len() },
        ),
    ];
    for (what, parts, error) in table {
        assert_eq!(open(parts).unwrap_err(), error, "{what}");
    }
    let other = Identity { subject: Subject::new([9; 32]), ..identity };
    assert_eq!(Ledger::from_entries(other, &a).unwrap_err(), LedgerError::OtherSubject { offset: 0 });
}

#[test]
fn every_changed_and_every_missing_byte_is_an_error_with_its_place() {
    let phone = filled();
    let identity = phone.ledger.identity();
    let file = &phone.file[0];
    for at in 0..file.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut changed = file.clone();
            changed[at] ^= bit;
            let error = Ledger::from_entries(identity.clone(), &changed).unwrap_err();
            if let LedgerError::Malformed(malformed) = error {
                assert!(malformed.offset <= changed.len(), "{malformed}");
            }
        }
        let Err(LedgerError::Malformed(cut)) = Ledger::from_entries(identity.clone(), &file[..at]) else {
            assert_eq!(at, 0, "only the empty file is whole");
            continue;
        };
        assert!(cut.offset <= at, "{cut}");
    }
    let more = [file.as_slice(), &[0]].concat();
    let Err(LedgerError::Malformed(error)) = Ledger::from_entries(identity.clone(), &more) else { panic!() };
    assert_eq!(
        (error.offset, error.fault),
        (file.len(), Fault::Unexpected { expected: "a COSE_Sign1 (tag 18)" })
    );
}

#[test]
fn other_encodings_of_an_entry_are_refused() {
    let phone = filled();
    let file = &phone.file[0];
    let place = |needle: &[u8]| file.windows(needle.len()).position(|window| window == needle).unwrap();
    let splice = |at: usize, old: usize, new: &[u8]| [&file[..at], new, &file[at + old..]].concat();
    let number = place(&[0x02, 0x00, 0x03, 0x58, 0x20]);
    let table = [
        ("the tag in two bytes", splice(0, 1, &[0xd8, 18]), 0),
        ("a body of indefinite length", splice(number - 3, 1, &[0xbf]), number - 3),
        ("members in another order", splice(number, 1, &[0x03]), number),
        ("an array of indefinite length", splice(1, 1, &[0x9f]), 1),
        ("alg ES384", splice(place(&[0x01, 0x26]) + 1, 1, &[0x38, 34]), place(&[0x01, 0x26]) + 1),
    ];
    for (what, bytes, offset) in table {
        let error = Ledger::from_entries(phone.ledger.identity().clone(), &bytes).unwrap_err();
        let LedgerError::Malformed(error) = error else { panic!("{what}: {error}") };
        assert_eq!(error.offset, offset, "{what}: {error}");
    }
}

#[test]
fn an_erased_subject_is_never_granted_anything_and_its_payloads_stay_away() {
    let mut phone = filled();
    let kept: Vec<Payload> = phone.payloads.clone();
    phone.erase();
    let erasure = phone.ledger.erasure().unwrap();
    assert_eq!((erasure.destroy.len(), erasure.remaining), (4, 5));
    assert_eq!(erasure.proof_ends_ms(DAY), NOW + DAY);
    for purpose in ["analytics", "crm.link"] {
        assert_eq!(stands(&phone.ledger, purpose), State::Withdrawn);
        assert!(phone.ledger.permit(purpose, &Rule::default(), NOW).is_none());
    }
    assert_eq!(phone.say(&statement("analytics", State::Granted)), Err(Refused::Erased));
    // A peer that still has a payload sends it again.
    assert_eq!(phone.ledger.check_payload(&kept[0]), Err(PayloadRefused::Erased));
    let other = Phone::new(SUBJECT, &[]);
    assert_eq!(other.ledger.check_payload(&kept[0]), Err(PayloadRefused::Unknown));
    let read = phone.reopened();
    assert!(read.is_erased());
}

#[test]
fn an_anchor_ahead_or_beside_is_refused_and_one_behind_is_fine() {
    let mut phone = filled();
    let before = phone.ledger.anchor().unwrap();
    phone.say(&statement("crm.link", State::Withdrawn)).unwrap();
    phone.ledger.check_anchor(&before).unwrap();
    let beside = Anchor { seq: before.seq, head: Digest::of(b"other") };
    assert_eq!(phone.ledger.check_anchor(&beside), Err(LedgerError::Cut { seq: 3, head: beside.head }));
    let ahead = Anchor { seq: 99, head: before.head };
    assert_eq!(phone.ledger.check_anchor(&ahead), Err(LedgerError::Cut { seq: 99, head: before.head }));
}
