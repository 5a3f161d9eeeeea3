//! Random policies and facts, drawn from a seed. The same seed gives the same, on every machine.

use std::collections::{BTreeMap, BTreeSet};

use pforte_host::GateReadiness;

use super::Case;
use super::scale::NOW;
use crate::{
    Age, Biometrics, ConsentRecord, ConsentState, Decision, Fact, Facts, GateChoice, Now, Passkey, Policy,
    PolicySource, Session, Shown, StepKind, Visit, Visitor, decide,
};

/// The seed of the shared cases.
pub const SEED: u64 = 2_026;

const LEVELS: [&str; 3] = ["anonymous", "known", "verified"];
const FIELDS: [&str; 4] = ["a", "b", "age", "told"];
const CONSENTS: [&str; 4] = ["p0", "p1", "p2", "p3"];
const NOTICES: [&str; 2] = ["n0", "n1"];

/// The sentences that every policy needs, as short as they can be.
pub(super) const FIXED_TEXTS: &str = "\
[ask.inform]\ntitle = \"Inform\"\ntext = \"{touchpoint}\"\n[ask.unlock]\ntitle = \"Unlock\"\ntext = \"{touchpoint}\"\n\
[ask.sign-in]\ntitle = \"Sign in\"\ntext = \"{level}\"\n[ask.step-up]\ntitle = \"Step up\"\ntext = \"{level}\"\n\
[ask.profile]\ntitle = \"Profile\"\ntext = \"{touchpoint}\"\n\
[ask.consent]\ntitle = \"Consent\"\ntext = \"{touchpoint}\"\nrequired = \"It is required.\"\n\
[ask.enrol-biometrics]\ntitle = \"Biometrics\"\ntext = \"{touchpoint}\"\n\
[ask.enrol-passkey]\ntitle = \"Passkey\"\ntext = \"{touchpoint}\"\n\
[prompt.unlock]\ntitle = \"Unlock\"\nreason = \"Open\"\ncancel = \"Cancel\"\n\
[prompt.enrol]\ntitle = \"Enrol\"\nreason = \"Lock\"\ncancel = \"Cancel\"\n\
[revoke]\nconsent = \"Withdraw.\"\nlegitimate-interest = \"Object.\"\n\
[stop]\nunknown-touchpoint = \"{touchpoint}\"\nno-route = \"No route.\"\ndeclined = \"Declined.\"\n\
consent-refused = \"{purpose}\"\nunder-age = \"{age}\"\nassurance-not-reached = \"{level}\"\n\
provider-withheld = \"{fields}\"\nno-biometrics = \"No biometrics.\"\n";

/// Numbers from a seed: SplitMix64, so that they do not change with a library's version.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let drawn = self.next() % u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(drawn).unwrap_or(0)
    }

    /// Yes, that many times out of a hundred.
    pub fn yes(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of some.
    pub fn one_of<T: Clone>(&mut self, of: &[T], otherwise: T) -> T {
        of.get(self.below(of.len())).cloned().unwrap_or(otherwise)
    }

    /// Some of them, in their order.
    pub fn some<'a>(&mut self, of: &[&'a str]) -> Vec<&'a str> {
        let mut some = Vec::new();
        for item in of {
            if self.yes(50) {
                some.push(*item);
            }
        }
        some
    }
}

/// That many cases from `seed`: random policies and facts, and every eighth about the portal.
pub fn shared_cases(seed: u64, count: usize) -> Vec<Case> {
    let mut random = Random::new(seed);
    let portal = PolicySource {
        policy_toml: include_str!("../../portal/policy.toml").to_owned(),
        texts: [
            ("en", include_str!("../../portal/texts/en.toml")),
            ("de", include_str!("../../portal/texts/de.toml")),
        ]
        .map(|(locale, text)| (locale.to_owned(), text.to_owned()))
        .into(),
    };
    (0..count)
        .map(|number| {
            let mut case = if number.is_multiple_of(8) {
                portal_case(&mut random, &portal)
            } else {
                let (PolicySource { policy_toml, texts }, touchpoints) = policy(&mut random);
                let touchpoint = format!("t{}", random.below(touchpoints + usize::from(number % 50 == 1)));
                Case { policy_toml, texts, touchpoint, facts: facts(&mut random), now: now(&mut random) }
            };
            if random.yes(60) {
                go_on(&mut random, &mut case);
            }
            case
        })
        .collect()
}

