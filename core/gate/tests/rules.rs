//! Each kind of ask, and each rule, on the smallest policy that shows it.

#![allow(clippy::unwrap_used)] // helpers of tests may fail loudly

mod support;

use pforte_gate::{
    Age, ConsentRecord, ConsentState, Decision, Fact, Facts, GateChoice, Now, Policy, Shown, Step, StepKind,
    StopReason, decide,
};
use pforte_host::GateReadiness;
use support::{NOW, Person, first_visit, kinds, policy, record, set_consent, shown, signed_in, walk};

const BASE: &str = r#"
version = 1
locale = "en"
[levels]
anonymous = 0
known = 1
verified = 2
[provider.oidc]
otherwise = "known"
acr = { mfa = "verified" }
[routes]
order = ["passkey", "page"]
[age]
consent_from = 16
[field]
name = { kind = "text" }
age = { kind = "over-age" }
email_verified = { kind = "email", from = "provider" }
[purpose.terms]
basis = "contract"
text = "terms@1"
[purpose.base]
basis = "consent"
text = "base@1"
[purpose.extra]
basis = "consent"
text = "extra@2"
recipient = "Partner"
fields = ["email"]
requires = ["base"]
[purpose.third]
basis = "consent"
text = "third@1"
requires = ["base", "extra"]
[touchpoint.third-only]
level = "known"
offer = ["third"]
[touchpoint.named]
level = "known"
profile = ["name"]
[touchpoint.open]
level = "anonymous"
[touchpoint.open-offer]
level = "anonymous"
offer = ["base"]
[touchpoint.open-require]
level = "anonymous"
require = ["base"]
[touchpoint.open-profile]
level = "anonymous"
profile = ["name"]
[touchpoint.account]
level = "known"
[touchpoint.strong]
level = "verified"
[touchpoint.recent]
level = "known"
max_auth_age = "5m"
[touchpoint.present]
level = "known"
unlock = { within = "2m" }
[touchpoint.present-or]
level = "known"
unlock = { within = "2m", or = "step-up" }
[touchpoint.told]
level = "known"
profile = ["email_verified"]
[touchpoint.both]
level = "known"
offer = ["base", "extra"]
[touchpoint.extra-only]
level = "known"
offer = ["extra"]
[touchpoint.extra-required]
level = "known"
require = ["extra"]
[touchpoint.grown-up]
level = "known"
profile = ["age"]
require = ["base"]
[touchpoint.key]
level = "known"
offer_passkey = true
[touchpoint.notice]
level = "anonymous"
inform = ["terms"]
[ask]
order = ["consent", "profile", "inform", "unlock", "sign-in", "step-up"]
cooldown = "6m"
"#;

fn base() -> Policy {
    policy(BASE)
}

/// The step asked now, or nothing.
fn asked(policy: &Policy, touchpoint: &str, facts: &Facts) -> Option<Step> {
    asked_at(policy, touchpoint, facts, NOW)
}

fn asked_at(policy: &Policy, touchpoint: &str, facts: &Facts, now: Now) -> Option<Step> {
    match decide(policy, touchpoint, facts, now) {
        Decision::Ask(step) => Some(step.step),
        Decision::Clear(_) => None,
        Decision::Stop(reason) => panic!("{reason:?}"),
    }
}

