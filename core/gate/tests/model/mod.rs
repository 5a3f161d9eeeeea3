//! The drawn policies' rules once more, told without the code under test: what is missing, and the shortest way to have it
//! all, over every order of every ask.

use std::collections::BTreeSet;

use pforte_gate::cases::scale::NOW;
use pforte_gate::{
    Age, ConsentState, Fact, Facts, GateChoice, GateRequirement, Policy, Session, Touchpoint, UnlockRule,
    Visitor,
};
use pforte_host::GateReadiness;

/// How many single things a touchpoint demands.
pub fn requirements(policy: &Policy, touchpoint: &Touchpoint) -> usize {
    usize::from(touchpoint.level != "anonymous")
        + usize::from(touchpoint.max_auth_age_s.is_some())
        + usize::from(touchpoint.unlock.is_some())
        + touchpoint.profile.len()
        + touchpoint.inform.len()
        + with_bases(policy, &touchpoint.require).len()
}

/// The purposes and all that they build on.
pub fn with_bases(policy: &Policy, purposes: &[String]) -> Vec<String> {
    let mut all = purposes.to_vec();
    let mut n = 0;
    while let Some(id) = all.get(n).cloned() {
        for base in &policy.purpose(&id).unwrap().requires {
            if !all.contains(base) {
                all.push(base.clone());
            }
        }
        n += 1;
    }
    all
}

/// Whether there is a grant for the text of today.
pub fn is_granted(facts: &Facts, id: &str) -> bool {
    facts.consents.known().and_then(|consents| consents.get(id)).is_some_and(|record| {
        record.state == ConsentState::Granted
            && record.shown.as_ref().is_some_and(|shown| shown.text_id == format!("{id}@1"))
    })
}

fn is_told(facts: &Facts, id: &str) -> bool {
    let told = facts.notices.known().and_then(|notices| notices.get(id));
    told.is_some_and(|told| told.text_id == format!("{id}@1"))
}

fn has(facts: &Facts, field: &str) -> bool {
    match field {
        "age" => facts.age.known().is_some(),
        _ => facts.profile.known().is_some_and(|names| names.contains(field)),
    }
}

fn is_recent(session: &Session) -> bool {
    session.auth_time_s.is_some_and(|at| (-60..=300).contains(&(NOW.provider_s - at)))
}

fn is_present(session: &Session) -> bool {
    session.unlocked_elapsed_ms.is_some_and(|at| at <= NOW.elapsed_ms && NOW.elapsed_ms - at <= 120_000)
}

fn rank(level: &str) -> usize {
    ["anonymous", "known", "verified"].iter().position(|known| *known == level).unwrap_or(0)
}

/// What the touchpoint demands and the facts do not show.
pub fn unmet(policy: &Policy, touchpoint: &Touchpoint, facts: &Facts) -> Vec<&'static str> {
    let session = facts.session.known();
    let above_lowest = touchpoint.level != "anonymous";
    let all = [
        ("session", session.is_some() || !above_lowest),
        ("recent", touchpoint.max_auth_age_s.is_none() || session.is_some_and(is_recent)),
        ("present", touchpoint.unlock.is_none() || session.is_some_and(is_present)),
        ("profile", touchpoint.profile.iter().all(|field| has(facts, field))),
        ("inform", touchpoint.inform.iter().all(|id| is_told(facts, id))),
        ("consent", with_bases(policy, &touchpoint.require).iter().all(|id| is_granted(facts, id))),
        ("age", touchpoint.require.is_empty() || facts.age.known() != Some(&Age::Under)),
    ];
    all.iter().filter(|(_, met)| !met).map(|(what, _)| *what).collect()
}

/// All that matters about one visit, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    locked: bool,
    open: bool,
    level: bool,
    recent: bool,
    present: bool,
    gate_on: bool,
    person_fields: bool,
    told_by_provider: bool,
    notices: bool,
    consents: bool,
    /// Which kinds of fact lie in the vault as long as it is locked.
    sealed_profile: bool,
    sealed_age: bool,
    sealed_notices: bool,
    sealed_consents: bool,
}

/// The least number of answers after which nothing is missing, or nothing where no way leads there.
pub fn shortest_way(
    policy: &Policy,
    touchpoint: &Touchpoint,
    facts: &Facts,
    visitor: &Visitor,
) -> Option<usize> {
    let world = World { policy, touchpoint, facts, visitor };
    let mut ways = BTreeSet::from([world.beginning()]);
    for length in 0..=8 {
        if ways.iter().any(|state| world.is_done(*state)) {
            return Some(length);
        }
        ways = ways.iter().flat_map(|state| world.moves(*state)).collect();
    }
    None
}

struct World<'a> {
    policy: &'a Policy,
    touchpoint: &'a Touchpoint,
    facts: &'a Facts,
    visitor: &'a Visitor,
}