/// Answers the first few asks, so that those that come late are among the cases.
fn go_on(random: &mut Random, case: &mut Case) {
    let source = PolicySource { policy_toml: case.policy_toml.clone(), texts: case.texts.clone() };
    let Ok(policy) = Policy::parse(&source) else { return };
    let mut visitor = Visitor { account: fresh_facts(random), ..Visitor::agreeable(&policy) };
    visitor.agrees.retain(|_| random.yes(70));
    let (few, to_the_last) = (random.below(7), random.yes(60));
    let mut before = case.facts.clone();
    for _ in 0..=few {
        let Decision::Ask(step) = decide(&policy, &case.touchpoint, &case.facts, case.now) else {
            if to_the_last {
                case.facts = before;
            }
            return;
        };
        before = case.facts.clone();
        visitor.answer(&policy, &mut case.facts, &step, case.now);
    }
}

fn portal_case(random: &mut Random, portal: &PolicySource) -> Case {
    const TOUCHPOINTS: [&str; 8] = [
        "hotel.browse",
        "account.register",
        "review.write",
        "picture.upload",
        "booking.start",
        "booking.pay",
        "consent.change",
        "review.wirte",
    ];
    let mut facts = facts(random);
    facts.routes.extend(["passkey".to_owned()]);
    if let Fact::Known(names) = &mut facts.profile {
        names.extend(random.some(&["display_name", "name", "email_verified"]).into_iter().map(str::to_owned));
    }
    if let Fact::Known(notices) = &mut facts.notices {
        let told = random.some(&["review.publish@1", "booking.contract@2", "account.contract@1"]);
        notices.extend(told.into_iter().filter_map(|text| {
            let (purpose, _) = text.split_once('@')?;
            Some((purpose.to_owned(), Shown { text_id: text.to_owned(), text_hash: None, terms_hash: None }))
        }));
    }
    Case {
        policy_toml: portal.policy_toml.clone(),
        texts: portal.texts.clone(),
        touchpoint: random.one_of(&TOUCHPOINTS, "hotel.browse").to_owned(),
        facts,
        now: now(random),
    }
}

/// A policy with one to three touchpoints, `t0` and so on, and how many it has. It can be read, and lint may have much to
/// say about it: cycles, an unlock without another way, a level that nobody gives.
pub fn policy(random: &mut Random) -> (PolicySource, usize) {
    let offer = random.one_of(&["never", "after-first-sign-in", "where-asked"], "never");
    let gate = random.one_of(&["optional", "optional", "required"], "optional");
    let strong = if random.yes(80) { "acr = { mfa = \"verified\" }\n" } else { "" };
    let mut text = format!(
        "version = 1\nlocale = \"en\"\n[levels]\nanonymous = 0\nknown = 1\nverified = 2\n\
         [provider.oidc]\notherwise = \"known\"\n{strong}\
         [routes]\norder = [\"page\"]\n[age]\nconsent_from = 16\n[biometrics]\noffer = {offer:?}\n[lock]\ngate = {gate:?}\n\
         [field]\na = {{ kind = \"text\" }}\nb = {{ kind = \"country\" }}\nage = {{ kind = \"over-age\" }}\n\
         told = {{ kind = \"email\", from = \"provider\" }}\n[ask]\norder = {:?}\n",
        order(random),
    );
    text += random.one_of(&["", "cooldown = \"6m\"\n"], "");
    if random.yes(20) {
        text += &format!("most_per_visit = {}\n", 1 + random.below(5));
    }
    for id in CONSENTS {
        let mut requires = if random.yes(40) { random.some(&CONSENTS) } else { Vec::new() };
        requires.retain(|base| *base != id);
        text += &format!("[purpose.{id}]\nbasis = \"consent\"\ntext = \"{id}@1\"\nrequires = {requires:?}\n");
    }
    for id in NOTICES {
        text += &format!("[purpose.{id}]\nbasis = \"contract\"\ntext = \"{id}@1\"\n");
    }
    let touchpoints = 1 + random.below(3);
    for number in 0..touchpoints {
        text += &format!("[touchpoint.t{number}]\n{}", touchpoint(random));
    }
    (
        PolicySource { policy_toml: text, texts: BTreeMap::from([("en".to_owned(), texts(touchpoints))]) },
        touchpoints,
    )
}

