//! What holds for every policy and all facts. A thousand policies and ten visitors each are drawn from a seed; the last
//! test of each kind says how many cases it saw.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "the counts are what these tests show")]

mod model;
mod support;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::prelude::*;

use pforte_gate::cases::draw::{self, Random};
use pforte_gate::cases::scale::NOW;
use pforte_gate::{
    Age, AskStep, ConsentState, Decision, Fact, Facts, Finding, GateChoice, Now, Policy, PolicySource,
    Session, Step, StepKind, StopReason, Touchpoint, Visitor, decide, lint,
};

const POLICIES: u64 = 1000;
const VISITORS: usize = 10;

struct Drawn {
    policy: Policy,
    source: PolicySource,
    findings: Vec<Finding>,
    seed: u64,
}

/// The drawn policies; read once for all tests.
fn drawn() -> &'static [Drawn] {
    static DRAWN: OnceLock<Vec<Drawn>> = OnceLock::new();
    DRAWN.get_or_init(|| {
        let draw = |seed| {
            let (source, _) = draw::policy(&mut Random::new(seed));
            let policy = Policy::parse(&source).unwrap_or_else(|errors| panic!("seed {seed}: {errors}"));
            let findings = lint(&policy, &source);
            Drawn { policy, source, findings, seed }
        };
        (0..POLICIES).map(draw).collect()
    })
}

/// Calls `check` for every policy, touchpoint and drawn facts, and says how often.
fn for_each_case(
    name: &str,
    facts: fn(&mut Random) -> Facts,
    check: impl FnMut(&Drawn, &Touchpoint, Facts, &mut Random),
) {
    let cases = for_each_of(VISITORS, facts, check);
    println!("{name}: {cases} cases");
    assert!(cases >= 10_000);
}

/// The same with that many visitors for each policy; returns how many cases there were.
fn for_each_of(
    visitors: usize,
    facts: fn(&mut Random) -> Facts,
    mut check: impl FnMut(&Drawn, &Touchpoint, Facts, &mut Random),
) -> usize {
    let mut cases = 0;
    for drawn in drawn() {
        let mut random = Random::new(drawn.seed ^ 0x5eed);
        for n in 0..visitors {
            let touchpoints = drawn.policy.touchpoints();
            let facts = facts(&mut random);
            check(drawn, &touchpoints[n % touchpoints.len()], facts, &mut random);
            cases += 1;
        }
    }
    cases
}

/// Somebody who agrees to some purposes, with something in the vault.
fn any_visitor(policy: &Policy, random: &mut Random) -> Visitor {
    let consents = ["p0", "p1", "p2", "p3"];
    let mut visitor = Visitor::agreeable(policy);
    visitor.agrees = random.some(&consents).into_iter().map(str::to_owned).collect();
    visitor.age = if random.yes(70) { Age::Over } else { Age::Under };
    if random.yes(20) {
        visitor.told_by_provider.clear();
    }
    visitor.account = draw::fresh_facts(random);
    visitor
}

/// Somebody who agrees to everything and is old enough, wherever that is written.
fn willing_visitor(policy: &Policy, facts: &mut Facts, random: &mut Random) -> Visitor {
    let mut visitor = Visitor { account: draw::fresh_facts(random), ..Visitor::agreeable(policy) };
    for age in [&mut facts.age, &mut visitor.account.age] {
        if age.known().is_some() {
            *age = Fact::Known(Age::Over);
        }
    }
    facts.routes = ["page".to_owned()].into();
    visitor
}

/// Answers every ask until there is none: the asks, and how it ended.
fn walk(policy: &Policy, touchpoint: &str, facts: &mut Facts, visitor: &Visitor) -> (Vec<AskStep>, Decision) {
    let mut asked = Vec::new();
    loop {
        match decide(policy, touchpoint, facts, NOW) {
            Decision::Ask(step) => {
                visitor.answer(policy, facts, &step, NOW);
                asked.push(step);
            }
            end => return (asked, end),
        }
        assert!(asked.len() <= 8, "{touchpoint} never ends: {asked:?}");
    }
}

/// How many of the asks can't be left out.
fn needed(policy: &Policy, asked: &[AskStep]) -> usize {
    asked.iter().filter(|step| !policy.can_be_skipped(step)).count()
}