fn stopped(policy: &Policy, touchpoint: &str, facts: &Facts) -> StopReason {
    match decide(policy, touchpoint, facts, NOW) {
        Decision::Stop(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn consent(required: &[&str], offered: &[&str]) -> Option<Step> {
    let strings = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    Some(Step::Consent { required: strings(required), offered: strings(offered) })
}

fn step_up(level: &str, max_auth_age_s: Option<u64>) -> Option<Step> {
    Some(Step::StepUp { level: level.to_owned(), max_auth_age_s })
}

#[test]
fn nothing_asked_for_is_clear_at_once() {
    let policy = base();
    assert!(
        matches!(decide(&policy, "open", &Facts::default(), NOW), Decision::Clear(c) if c.level == "anonymous")
    );
}

#[test]
fn an_unknown_touchpoint_stops_with_the_name_that_was_meant() {
    let reason = stopped(&base(), "extra-onyl", &Facts::default());
    let did_you_mean = Some("extra-only".to_owned());
    assert_eq!(reason, StopReason::UnknownTouchpoint { touchpoint: "extra-onyl".to_owned(), did_you_mean });
}

#[test]
fn only_routes_that_work_are_offered_and_without_one_it_stops() {
    let policy = base();
    let mut facts = first_visit(&policy);
    facts.routes = ["page".to_owned(), "elsewhere".to_owned()].into();
    let routes = vec!["page".to_owned()];
    let sign_in = Step::SignIn { routes, level: "known".to_owned(), max_auth_age_s: Some(300) };
    assert_eq!(asked(&policy, "recent", &facts), Some(sign_in));
    facts.routes.clear();
    assert_eq!(stopped(&policy, "recent", &facts), StopReason::NoRoute);
}

#[test]
fn a_locked_session_is_unlocked_and_nothing_else_is_asked_before() {
    let policy = base();
    let mut facts = first_visit(&policy);
    facts.session = Fact::Sealed;
    facts.profile = Fact::Sealed;
    facts.age = Fact::Sealed;
    for touchpoint in
        ["account", "strong", "recent", "present", "told", "both", "extra-required", "grown-up", "key"]
    {
        assert_eq!(asked(&policy, touchpoint, &facts), Some(Step::Unlock), "{touchpoint}");
    }
    assert_eq!(asked(&policy, "open", &facts), None);
}

#[test]
fn below_any_level_a_sealed_fact_unlocks_where_it_is_needed_and_an_offer_waits() {
    let policy = base();
    let mut facts = first_visit(&policy);
    facts.session = Fact::Sealed;
    facts.profile = Fact::Sealed;
    facts.age = Fact::Sealed;
    assert_eq!(asked(&policy, "open-profile", &facts), Some(Step::Unlock));
    assert_eq!(asked(&policy, "open-require", &facts), Some(Step::Unlock));
    assert_eq!(asked(&policy, "open-offer", &facts), None);
    facts.notices = Fact::Sealed;
    assert_eq!(asked(&policy, "notice", &facts), Some(Step::Unlock));
}

#[test]
fn a_fact_sealed_without_a_session_is_absent() {
    let policy = base();
    let facts = Facts { profile: Fact::Sealed, consents: Fact::Sealed, ..first_visit(&policy) };
    assert_eq!(
        asked(&policy, "open-profile", &facts),
        Some(Step::Profile { fields: vec!["name".to_owned()] })
    );
    assert_eq!(asked(&policy, "open-offer", &facts), consent(&[], &["base"]));
}

#[test]
fn a_higher_level_steps_up_once_and_stops_where_the_provider_gives_less() {
    let policy = base();
    let mut facts = signed_in(&policy, "known");
    assert_eq!(asked(&policy, "strong", &facts), step_up("verified", None));
    facts.visit.answered.insert(StepKind::StepUp, NOW.elapsed_ms);
    assert_eq!(
        stopped(&policy, "strong", &facts),
        StopReason::AssuranceNotReached { level: "verified".to_owned() }
    );
    assert_eq!(asked(&policy, "strong", &signed_in(&policy, "verified")), None);
}

#[test]
fn an_unknown_level_is_the_lowest() {
    let policy = base();
    assert_eq!(asked(&policy, "account", &signed_in(&policy, "root")), step_up("known", None));
}

#[test]
fn an_old_sign_in_is_renewed_by_the_providers_time() {
    let policy = base();
    let facts = signed_in(&policy, "known");
    let at = |seconds| Now { provider_s: NOW.provider_s + seconds, ..NOW };
    for (seconds, fresh) in [(0, true), (300, true), (301, false), (-60, true), (-61, false)] {
        let asked = asked_at(&policy, "recent", &facts, at(seconds));
        assert_eq!(asked, if fresh { None } else { step_up("known", Some(300)) }, "{seconds}");
    }
    let mut unknown = facts.clone();
    if let Fact::Known(session) = &mut unknown.session {
        session.auth_time_s = None;
    }
    assert_eq!(asked(&policy, "recent", &unknown), step_up("known", Some(300)));
    unknown.visit.answered.insert(StepKind::StepUp, NOW.elapsed_ms);
    assert!(matches!(stopped(&policy, "recent", &unknown), StopReason::AssuranceNotReached { .. }));
}

#[test]
fn presence_is_proved_again_by_finger_or_by_sign_in() {
    let policy = base();
    let mut facts = signed_in(&policy, "known");
    let late = Now { elapsed_ms: NOW.elapsed_ms + 120_001, ..NOW };
    assert_eq!(asked(&policy, "present", &facts), None);

    // Without a gate: sign in again, or stop.
    assert_eq!(decide(&policy, "present", &facts, late), Decision::Stop(StopReason::NoBiometrics));
    assert_eq!(asked_at(&policy, "present-or", &facts, late), step_up("known", Some(120)));

    // With one: the finger, and where that is declined, the other way.
    facts.biometrics.gate = GateChoice::On;
    facts.biometrics.readiness = GateReadiness::Ready;
    assert_eq!(asked_at(&policy, "present", &facts, late), Some(Step::Unlock));
    assert_eq!(asked_at(&policy, "present-or", &facts, late), Some(Step::Unlock));
    facts.visit.skipped.insert(StepKind::Unlock);
    assert_eq!(asked_at(&policy, "present-or", &facts, late), step_up("known", Some(120)));
    let declined = StopReason::Declined { kind: StepKind::Unlock };
    assert_eq!(decide(&policy, "present", &facts, late), Decision::Stop(declined));

    // A moment of another boot proves nothing.
    let rebooted = Now { elapsed_ms: 1, ..NOW };
    assert_eq!(asked_at(&policy, "present-or", &facts, rebooted), step_up("known", Some(120)));
}

#[test]
fn what_only_the_provider_can_tell_comes_by_signing_in_or_stops() {
    let policy = base();
    let mut facts = signed_in(&policy, "known");
    assert_eq!(asked(&policy, "told", &facts), step_up("known", Some(0)));
    facts.visit.answered.insert(StepKind::StepUp, NOW.elapsed_ms);
    let fields = vec!["email_verified".to_owned()];
    assert_eq!(stopped(&policy, "told", &facts), StopReason::ProviderWithheld { fields: fields.clone() });
    facts.profile = Fact::Known(fields.into_iter().collect());
    assert_eq!(asked(&policy, "told", &facts), None);
}

#[test]
fn declining_what_is_needed_stops_and_declining_an_offer_passes() {
    let policy = base();
    let mut facts = first_visit(&policy);
    facts.visit.skipped = StepKind::ALL.into();
    let declined = |kind| StopReason::Declined { kind };
    assert_eq!(stopped(&policy, "account", &facts), declined(StepKind::SignIn));
    assert_eq!(stopped(&policy, "notice", &facts), declined(StepKind::Inform));
    assert_eq!(stopped(&policy, "open-profile", &facts), declined(StepKind::Profile));
    assert_eq!(stopped(&policy, "open-require", &facts), declined(StepKind::Consent));
    assert_eq!(asked(&policy, "open-offer", &facts), None);
}

#[test]
fn an_offer_passes_either_way_and_a_requirement_does_not() {
    let policy = base();
    let mut refusing = Person::agreeable(&policy);
    refusing.agrees.clear();
    let (steps, end) = walk(&policy, "open-offer", &mut first_visit(&policy), &refusing);
    assert!(kinds(&steps) == [StepKind::Consent] && matches!(end, Decision::Clear(_)));
    let (steps, end) = walk(&policy, "open-require", &mut first_visit(&policy), &refusing);
    assert_eq!(kinds(&steps), [StepKind::Consent]);
    assert_eq!(end, Decision::Stop(StopReason::ConsentRefused { purpose: "base".to_owned() }));
}

#[test]
fn what_a_purpose_builds_on_is_asked_beside_it_or_before() {
    let policy = base();
    let mut facts = signed_in(&policy, "known");
    assert_eq!(asked(&policy, "both", &facts), consent(&[], &["base", "extra"]));
    assert_eq!(asked(&policy, "extra-required", &facts), consent(&["base", "extra"], &[]));
    assert_eq!(asked(&policy, "extra-only", &facts), None);
    set_consent(&mut facts, "base", record(&policy, "base", ConsentState::Granted, 0));
    assert_eq!(asked(&policy, "extra-only", &facts), consent(&[], &["extra"]));
    set_consent(&mut facts, "base", record(&policy, "base", ConsentState::Denied, NOW.wall_ms));
    assert_eq!(asked(&policy, "both", &facts), None);
}

#[test]
fn every_base_counts() {
    let policy = base();
    let mut facts = signed_in(&policy, "known");
    set_consent(&mut facts, "base", record(&policy, "base", ConsentState::Granted, 0));
    assert_eq!(asked(&policy, "third-only", &facts), None);
    set_consent(&mut facts, "extra", record(&policy, "extra", ConsentState::Granted, 0));
    assert_eq!(asked(&policy, "third-only", &facts), consent(&[], &["third"]));
}

#[test]
fn an_offer_left_without_a_choice_is_not_repeated_in_the_visit() {
    let policy = base();
    let mut facts = first_visit(&policy);
    facts.visit.consent_asked.insert("base".to_owned());
    assert_eq!(asked(&policy, "open-offer", &facts), None);
    facts.visit.consent_asked.clear();
    assert_eq!(asked(&policy, "open-offer", &facts), consent(&[], &["base"]));
}

#[test]
fn what_the_account_may_know_waits_for_the_sign_in_whatever_the_order() {
    let policy = base();
    let facts = first_visit(&policy);
    for touchpoint in ["named", "both", "grown-up"] {
        let step = asked(&policy, touchpoint, &facts).map(|step| step.kind());
        assert_eq!(step, Some(StepKind::SignIn), "{touchpoint}");
    }
}

#[test]
fn each_state_of_an_offer() {
    let policy = base();
    let month_ms = 30 * 86_400_000;
    for state in [
        ConsentState::Unknown,
        ConsentState::Informed,
        ConsentState::Asked,
        ConsentState::Granted,
        ConsentState::Denied,
        ConsentState::Withdrawn,
        ConsentState::Objected,
        ConsentState::Expired,
    ] {
        let refused =
            state >= ConsentState::Asked && !matches!(state, ConsentState::Granted | ConsentState::Expired);
        for (months, over) in [(0, false), (5, false), (6, true), (-1, false), (-7, true)] {
            let mut facts = first_visit(&policy);
            set_consent(&mut facts, "base", record(&policy, "base", state, NOW.wall_ms - months * month_ms));
            let expected = state != ConsentState::Granted && (!refused || over);
            assert_eq!(
                asked(&policy, "open-offer", &facts).is_some(),
                expected,
                "{state:?}, {months} months ago"
            );
        }
    }
}

#[test]
fn without_a_cool_down_a_refusal_is_final() {
    let policy = policy(&BASE.replace("cooldown = \"6m\"", ""));
    let mut facts = first_visit(&policy);
    set_consent(&mut facts, "base", record(&policy, "base", ConsentState::Denied, 0));
    assert_eq!(asked(&policy, "open-offer", &facts), None);
    assert_eq!(asked(&policy, "open-require", &facts), consent(&["base"], &[]));
}

#[test]
fn a_grant_for_another_text_or_other_terms_is_asked_anew() {
    let policy = base();
    let good = shown(&policy, "base");
    let changed = [
        Some(Shown { text_id: "base@0".to_owned(), ..good.clone() }),
        Some(Shown { text_hash: Some("0".repeat(64)), ..good.clone() }),
        Some(Shown { terms_hash: Some("0".repeat(64)), ..good.clone() }),
        None,
    ];
    for shown in changed {
        let mut facts = first_visit(&policy);
        let state = ConsentState::Granted;
        set_consent(&mut facts, "base", ConsentRecord { state, shown, asked_wall_ms: Some(NOW.wall_ms) });
        assert_eq!(asked(&policy, "open-offer", &facts), consent(&[], &["base"]));
    }
    let mut facts = first_visit(&policy);
    let old = Shown { text_id: "terms@0".to_owned(), text_hash: None, terms_hash: None };
    facts.notices = Fact::Known([("terms".to_owned(), old)].into());
    assert_eq!(asked(&policy, "notice", &facts), Some(Step::Inform { purposes: vec!["terms".to_owned()] }));
}

#[test]
fn recipient_basis_and_fields_are_terms_and_the_title_is_not() {
    let hash = |text: &str| policy(text).purpose("extra").unwrap().terms_hash.clone();
    let original = hash(BASE);
    assert_ne!(original, hash(&BASE.replace("recipient = \"Partner\"", "recipient = \"Somebody\"")));
    assert_ne!(original, hash(&BASE.replace("fields = [\"email\"]", "fields = [\"email\", \"name\"]")));
    assert_ne!(original, hash(&BASE.replace("requires = [\"base\"]", "links_identity = true")));
    assert_eq!(
        original,
        hash(&BASE.replace("recipient = \"Partner\"", "recipient = \"Partner\"\ntitle = \"New\""))
    );
}

#[test]
fn under_age_neither_asks_nor_counts_a_grant() {
    let policy = base();
    let mut facts = signed_in(&policy, "known");
    facts.age = Fact::Known(Age::Under);
    assert_eq!(asked(&policy, "both", &facts), None);
    set_consent(&mut facts, "base", record(&policy, "base", ConsentState::Granted, 0));
    assert_eq!(stopped(&policy, "open-require", &facts), StopReason::UnderAge { purpose: "base".to_owned() });
}

#[test]
fn the_age_comes_before_consent_whatever_the_order() {
    let policy = base();
    let facts = signed_in(&policy, "known");
    assert_eq!(asked(&policy, "grown-up", &facts), Some(Step::Profile { fields: vec!["age".to_owned()] }));
}

#[test]
fn a_passkey_is_offered_once() {
    let policy = base();
    let mut facts = signed_in(&policy, "known");
    assert_eq!(asked(&policy, "key", &facts), None);
    facts.passkey.available = true;
    assert_eq!(asked(&policy, "key", &facts), Some(Step::EnrolPasskey));
    facts.passkey.offered_wall_ms = Some(NOW.wall_ms);
    assert_eq!(asked(&policy, "key", &facts), None);
    facts.passkey.offered_wall_ms = None;
    facts.visit.skipped.insert(StepKind::EnrolPasskey);
    assert_eq!(asked(&policy, "key", &facts), None);
}

#[test]
fn a_visit_has_room_for_so_many_offers_and_for_all_that_is_needed() {
    let policy = policy(&BASE.replace("cooldown = \"6m\"", "most_per_visit = 2"));
    let mut facts = signed_in(&policy, "known");
    facts.passkey.available = true;
    facts.visit.answered.insert(StepKind::Inform, NOW.elapsed_ms);
    assert_eq!(asked(&policy, "key", &facts), Some(Step::EnrolPasskey));
    assert_eq!(asked(&policy, "both", &facts), consent(&[], &["base", "extra"]));
    // Answered or declined, one of a kind counts once.
    facts.visit.skipped.extend([StepKind::Inform, StepKind::EnrolBiometrics]);
    assert_eq!(asked(&policy, "key", &facts), None);
    assert_eq!(asked(&policy, "both", &facts), None);
    assert_eq!(asked(&policy, "extra-required", &facts), consent(&["base", "extra"], &[]));
    assert_eq!(asked(&policy, "named", &facts), Some(Step::Profile { fields: vec!["name".to_owned()] }));
}

#[test]
fn who_can_skip_an_ask() {
    let optional = base();
    let required = policy(&format!("{BASE}[lock]\ngate = \"required\"\n"));
    let can = |policy: &Policy, step| {
        policy.can_be_skipped(&pforte_gate::AskStep { touchpoint: "open".to_owned(), step })
    };
    assert!(can(&optional, consent(&[], &["base"]).unwrap()));
    assert!(!can(&optional, consent(&["base"], &["extra"]).unwrap()));
    assert!(can(&optional, Step::EnrolPasskey) && can(&optional, Step::EnrolBiometrics));
    assert!(!can(&required, Step::EnrolBiometrics) && !can(&optional, Step::Unlock));
}

#[test]
fn biometrics_are_offered_as_the_policy_says() {
    let after = policy(&format!("{BASE}[biometrics]\noffer = \"after-first-sign-in\"\n"));
    let asked_there = policy(
        &format!("{BASE}[biometrics]\noffer = \"where-asked\"\n")
            .replace("offer_passkey = true", "offer_passkey = true\noffer_biometrics = true"),
    );
    let required = policy(&format!("{BASE}[lock]\ngate = \"required\"\n"));
    let facts = |policy: &Policy, gate| {
        let mut facts = signed_in(policy, "known");
        facts.biometrics.readiness = GateReadiness::Ready;
        facts.biometrics.gate = gate;
        facts
    };
    let undecided = GateChoice::Undecided;
    let enrol = Some(Step::EnrolBiometrics);
    assert_eq!(asked(&base(), "account", &facts(&base(), undecided)), None);
    assert_eq!(asked(&after, "account", &facts(&after, undecided)), enrol);
    assert_eq!(asked(&after, "open", &facts(&after, undecided)), None);
    assert_eq!(asked(&after, "account", &facts(&after, GateChoice::Off)), None);
    assert_eq!(asked(&asked_there, "account", &facts(&asked_there, undecided)), None);
    assert_eq!(asked(&asked_there, "key", &facts(&asked_there, GateChoice::Off)), enrol);
    assert_eq!(asked(&required, "account", &facts(&required, GateChoice::Off)), enrol);

    let mut declined = facts(&required, undecided);
    declined.visit.skipped.insert(StepKind::EnrolBiometrics);
    assert_eq!(stopped(&required, "account", &declined), StopReason::NoBiometrics);
    let mut none_enrolled = facts(&required, undecided);
    none_enrolled.biometrics.readiness = GateReadiness::NotEnrolled;
    assert_eq!(asked(&required, "account", &none_enrolled), None);
}
