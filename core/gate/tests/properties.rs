//! What holds for every policy and all facts: random ones, and every one of a small policy.

#![allow(clippy::unwrap_used)] // helpers of tests may fail loudly

mod support;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use pforte_gate::{
    Age, AskStep, Biometrics, ConsentRecord, ConsentState, Decision, Fact, Facts, GateChoice, Now, Passkey,
    Policy, Session, Shown, Step, StepKind, Touchpoint, Visit, decide,
};
use pforte_host::GateReadiness;
use support::{NOW, Person, kinds, policy, set_consent, shown};

const LEVELS: [&str; 3] = ["anonymous", "known", "verified"];
const FIELDS: [&str; 4] = ["a", "b", "age", "told"];
const CONSENTS: [&str; 4] = ["p0", "p1", "p2", "p3"];
const NOTICES: [&str; 2] = ["n0", "n1"];

fn subset(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(of, 0..=of.len())
}

prop_compose! {
    /// One touchpoint; above the lowest level with everything a session allows.
    fn touchpoint()(
        level in 0usize..3,
        profile in subset(&FIELDS),
        inform in subset(&NOTICES),
        consents in subset(&CONSENTS),
        required in proptest::collection::vec(any::<bool>(), 4),
        max_age in any::<bool>(),
        unlock in 0usize..3,
        offer_biometrics in any::<bool>(),
        offer_passkey in any::<bool>(),
    ) -> String {
        let (require, offer): (Vec<_>, Vec<_>) =
            consents.iter().enumerate().partition(|(n, _)| required.get(*n) == Some(&true));
        let names = |items: Vec<(usize, &&'static str)>| items.into_iter().map(|(_, id)| *id).collect::<Vec<&str>>();
        let profile: Vec<_> = profile.into_iter().filter(|field| level > 0 || *field != "told").collect();
        let mut text = format!(
            "level = {:?}\nprofile = {profile:?}\ninform = {inform:?}\noffer = {:?}\nrequire = {:?}\n",
            LEVELS[level], names(offer), names(require),
        );
        if level > 0 {
            text += if max_age { "max_auth_age = \"5m\"\n" } else { "" };
            text += ["", "unlock = { within = \"2m\" }\n", "unlock = { within = \"2m\", or = \"step-up\" }\n"][unlock];
            text += &format!("offer_biometrics = {offer_biometrics}\noffer_passkey = {offer_passkey}\n");
        }
        text
    }
}

prop_compose! {
    fn any_policy()(
        touchpoints in proptest::collection::vec(touchpoint(), 1..4),
        requires in proptest::collection::vec(subset(&CONSENTS), 4),
        order in Just(vec!["inform", "unlock", "sign-in", "step-up", "profile", "consent"]).prop_shuffle(),
        offer in prop_oneof![Just("never"), Just("after-first-sign-in"), Just("where-asked")],
        gate in prop_oneof![Just("optional"), Just("required")],
        cooldown in any::<bool>(),
    ) -> Policy {
        let mut text = format!(
            "version = 1\nlocale = \"en\"\n[levels]\nanonymous = 0\nknown = 1\nverified = 2\n\
             [routes]\norder = [\"page\"]\n[age]\nconsent_from = 16\n[biometrics]\noffer = {offer:?}\n[lock]\ngate = {gate:?}\n\
             [field]\na = {{ kind = \"text\" }}\nb = {{ kind = \"country\" }}\nage = {{ kind = \"over-age\" }}\n\
             told = {{ kind = \"email\", from = \"provider\" }}\n[ask]\norder = {order:?}\n",
        );
        text += if cooldown { "cooldown = \"6m\"\n" } else { "" };
        for (id, requires) in CONSENTS.iter().zip(requires) {
            // Cycles are allowed here: lint names them, a decision must live with them.
            let requires: Vec<_> = requires.into_iter().filter(|base| base != id).collect();
            text += &format!("[purpose.{id}]\nbasis = \"consent\"\ntext = \"{id}@1\"\nrequires = {requires:?}\n");
        }
        for id in NOTICES {
            text += &format!("[purpose.{id}]\nbasis = \"contract\"\ntext = \"{id}@1\"\n");
        }
        for (n, touchpoint) in touchpoints.iter().enumerate() {
            text += &format!("[touchpoint.t{n}]\n{touchpoint}");
        }
        policy(&text)
    }
}

fn fact<T: Clone + std::fmt::Debug + 'static>(
    known: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Fact<T>> {
    prop_oneof![3 => known.prop_map(Fact::Known), 1 => Just(Fact::Absent), 1 => Just(Fact::Sealed)]
}

fn session() -> impl Strategy<Value = Session> {
    let level = prop_oneof![Just("anonymous"), Just("known"), Just("verified"), Just("nonsense")];
    let seconds = proptest::option::of(prop_oneof![Just(0i64), Just(200), Just(400), Just(-1000)]);
    (level, seconds.clone(), seconds).prop_map(|(level, signed_in, unlocked)| Session {
        level: level.to_owned(),
        auth_time_s: signed_in.map(|ago| NOW.provider_s - ago),
        unlocked_elapsed_ms: unlocked.map(|ago| NOW.elapsed_ms.saturating_add_signed(-ago * 1000)),
    })
}

fn consent_record() -> impl Strategy<Value = ConsentRecord> {
    let state = proptest::sample::select(vec![
        ConsentState::Unknown,
        ConsentState::Informed,
        ConsentState::Asked,
        ConsentState::Granted,
        ConsentState::Denied,
        ConsentState::Withdrawn,
        ConsentState::Objected,
        ConsentState::Expired,
    ]);
    let text = proptest::option::of(proptest::sample::select(vec!["p0@1", "p1@1", "p2@1", "p3@1", "p0@0"]));
    let asked =
        proptest::option::of(prop_oneof![Just(NOW.wall_ms), Just(0i64), Just(i64::MAX), Just(i64::MIN)]);
    (state, text, asked).prop_map(|(state, text, asked_wall_ms)| ConsentRecord {
        state,
        shown: text.map(|id| Shown { text_id: id.to_owned(), text_hash: None, terms_hash: None }),
        asked_wall_ms,
    })
}

prop_compose! {
    fn any_facts()(
        session in fact(session()),
        profile in fact(subset(&FIELDS).prop_map(|names| names.into_iter().map(str::to_owned).collect::<BTreeSet<_>>())),
        age in fact(prop_oneof![Just(Age::Over), Just(Age::Under)]),
        consents in fact(proptest::collection::vec(consent_record(), 4).prop_map(|records| {
            CONSENTS.iter().map(|id| (*id).to_owned()).zip(records).collect::<BTreeMap<_, _>>()
        })),
        told in fact(subset(&NOTICES)),
        readiness in proptest::sample::select(vec![GateReadiness::Ready, GateReadiness::NotEnrolled, GateReadiness::NotNow]),
        gate in proptest::sample::select(vec![GateChoice::Undecided, GateChoice::On, GateChoice::Off]),
        available in any::<bool>(),
        page in proptest::bool::weighted(0.9),
    ) -> Facts {
        let notices = match told {
            Fact::Known(ids) => Fact::Known(ids.into_iter().map(|id| {
                (id.to_owned(), Shown { text_id: format!("{id}@1"), text_hash: None, terms_hash: None })
            }).collect()),
            Fact::Absent => Fact::Absent,
            Fact::Sealed => Fact::Sealed,
        };
        Facts {
            session, profile, age, consents, notices,
            login_hint: None,
            biometrics: Biometrics { readiness, gate, offered_wall_ms: None },
            passkey: Passkey { available, enrolled: false, offered_wall_ms: None },
            routes: page.then(|| "page".to_owned()).into_iter().collect(),
            visit: Visit::default(),
        }
    }
}

/// A person who agrees to some purposes, with something in the vault.
fn any_person() -> impl Strategy<Value = Person> {
    let agrees = subset(&CONSENTS).prop_map(|ids| ids.into_iter().map(str::to_owned).collect());
    let provider_tells = proptest::bool::weighted(0.8);
    (any_facts(), agrees, any::<bool>(), provider_tells).prop_map(|(account, agrees, over, tells)| Person {
        age: if over { Age::Over } else { Age::Under },
        agrees,
        account,
        told_by_provider: tells.then(|| "told".to_owned()).into_iter().collect(),
    })
}

/// Whether `step` asks for something the facts hold already.
fn asks_for_what_is_known(facts: &Facts, step: &AskStep) -> bool {
    let profile = facts.profile.known();
    let open = facts.session.known().is_some();
    match &step.step {
        Step::Inform { .. } | Step::EnrolPasskey => false,
        Step::Unlock => !(facts.session.is_sealed() || open && facts.biometrics.gate == GateChoice::On),
        Step::SignIn { .. } => facts.session != Fact::Absent,
        Step::StepUp { .. } => !open,
        Step::EnrolBiometrics => facts.biometrics.gate == GateChoice::On || !open,
        Step::Profile { fields } => fields.iter().any(|field| {
            if field == "age" {
                facts.age.known().is_some()
            } else {
                profile.is_some_and(|names| names.contains(field))
            }
        }),
        Step::Consent { required, offered } => {
            facts.age.known() == Some(&Age::Under)
                || required.iter().chain(offered).any(|id| {
                    facts.consents.known().and_then(|consents| consents.get(id)).is_some_and(|record| {
                        record.state == ConsentState::Granted
                            && record.shown.as_ref().is_some_and(|shown| shown.text_id == format!("{id}@1"))
                    })
                })
        }
    }
}

/// Whether `step` asks for a detail that may lie in the locked vault.
fn asks_for_what_is_sealed(facts: &Facts, step: &AskStep) -> bool {
    let locked = facts.session.is_sealed();
    match &step.step {
        Step::Inform { .. } => locked && facts.notices.is_sealed(),
        Step::Profile { fields } => {
            locked
                && fields.iter().any(|field| {
                    if field == "age" { facts.age.is_sealed() } else { facts.profile.is_sealed() }
                })
        }
        Step::Consent { .. } => locked && (facts.consents.is_sealed() || facts.age.is_sealed()),
        _ => false,
    }
}

/// What the touchpoint demands and the facts do not show, told without the help of the code under test.
fn unmet(policy: &Policy, touchpoint: &Touchpoint, facts: &Facts) -> Vec<&'static str> {
    let mut unmet = Vec::new();
    let mut demand = |what, met: bool| {
        if !met {
            unmet.push(what)
        }
    };
    let session = facts.session.known();
    let above_lowest = touchpoint.level != "anonymous";
    demand("session", session.is_some() || !above_lowest);
    let signed_in = session.and_then(|session| session.auth_time_s);
    demand(
        "recent",
        touchpoint.max_auth_age_s.is_none() || signed_in.is_some_and(|at| NOW.provider_s - at <= 300),
    );
    let present = session.and_then(|session| session.unlocked_elapsed_ms);
    demand(
        "present",
        touchpoint.unlock.is_none() || present.is_some_and(|at| NOW.elapsed_ms - at <= 120_000),
    );
    for field in &touchpoint.profile {
        let there = match field.as_str() {
            "age" => facts.age.known().is_some(),
            _ => facts.profile.known().is_some_and(|names| names.contains(field)),
        };
        demand("profile", there);
    }
    for id in &touchpoint.inform {
        demand("inform", facts.notices.known().is_some_and(|notices| notices.contains_key(id)));
    }
    let mut required: Vec<&String> = touchpoint.require.iter().collect();
    let mut n = 0;
    while let Some(id) = required.get(n).copied() {
        let record = facts.consents.known().and_then(|consents| consents.get(id));
        let granted = record.is_some_and(|record| {
            record.state == ConsentState::Granted
                && record.shown.as_ref().is_some_and(|shown| shown.text_id == format!("{id}@1"))
        });
        demand("consent", granted && facts.age.known() != Some(&Age::Under));
        let bases = &policy.purpose(id).unwrap().requires;
        for base in bases {
            if !required.contains(&base) {
                required.push(base);
            }
        }
        n += 1;
    }
    unmet
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn asking_ends_and_each_answer_makes_progress(
        policy in any_policy(), facts in any_facts(), person in any_person(), skips in proptest::bits::u16::ANY
    ) {
        for touchpoint in policy.touchpoints() {
            let mut facts = facts.clone();
            let mut asked: Vec<AskStep> = Vec::new();
            while let Decision::Ask(step) = decide(&policy, &touchpoint.id, &facts, NOW) {
                prop_assert!(!asks_for_what_is_known(&facts, &step), "{step:?} {facts:?}");
                prop_assert!(!asks_for_what_is_sealed(&facts, &step), "{step:?} {facts:?}");
                prop_assert!(!asked.contains(&step), "{step:?} was answered and comes again: {facts:?}");
                prop_assert_eq!(decide(&policy, &touchpoint.id, &facts, NOW), Decision::Ask(step.clone()));
                // Some asks are declined instead of answered.
                if skips & (1 << asked.len()) != 0 {
                    facts.visit.skipped.insert(step.kind());
                } else {
                    person.answer(&policy, &mut facts, &step, NOW);
                }
                asked.push(step);
                prop_assert!(asked.len() <= 8, "{asked:?}");
            }
            let end = decide(&policy, &touchpoint.id, &facts, NOW);
            if let Decision::Clear(clearance) = &end {
                prop_assert!(policy.level_rank(&clearance.level) >= policy.level_rank(&touchpoint.level));
                prop_assert_eq!(unmet(&policy, touchpoint, &facts), Vec::<&str>::new(), "{:?}", facts);
            }
        }
    }

    #[test]
    fn any_name_any_time_and_any_facts_get_a_decision(
        policy in any_policy(), facts in any_facts(), touchpoint in ".{0,8}",
        wall_ms in any::<i64>(), elapsed_ms in any::<u64>(), provider_s in any::<i64>(),
    ) {
        let now = Now { wall_ms, elapsed_ms, provider_s };
        for touchpoint in ["t0", &touchpoint] {
            if let Decision::Ask(step) = decide(&policy, touchpoint, &facts, now) {
                let ask = policy.ask(&step, &touchpoint.to_uppercase(), &facts);
                prop_assert_eq!(ask.locale, "en");
            }
        }
    }

    #[test]
    fn reading_never_panics(text in "[\\[\\]a-z.=\"{}0-9\n ]{0,80}", tail in any::<bool>()) {
        let mut source = support::portal_source();
        source.policy_toml = if tail { source.policy_toml + &text } else { text.clone() };
        source.texts.insert("en".to_owned(), text);
        prop_assert!(!pforte_gate::check(&source).is_empty());
    }
}