#[test]
fn asking_ends_never_asks_what_is_known_and_each_answer_makes_progress() {
    for_each_case(
        "terminates, never asks the known, progresses",
        draw::facts,
        |drawn, touchpoint, mut facts, random| {
            let policy = &drawn.policy;
            let visitor = any_visitor(policy, random);
            let mut asked: Vec<AskStep> = Vec::new();
            while let Decision::Ask(step) = decide(policy, &touchpoint.id, &facts, NOW) {
                let case = || format!("seed {}, {}: {step:?} {facts:?}", drawn.seed, touchpoint.id);
                assert!(!asks_for_what_is_known(&facts, &step), "{}", case());
                assert!(!asks_for_what_is_sealed(&facts, &step), "{}", case());
                assert!(!asked.contains(&step), "was answered and comes again: {}", case());
                // Some asks are declined instead of answered.
                if random.yes(20) {
                    facts.visit.skipped.insert(step.kind());
                    let next = decide(policy, &touchpoint.id, &facts, NOW);
                    let stopped = next == Decision::Stop(StopReason::Declined { kind: step.kind() });
                    assert!(
                        !(stopped && policy.can_be_skipped(&step)),
                        "an offer was declined and it stopped"
                    );
                } else {
                    visitor.answer(policy, &mut facts, &step, NOW);
                }
                asked.push(step);
                assert!(asked.len() <= 8, "{asked:?}");
            }
            if let Decision::Clear(clearance) = decide(policy, &touchpoint.id, &facts, NOW) {
                assert!(policy.level_rank(&clearance.level) >= policy.level_rank(&touchpoint.level));
                assert_eq!(model::unmet(policy, touchpoint, &facts), Vec::<&str>::new(), "{facts:?}");
            }
        },
    );
}

#[test]
fn every_touchpoint_can_be_passed_by_a_willing_visitor_or_lint_says_why_not() {
    let (mut passed, mut linted) = (0, 0);
    for_each_case("satisfiable or linted", draw::fresh_facts, |drawn, touchpoint, mut facts, random| {
        let visitor = willing_visitor(&drawn.policy, &mut facts, random);
        let before = facts.clone();
        match walk(&drawn.policy, &touchpoint.id, &mut facts, &visitor).1 {
            Decision::Clear(_) => passed += 1,
            end => {
                let about_it = |finding: &&Finding| {
                    ["unsatisfiable", "unreachable"].contains(&finding.rule)
                        && finding.sentence.starts_with(&touchpoint.id)
                };
                let found = drawn.findings.iter().find(about_it);
                assert!(found.is_some(), "seed {}, {}: {end:?} from {before:?}", drawn.seed, touchpoint.id);
                linted += 1;
            }
        }
    });
    println!("  {passed} passed, {linted} stopped and were linted");
    assert!(passed > 7000 && linted > 200);
}

#[test]
fn no_shorter_way_exists() {
    let (mut compared, mut longest) = (0, 0);
    let mut seen = BTreeSet::new();
    // Not every touchpoint is small enough, and not every visit ends well: there are more visitors to begin with.
    for_each_of(2 * VISITORS, draw::fresh_facts, |drawn, touchpoint, mut facts, random| {
        let policy = &drawn.policy;
        if model::requirements(policy, touchpoint) > 6 {
            return;
        }
        let mut visitor = willing_visitor(policy, &mut facts, random);
        // An offer that is taken would open ways that were not needed.
        if policy.lock().gate == pforte_gate::GateRequirement::Optional {
            visitor.declines.insert(StepKind::EnrolBiometrics);
        }
        let shortest = model::shortest_way(policy, touchpoint, &facts, &visitor);
        let before = facts.clone();
        let (asked, end) = walk(policy, &touchpoint.id, &mut facts, &visitor);
        if matches!(end, Decision::Clear(_)) {
            let needed = needed(policy, &asked);
            assert_eq!(
                Some(needed),
                shortest,
                "seed {}, {}: {asked:?} from {before:?}",
                drawn.seed,
                touchpoint.id
            );
            compared += 1;
            longest = longest.max(needed);
            seen.insert(needed);
        }
    });
    println!("minimal: {compared} cases compared with an exhaustive search, up to {longest} asks");
    assert!(compared >= 10_000 && seen.len() >= 4, "{seen:?}");
}