impl World<'_> {
    fn beginning(&self) -> State {
        let facts = self.facts;
        let locked = facts.session.is_sealed();
        let state = State {
            locked,
            open: false,
            level: false,
            recent: false,
            present: false,
            gate_on: facts.biometrics.gate == GateChoice::On,
            person_fields: false,
            told_by_provider: false,
            notices: false,
            consents: false,
            sealed_profile: facts.profile.is_sealed(),
            sealed_age: facts.age.is_sealed(),
            sealed_notices: facts.notices.is_sealed(),
            sealed_consents: facts.consents.is_sealed(),
        };
        let state = self.with_contents(state, facts);
        facts.session.known().map_or(state, |session| self.with_session(state, session))
    }

    fn with_session(&self, mut state: State, session: &Session) -> State {
        state.locked = false;
        state.open = true;
        state.level = rank(&session.level) >= rank(&self.touchpoint.level);
        state.recent = is_recent(session);
        state.present = is_present(session);
        state
    }

    fn with_contents(&self, mut state: State, facts: &Facts) -> State {
        let fields = |wanted_told: bool| {
            let mut fields =
                self.touchpoint.profile.iter().filter(move |field| (*field == "told") == wanted_told);
            fields.all(|field| has(facts, field))
        };
        state.person_fields = fields(false);
        state.told_by_provider = fields(true);
        state.notices = self.touchpoint.inform.iter().all(|id| is_told(facts, id));
        state.consents =
            with_bases(self.policy, &self.touchpoint.require).iter().all(|id| is_granted(facts, id));
        state
    }

    /// What was sealed shows; what was said in the meantime stays.
    fn opened(&self, before: State) -> State {
        let mut facts = self.facts.clone();
        let account = &self.visitor.account;
        fn open<T: Clone>(fact: &mut Fact<T>, inside: &Fact<T>) {
            if fact.is_sealed() {
                *fact = if inside.is_sealed() { Fact::Absent } else { inside.clone() };
            }
        }
        open(&mut facts.profile, &account.profile);
        open(&mut facts.age, &account.age);
        open(&mut facts.consents, &account.consents);
        open(&mut facts.notices, &account.notices);
        let mut state = self.with_contents(before, &facts);
        state.person_fields |= before.person_fields;
        state.told_by_provider |= before.told_by_provider;
        state.notices |= before.notices;
        state.consents |= before.consents;
        (state.sealed_profile, state.sealed_age) = (false, false);
        (state.sealed_notices, state.sealed_consents) = (false, false);
        state
    }

    fn signed_in(&self, before: State) -> State {
        let mut state = before;
        let strong = self.policy.level_of_acr("oidc", Some("mfa")) == "verified";
        (state.locked, state.open, state.recent, state.present) = (false, true, true, true);
        state.level = rank(&self.touchpoint.level) <= if strong { 2 } else { 1 };
        state.told_by_provider |= self.visitor.told_by_provider.contains("told");
        state
    }

    /// Every ask that is possible, and where its answer leads.
    fn moves(&self, state: State) -> Vec<State> {
        let readiness = self.facts.biometrics.readiness;
        let finger =
            state.gate_on && !matches!(readiness, GateReadiness::NotEnrolled | GateReadiness::NoHardware);
        let mut next = Vec::new();
        if state.locked {
            let session = self.visitor.account.session.known().cloned().unwrap_or_default();
            next.push(State { present: true, ..self.with_session(self.opened(state), &session) });
        } else if state.open {
            if finger {
                next.push(State { present: true, ..state });
            }
            next.push(self.signed_in(state));
            if readiness == GateReadiness::Ready {
                next.push(State { gate_on: true, ..state });
            }
        } else {
            next.push(self.signed_in(state));
        }
        // What may lie in the vault is not asked for.
        if !(state.locked && state.sealed_notices) {
            next.push(State { notices: true, ..state });
        }
        let age_is_asked = self.touchpoint.profile.iter().any(|field| field == "age");
        let profile_is_asked = self.touchpoint.profile.iter().any(|field| field != "age");
        let missing_age = age_is_asked && self.facts.age.known().is_none();
        let hidden = profile_is_asked && state.sealed_profile || missing_age && state.sealed_age;
        if !(state.locked && hidden) {
            next.push(State { person_fields: true, ..state });
        }
        if !(state.locked && (state.sealed_consents || state.sealed_age)) {
            next.push(State { consents: true, ..state });
        }
        next
    }

    fn is_done(&self, state: State) -> bool {
        let touchpoint = self.touchpoint;
        let above_lowest = touchpoint.level != "anonymous";
        let gate_is_due = self.policy.lock().gate == GateRequirement::Required
            && self.facts.biometrics.readiness == GateReadiness::Ready
            && !state.gate_on;
        let present = |_: UnlockRule| state.present;
        let session = state.open
            && state.level
            && (touchpoint.max_auth_age_s.is_none() || state.recent)
            && touchpoint.unlock.is_none_or(present)
            && !gate_is_due;
        (!above_lowest || session)
            && state.person_fields
            && state.told_by_provider
            && state.notices
            && state.consents
    }
}