/// Above the lowest level with everything a session allows.
fn touchpoint(random: &mut Random) -> String {
    let level = random.below(3);
    let mut profile = random.some(&FIELDS);
    profile.retain(|field| level > 0 || *field != "told");
    let (mut offer, mut require) = (Vec::new(), Vec::new());
    for id in random.some(&CONSENTS) {
        if random.yes(60) { offer.push(id) } else { require.push(id) }
    }
    let inform = random.some(&NOTICES);
    let level_name = LEVELS.get(level).copied().unwrap_or_default();
    let mut text = format!(
        "level = {level_name:?}\nprofile = {profile:?}\ninform = {inform:?}\noffer = {offer:?}\nrequire = {require:?}\n"
    );
    if level > 0 {
        text += random.one_of(&["", "max_auth_age = \"5m\"\n"], "");
        let or_step_up = "unlock = { within = \"2m\", or = \"step-up\" }\n";
        text += random.one_of(&["", or_step_up, or_step_up, "unlock = { within = \"2m\" }\n"], "");
        text += &format!("offer_biometrics = {}\noffer_passkey = {}\n", random.yes(50), random.yes(50));
    }
    text
}

/// Six kinds of ask in any order; the policy adds the other two.
fn order(random: &mut Random) -> Vec<&'static str> {
    let mut left = vec!["inform", "unlock", "sign-in", "step-up", "profile", "consent"];
    let mut order = Vec::new();
    while !left.is_empty() {
        order.push(left.remove(random.below(left.len())));
    }
    order
}

fn texts(touchpoints: usize) -> String {
    let mut text = String::new();
    for id in CONSENTS.iter().chain(&NOTICES) {
        text += &format!("[\"{id}@1\"]\ntitle = \"{id}\"\nbody = \"About {id}.\"\n");
    }
    text += FIXED_TEXTS;
    let sections: [(&str, Vec<String>); 4] = [
        ("touchpoint", (0..touchpoints).map(|number| format!("t{number}")).collect()),
        ("level", LEVELS.map(str::to_owned).into()),
        ("route", vec!["page".to_owned()]),
        ("field", FIELDS.map(str::to_owned).into()),
    ];
    for (section, names) in sections {
        text += &format!("[{section}]\n");
        names.iter().for_each(|name| text += &format!("{name} = \"{name}\"\n"));
    }
    text
}

/// Facts that fit the drawn policies, at any point of a visit: every fact known, absent or sealed.
pub fn facts(random: &mut Random) -> Facts {
    let mut facts = fresh_facts(random);
    if random.yes(40) {
        for kind in StepKind::ALL {
            if random.yes(25) {
                let ago_ms = random.one_of(&[1000, 200_000, 400_000], 0);
                facts.visit.answered.insert(kind, NOW.elapsed_ms - ago_ms);
            }
            if random.yes(10) {
                facts.visit.skipped.insert(kind);
            }
        }
        facts.visit.consent_asked = owned(random.some(&CONSENTS));
    }
    facts
}