#[test]
fn who_is_better_known_is_never_asked_for_more() {
    let mut fewer = 0;
    let mut compared = 0;
    for_each_of(2 * VISITORS, draw::fresh_facts, |drawn, touchpoint, mut facts, random| {
        let policy = &drawn.policy;
        let visitor = willing_visitor(policy, &mut facts, random);
        let sealed = facts.session.is_sealed();
        if !sealed {
            // Nothing is sealed without a session.
            open(&mut facts);
        }
        if touchpoint.unlock.is_some_and(|rule| !rule.or_step_up) {
            // Lint warns of it: who must sign in again proves to be there by that, and who need not can't.
            return;
        }
        let better = better_known(policy, touchpoint, &facts, random);
        let (asked, end) = walk(policy, &touchpoint.id, &mut facts.clone(), &visitor);
        let (asked_then, end_then) = walk(policy, &touchpoint.id, &mut better.clone(), &visitor);
        if matches!(end, Decision::Clear(_)) {
            let case = format!(
                "seed {}, {}: {asked:?} from {facts:?}, then {asked_then:?} from {better:?}",
                drawn.seed, touchpoint.id
            );
            assert!(matches!(end_then, Decision::Clear(_)), "{end_then:?} {case}");
            assert!(needed(policy, &asked_then) <= needed(policy, &asked), "{case}");
            compared += 1;
            fewer += usize::from(needed(policy, &asked_then) < needed(policy, &asked));
        }
    });
    println!("monotone in the facts: {compared} cases, {fewer} were asked for less");
    assert!(compared >= 10_000 && fewer > 1000);
}

#[test]
fn a_stricter_policy_lets_nobody_through_who_was_not_let_through_before() {
    let stricter: Vec<Policy> = drawn()
        .iter()
        .map(|drawn| {
            let toml = &drawn.source.policy_toml;
            let toml = toml.replace("level = \"known\"", "level = \"verified\"");
            let toml = toml
                .replace("inform = []", "inform = [\"n0\"]")
                .replace("inform = [\"n1\"]", "inform = [\"n0\", \"n1\"]");
            let source = PolicySource { policy_toml: toml, texts: drawn.source.texts.clone() };
            Policy::parse(&source).unwrap_or_else(|errors| panic!("seed {}: {errors}", drawn.seed))
        })
        .collect();
    let mut through = 0;
    for_each_case("monotone in the policy", draw::fresh_facts, |drawn, touchpoint, mut facts, random| {
        if random.yes(60) {
            facts = better_known(&drawn.policy, touchpoint, &facts, random);
        }
        let policy = &stricter[usize::try_from(drawn.seed).unwrap()];
        if matches!(decide(policy, &touchpoint.id, &facts, NOW), Decision::Clear(_)) {
            through += 1;
            let before = decide(&drawn.policy, &touchpoint.id, &facts, NOW);
            assert!(
                matches!(before, Decision::Clear(_)),
                "seed {}, {}: {before:?} {facts:?}",
                drawn.seed,
                touchpoint.id
            );
        }
    });
    println!("  {through} were let through by the stricter policy");
    assert!(through > 300);
}

#[test]
fn the_same_question_gets_the_same_answer() {
    let again: Vec<Policy> = drawn().iter().map(|drawn| Policy::parse(&drawn.source).unwrap()).collect();
    for_each_case("deterministic", draw::facts, |drawn, touchpoint, facts, _| {
        let first = decide(&drawn.policy, &touchpoint.id, &facts, NOW);
        let policy = &again[usize::try_from(drawn.seed).unwrap()];
        assert_eq!(*policy, drawn.policy);
        assert_eq!(decide(policy, &touchpoint.id, &facts.clone(), NOW), first);
    });
}

#[test]
fn offers_keep_to_the_limit_of_a_visit_and_to_the_cool_down() {
    let mut quiet = 0;
    for_each_case("offers keep quiet", draw::facts, |drawn, touchpoint, mut facts, random| {
        let policy = &drawn.policy;
        // Everything that can be offered was refused a moment ago.
        let refused = random.yes(50);
        if refused {
            facts.biometrics.offered_wall_ms = Some(NOW.wall_ms);
            facts.passkey.offered_wall_ms = Some(NOW.wall_ms);
            for id in ["p0", "p1", "p2", "p3"] {
                let record = support::record(policy, id, ConsentState::Denied, NOW.wall_ms);
                support::set_consent(&mut facts, id, record);
            }
        }
        let visit = &facts.visit;
        let had = StepKind::ALL
            .iter()
            .filter(|kind| visit.answered.contains_key(kind) || visit.skipped.contains(kind));
        let full = policy.most_per_visit().is_some_and(|most| had.count() as u64 >= most);
        if let Decision::Ask(step) = decide(policy, &touchpoint.id, &facts, NOW)
            && (refused || full)
        {
            assert!(!policy.can_be_skipped(&step), "seed {}: {step:?} {facts:?}", drawn.seed);
            quiet += 1;
        }
    });
    assert!(quiet > 1000, "{quiet}");
}