/// Four touchpoints, every combination of facts: no way of asking is shorter than the one that is taken.
#[test]
fn no_shorter_way_exists_in_a_small_policy() {
    let policy = policy(
        "version = 1\nlocale = \"en\"\n[levels]\nanonymous = 0\nknown = 1\nverified = 2\n[routes]\norder = [\"page\"]\n\
         [field]\nname = { kind = \"text\" }\ntold = { kind = \"email\", from = \"provider\" }\n\
         [purpose.ads]\nbasis = \"consent\"\ntext = \"ads@1\"\n[purpose.terms]\nbasis = \"contract\"\ntext = \"terms@1\"\n\
         [touchpoint.open]\nlevel = \"anonymous\"\nprofile = [\"name\"]\nrequire = [\"ads\"]\n\
         [touchpoint.known]\nlevel = \"known\"\nprofile = [\"name\", \"told\"]\ninform = [\"terms\"]\nrequire = [\"ads\"]\n\
         [touchpoint.recent]\nlevel = \"known\"\nmax_auth_age = \"5m\"\nunlock = { within = \"2m\", or = \"step-up\" }\n\
         [touchpoint.pay]\nlevel = \"verified\"\nmax_auth_age = \"5m\"\nunlock = { within = \"2m\", or = \"step-up\" }\n\
         profile = [\"name\", \"told\"]\nrequire = [\"ads\"]\n",
    );
    let mut checked = 0;
    for bits in 0..(1u32 << 8) {
        for session in 0..4 {
            let (facts, person) = small_world(&policy, bits, session);
            for touchpoint in policy.touchpoints() {
                let mut walked = facts.clone();
                let (steps, end) = support::walk(&policy, &touchpoint.id, &mut walked, &person);
                assert!(matches!(end, Decision::Clear(_)), "{} {facts:?} {end:?}", touchpoint.id);
                let shortest = shortest_way(&policy, &touchpoint.id, &facts, &person);
                assert_eq!(
                    Some(steps.len()),
                    shortest,
                    "{}: {:?} from {facts:?}",
                    touchpoint.id,
                    kinds(&steps)
                );
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 4096);
}

/// One combination of facts, and the person who goes with it. `session`: 0 absent, 1 locked, 2 known, 3 verified.
fn small_world(policy: &Policy, bits: u32, session: u32) -> (Facts, Person) {
    let bit = |n: u32| bits & (1 << n) != 0;
    let open = Session {
        level: if session == 3 { "verified" } else { "known" }.to_owned(),
        auth_time_s: Some(NOW.provider_s - if bit(0) { 10 } else { 1000 }),
        unlocked_elapsed_ms: Some(NOW.elapsed_ms - if bit(1) { 10 } else { 1_000_000 }),
    };
    let names = |name: bool, told: bool| {
        [("name", name), ("told", told)]
            .iter()
            .filter(|(_, there)| *there)
            .map(|(name, _)| (*name).to_owned())
            .collect()
    };
    let mut person = Person::agreeable(policy);
    let mut facts = support::first_visit(policy);
    let profile: Fact<BTreeSet<String>> = Fact::Known(names(bit(2), bit(3)));
    (facts.session, facts.profile) = match session {
        0 => (Fact::Absent, Fact::Absent),
        1 => (Fact::Sealed, Fact::Sealed),
        _ => (Fact::Known(open.clone()), profile.clone()),
    };
    person.account.session = Fact::Known(open);
    person.account.profile = profile;
    if bit(4) {
        set_consent(&mut facts, "ads", support::record(policy, "ads", ConsentState::Granted, 0));
    }
    if bit(5) {
        facts.notices = Fact::Known([("terms".to_owned(), shown(policy, "terms"))].into());
    }
    facts.biometrics.readiness = if bit(6) { GateReadiness::Ready } else { GateReadiness::NoHardware };
    facts.biometrics.gate = if bit(7) { GateChoice::On } else { GateChoice::Off };
    (facts, person)
}

/// The least number of answers after which the touchpoint is clear, over every order of every possible ask.
fn shortest_way(policy: &Policy, touchpoint: &str, facts: &Facts, person: &Person) -> Option<usize> {
    let found = policy.touchpoint(touchpoint).unwrap();
    let moves: Vec<Step> = vec![
        Step::Inform { purposes: found.inform.clone() },
        Step::Unlock,
        Step::SignIn { routes: vec![], level: found.level.clone(), max_auth_age_s: None },
        Step::StepUp { level: found.level.clone(), max_auth_age_s: None },
        Step::Profile { fields: vec!["name".to_owned()] },
        Step::Consent { required: found.require.clone(), offered: vec![] },
    ];
    let mut ways = vec![facts.clone()];
    for length in 0..=moves.len() {
        if ways.iter().any(|facts| matches!(decide(policy, touchpoint, facts, NOW), Decision::Clear(_))) {
            return Some(length);
        }
        let mut longer: Vec<Facts> = Vec::new();
        for facts in &ways {
            for step in moves.iter().filter(|step| is_possible(facts, step.kind())) {
                let mut next = facts.clone();
                person.answer(
                    policy,
                    &mut next,
                    &AskStep { touchpoint: touchpoint.to_owned(), step: step.clone() },
                    NOW,
                );
                next.visit = Visit::default();
                if !longer.contains(&next) {
                    longer.push(next);
                }
            }
        }
        ways = longer;
    }
    None
}

/// What can be done at all. A sealed fact may not be asked for; nobody signs in over a locked session.
fn is_possible(facts: &Facts, kind: StepKind) -> bool {
    match kind {
        StepKind::Unlock => {
            facts.session.is_sealed()
                || facts.session.known().is_some()
                    && facts.biometrics.gate == GateChoice::On
                    && facts.biometrics.readiness == GateReadiness::Ready
        }
        StepKind::SignIn => facts.session == Fact::Absent,
        StepKind::StepUp => facts.session.known().is_some(),
        StepKind::Profile => !facts.profile.is_sealed(),
        _ => true,
    }
}