/// The same at the beginning of a visit.
pub fn fresh_facts(random: &mut Random) -> Facts {
    let session = fact(random, |random| Session {
        level: random.one_of(&["anonymous", "known", "verified", "nonsense"], "known").to_owned(),
        auth_time_s: ago_s(random).map(|ago| NOW.provider_s - ago),
        unlocked_elapsed_ms: ago_s(random).and_then(|ago| NOW.elapsed_ms.checked_add_signed(-ago * 1000)),
    });
    let consents = fact(random, |random| CONSENTS.map(|id| (id.to_owned(), record(random, id))).into());
    let notices = fact(random, |random| {
        let shown = |id: &str| Shown { text_id: format!("{id}@1"), text_hash: None, terms_hash: None };
        random.some(&NOTICES).into_iter().map(|id| (id.to_owned(), shown(id))).collect()
    });
    let readiness =
        [GateReadiness::Ready, GateReadiness::NotEnrolled, GateReadiness::NoHardware, GateReadiness::NotNow];
    let offered = [None, None, Some(NOW.wall_ms), Some(0)];
    Facts {
        session,
        login_hint: None,
        profile: fact(random, |random| owned(random.some(&FIELDS))),
        age: fact(random, |random| if random.yes(80) { Age::Over } else { Age::Under }),
        consents,
        notices,
        biometrics: Biometrics {
            readiness: random.one_of(&readiness, GateReadiness::Ready),
            gate: random.one_of(&[GateChoice::Undecided, GateChoice::On, GateChoice::Off], GateChoice::On),
            offered_wall_ms: random.one_of(&offered, None),
        },
        passkey: Passkey {
            available: random.yes(60),
            enrolled: random.yes(20),
            offered_wall_ms: random.one_of(&offered, None),
        },
        routes: if random.yes(90) { owned(vec!["page"]) } else { BTreeSet::new() },
        visit: Visit::default(),
    }
}

fn fact<T>(random: &mut Random, known: impl FnOnce(&mut Random) -> T) -> Fact<T> {
    match random.below(5) {
        0 => Fact::Absent,
        1 => Fact::Sealed,
        _ => Fact::Known(known(random)),
    }
}

/// How long ago something was, in seconds; some clocks run ahead.
fn ago_s(random: &mut Random) -> Option<i64> {
    random.one_of(&[None, Some(0), Some(0), Some(60), Some(200), Some(400), Some(-1000)], None)
}

fn record(random: &mut Random, id: &str) -> ConsentRecord {
    let states = [
        ConsentState::Unknown,
        ConsentState::Informed,
        ConsentState::Asked,
        ConsentState::Granted,
        ConsentState::Granted,
        ConsentState::Denied,
        ConsentState::Withdrawn,
        ConsentState::Objected,
        ConsentState::Expired,
    ];
    let state = random.one_of(&states, ConsentState::Unknown);
    let text_id = random
        .one_of(&[Some(format!("{id}@1")), Some(format!("{id}@1")), Some(format!("{id}@0")), None], None);
    let asked = [Some(NOW.wall_ms), Some(0), Some(i64::MAX), Some(i64::MIN), None];
    ConsentRecord {
        state,
        shown: text_id.map(|text_id| Shown { text_id, text_hash: None, terms_hash: None }),
        asked_wall_ms: random.one_of(&asked, None),
    }
}

/// The moment of all cases, a little later, or at the ends of time.
fn now(random: &mut Random) -> Now {
    let later = Now {
        wall_ms: NOW.wall_ms + 90_000,
        elapsed_ms: NOW.elapsed_ms + 90_000,
        provider_s: NOW.provider_s + 90,
    };
    let last = Now { wall_ms: i64::MAX, elapsed_ms: u64::MAX, provider_s: i64::MAX };
    let first = Now { wall_ms: i64::MIN, elapsed_ms: 0, provider_s: i64::MIN };
    random.one_of(&[NOW, NOW, NOW, later, later, last, first], NOW)
}

fn owned(names: Vec<&str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}