/// Turns what is sealed into what is absent.
fn open(facts: &mut Facts) {
    if facts.profile.is_sealed() {
        facts.profile = Fact::Absent;
    }
    if facts.age.is_sealed() {
        facts.age = Fact::Absent;
    }
    if facts.consents.is_sealed() {
        facts.consents = Fact::Absent;
    }
    if facts.notices.is_sealed() {
        facts.notices = Fact::Absent;
    }
}

/// The same person, better known: some of what was missing is there.
fn better_known(policy: &Policy, touchpoint: &Touchpoint, facts: &Facts, random: &mut Random) -> Facts {
    let mut better = facts.clone();
    if random.yes(50) && !better.session.is_sealed() {
        better.session = Fact::Known(Session {
            level: "verified".to_owned(),
            auth_time_s: Some(NOW.provider_s),
            unlocked_elapsed_ms: Some(NOW.elapsed_ms),
        });
        open(&mut better);
    }
    if random.yes(50) && !better.profile.is_sealed() {
        let mut names = better.profile.known().cloned().unwrap_or_default();
        names.extend(touchpoint.profile.iter().filter(|name| *name != "age").cloned());
        better.profile = Fact::Known(names);
    }
    if random.yes(50) && !better.age.is_sealed() && better.age.known().is_none() {
        better.age = Fact::Known(Age::Over);
    }
    if random.yes(50) && !better.notices.is_sealed() {
        let mut notices = better.notices.known().cloned().unwrap_or_default();
        notices.extend(["n0", "n1"].map(|id| (id.to_owned(), support::shown(policy, id))));
        better.notices = Fact::Known(notices);
    }
    if random.yes(50) && !better.consents.is_sealed() {
        for id in model::with_bases(policy, &touchpoint.require) {
            let record = support::record(policy, &id, ConsentState::Granted, NOW.wall_ms);
            support::set_consent(&mut better, &id, record);
        }
    }
    better
}

/// Whether `step` asks for something the facts hold already.
fn asks_for_what_is_known(facts: &Facts, step: &AskStep) -> bool {
    let profile = facts.profile.known();
    let open = facts.session.known().is_some();
    match &step.step {
        Step::Inform { purposes } => purposes.iter().all(|id| {
            facts
                .notices
                .known()
                .and_then(|told| told.get(id))
                .is_some_and(|told| told.text_id == format!("{id}@1"))
        }),
        Step::EnrolPasskey => facts.passkey.enrolled,
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
                || required.iter().chain(offered).any(|id| model::is_granted(facts, id))
        }
    }
}

/// Whether `step` asks for a detail that may lie in the locked vault.
fn asks_for_what_is_sealed(facts: &Facts, step: &AskStep) -> bool {
    let locked = facts.session.is_sealed();
    match &step.step {
        Step::Inform { .. } => locked && facts.notices.is_sealed(),
        Step::Profile { fields } => {
            let sealed = |field: &String| {
                if field == "age" { facts.age.is_sealed() } else { facts.profile.is_sealed() }
            };
            locked && fields.iter().any(sealed)
        }
        Step::Consent { .. } => locked && (facts.consents.is_sealed() || facts.age.is_sealed()),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn any_name_any_time_and_any_facts_get_a_decision(
        seed in any::<u64>(), touchpoint in "[a-z.0-9é]{0,8}", wall_ms in any::<i64>(), elapsed_ms in any::<u64>(),
        provider_s in any::<i64>(),
    ) {
        let now = Now { wall_ms, elapsed_ms, provider_s };
        let policy = &drawn()[usize::try_from(seed % POLICIES).unwrap()].policy;
        let facts = draw::facts(&mut Random::new(seed));
        for touchpoint in ["t0", &touchpoint] {
            if let Decision::Ask(step) = decide(policy, touchpoint, &facts, now) {
                let ask = policy.ask(&step, &touchpoint.to_uppercase(), &facts);
                prop_assert_eq!(ask.locale, "en");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn reading_never_panics(text in "[\\[\\]a-z.=\"{}0-9\n ]{0,80}", tail in any::<bool>()) {
        let mut source = support::portal_source();
        source.policy_toml = if tail { source.policy_toml + &text } else { text.clone() };
        source.texts.insert("en".to_owned(), text);
        prop_assert!(!pforte_gate::check(&source).is_empty());
    }
}
