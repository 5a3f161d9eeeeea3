//! The cases that every language decides alike: the same from the same seed, each with an answer, and none lost in JSON.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pforte_gate::cases::{Case, SEED, decide_case, shared_cases};
use pforte_gate::{Policy, PolicySource, decide};

const COUNT: usize = 1000;

/// Writes `cases.jsonl` and `decisions.jsonl`, where Kotlin and Swift read them: line by line, a case and its decision.
#[test]
#[allow(clippy::print_stdout, reason = "the counts are what this test shows")]
fn a_thousand_cases_are_written_for_the_other_languages() {
    let cases = shared_cases(SEED, COUNT);
    assert_eq!(cases.len(), COUNT);
    let (mut questions, mut decisions) = (String::new(), String::new());
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for case in &cases {
        let json = case.to_json();
        let decision = decide_case(&json);
        assert!(!json.contains('\n') && !decision.contains('\n'));
        assert!(!decision.starts_with("{\"error\""), "{decision}");
        let read: serde_json::Value = serde_json::from_str(&decision).unwrap();
        *kinds.entry(kind(&read)).or_default() += 1;
        questions += &(json + "\n");
        decisions += &(decision + "\n");
    }
    println!("{COUNT} shared cases from seed {SEED}: {kinds:?}");
    for kind in [
        "clear",
        "inform",
        "unlock",
        "sign-in",
        "step-up",
        "profile",
        "consent",
        "enrol-biometrics",
        "enrol-passkey",
    ] {
        assert!(kinds.get(kind).is_some_and(|count| *count >= 5), "too few of {kind}: {kinds:?}");
    }
    assert!(kinds.keys().filter(|kind| kind.starts_with("stop ")).count() >= 7, "{kinds:?}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../cases");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("cases.jsonl"), questions).unwrap();
    fs::write(folder.join("decisions.jsonl"), decisions).unwrap();
}

#[test]
fn what_crosses_as_json_is_decided_like_what_did_not() {
    for case in shared_cases(SEED + 1, 300) {
        let read: Case = serde_json::from_str(&case.to_json()).unwrap();
        assert_eq!(read, case);
        let policy = Policy::parse(&PolicySource { policy_toml: case.policy_toml, texts: case.texts })
            .unwrap_or_else(|e| panic!("{e}"));
        let direct = serde_json::to_value(decide(&policy, &case.touchpoint, &case.facts, case.now)).unwrap();
        let crossed: serde_json::Value = serde_json::from_str(&decide_case(&read.to_json())).unwrap();
        assert_eq!(direct, crossed);
    }
}

#[test]
fn the_same_seed_gives_the_same_cases_and_another_gives_others() {
    assert_eq!(shared_cases(7, 50), shared_cases(7, 50));
    assert_ne!(shared_cases(7, 50), shared_cases(8, 50));
}

/// `clear`, the kind of ask, or `stop` and the reason.
fn kind(decision: &serde_json::Value) -> String {
    let name = |value: &serde_json::Value| match value {
        serde_json::Value::String(name) => name.clone(),
        other => other.as_object().unwrap().keys().next().unwrap().clone(),
    };
    match name(decision).as_str() {
        "ask" => name(&decision["ask"]["step"]),
        "stop" => format!("stop {}", name(&decision["stop"])),
        other => other.to_owned(),
    }
}
