//! Policies, first visits, and a person who answers.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses its part; helpers of tests may fail loudly

use std::collections::{BTreeMap, BTreeSet};

pub use pforte_gate::Visitor as Person;
use pforte_gate::{
    ConsentRecord, ConsentState, Decision, Fact, Facts, Now, Policy, PolicySource, Session, Shown, Step,
    StepKind, decide,
};

pub const NOW: Now = Now { wall_ms: 1_700_000_000_000, elapsed_ms: 3_600_000, provider_s: 1_700_000_000 };

pub fn portal_source() -> PolicySource {
    PolicySource {
        policy_toml: include_str!("../../portal/policy.toml").to_owned(),
        texts: [
            ("en", include_str!("../../portal/texts/en.toml")),
            ("de", include_str!("../../portal/texts/de.toml")),
        ]
        .map(|(locale, text)| (locale.to_owned(), text.to_owned()))
        .into(),
    }
}

pub fn portal() -> Policy {
    Policy::parse(&portal_source()).unwrap()
}

/// A policy without texts, and English texts made up for it.
pub fn with_texts(policy_toml: &str) -> PolicySource {
    let table: toml::Table = policy_toml.parse().unwrap();
    let keys = |name: &str| -> Vec<String> {
        table
            .get(name)
            .and_then(|value| value.as_table())
            .map_or(vec![], |table| table.keys().cloned().collect())
    };
    let strings = |value: Option<&toml::Value>| -> Vec<String> {
        let items = value.and_then(|value| value.as_array()).cloned().unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let purposes = table.get("purpose").and_then(|value| value.as_table()).cloned().unwrap_or_default();
    let mut fields = keys("field");
    fields.extend(purposes.values().flat_map(|purpose| strings(purpose.get("fields"))));
    let fields: BTreeSet<String> = fields.into_iter().collect();
    let mut text = String::new();
    for id in purposes.values().filter_map(|purpose| purpose.get("text")?.as_str()) {
        if !text.contains(&format!("[{id:?}]")) {
            text += &format!("[{id:?}]\ntitle = \"{id} title\"\nbody = \"{id} body\"\n");
        }
    }
    let sections = [
        ("touchpoint", keys("touchpoint")),
        ("level", keys("levels")),
        ("route", strings(table.get("routes").and_then(|routes| routes.get("order")))),
        ("field", fields.into_iter().collect()),
    ];
    for (section, keys) in sections {
        text += &format!("[{section}]\n");
        keys.iter().for_each(|key| text += &format!("{key:?} = \"{key}\"\n"));
    }
    // The portal's fixed sentences will do.
    let english = include_str!("../../portal/texts/en.toml");
    text +=
        english.split_once("[ask.inform]").map(|(_, rest)| format!("[ask.inform]{rest}")).unwrap().as_str();
    PolicySource { policy_toml: policy_toml.to_owned(), texts: [("en".to_owned(), text)].into() }
}

pub fn policy(policy_toml: &str) -> Policy {
    Policy::parse(&with_texts(policy_toml)).unwrap_or_else(|errors| panic!("{errors}"))
}

/// A first visit on a device where every route works.
pub fn first_visit(policy: &Policy) -> Facts {
    let none: BTreeMap<String, ConsentRecord> = BTreeMap::new();
    Facts {
        routes: policy.routes().iter().cloned().collect(),
        consents: Fact::Known(none),
        notices: Fact::Known(BTreeMap::new()),
        ..Facts::default()
    }
}

pub fn signed_in(policy: &Policy, level: &str) -> Facts {
    Facts {
        session: Fact::Known(Session {
            level: level.to_owned(),
            auth_time_s: Some(NOW.provider_s),
            unlocked_elapsed_ms: Some(NOW.elapsed_ms),
        }),
        profile: Fact::Known(BTreeSet::new()),
        ..first_visit(policy)
    }
}

pub fn shown(policy: &Policy, purpose: &str) -> Shown {
    let purpose = policy.purpose(purpose).unwrap();
    Shown {
        text_id: purpose.text_id.clone(),
        text_hash: policy.text_hash(&purpose.text_id, "en").map(str::to_owned),
        terms_hash: Some(purpose.terms_hash.clone()),
    }
}

pub fn record(policy: &Policy, purpose: &str, state: ConsentState, asked_wall_ms: i64) -> ConsentRecord {
    ConsentRecord { state, shown: Some(shown(policy, purpose)), asked_wall_ms: Some(asked_wall_ms) }
}

pub fn set_consent(facts: &mut Facts, purpose: &str, record: ConsentRecord) {
    if !matches!(facts.consents, Fact::Known(_)) {
        facts.consents = Fact::Known(BTreeMap::new());
    }
    if let Fact::Known(consents) = &mut facts.consents {
        consents.insert(purpose.to_owned(), record);
    }
}

/// Answers every ask until there is none; the asks, and how it ended. Ten asks are far too many.
pub fn walk(policy: &Policy, touchpoint: &str, facts: &mut Facts, person: &Person) -> (Vec<Step>, Decision) {
    let mut steps = Vec::new();
    loop {
        match decide(policy, touchpoint, facts, NOW) {
            Decision::Ask(step) => {
                person.answer(policy, facts, &step, NOW);
                steps.push(step.step);
            }
            end => return (steps, end),
        }
        assert!(steps.len() <= 10, "{touchpoint} never ends: {steps:?}");
    }
}

pub fn kinds(steps: &[Step]) -> Vec<StepKind> {
    steps.iter().map(Step::kind).collect()
}
