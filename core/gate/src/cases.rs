//! For tests and benches: decisions that every language must make alike, and policies of any size.
//!
//! [`shared_cases`] draws cases from one seed; [`decide_case`] answers one, text in and text out, so that Rust, Kotlin
//! and Swift can be held against each other line by line: this room's test `cases` writes a thousand of them to
//! `target/cases/cases.jsonl`, one on each line, and Rust's answers to `target/cases/decisions.jsonl`. A binding exports
//! [`decide_case`] to its own tests, and compares what it gives for each line with the same line of the answers. The texts
//! are equal or they are not; no JSON needs to be read. [`scale`] has policies with any number of touchpoints, and the
//! same rules once more in the languages of two other engines.

pub mod draw;
pub(crate) mod readiness;
pub mod scale;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Facts, Now, Policy, PolicySource, decide};

pub use draw::{SEED, shared_cases};

/// One question, complete: the policy, the touchpoint, what is known, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The content of `policy.toml`.
    pub policy_toml: String,
    /// The content of each `texts/LOCALE.toml`, by locale.
    pub texts: BTreeMap<String, String>,
    /// The touchpoint.
    pub touchpoint: String,
    /// What is known.
    pub facts: Facts,
    /// When.
    pub now: Now,
}

impl Case {
    /// The case as canonical JSON on one line, as [`decide_case`] reads it.
    pub fn to_json(&self) -> String {
        canonical(self)
    }
}

/// Decides a case that is written as JSON ([`Case::to_json`]); the decision as canonical JSON: no space, members sorted.
///
/// Total: what can't be read, and a policy with mistakes, come back as `{"error":"…"}`.
pub fn decide_case(json: &str) -> String {
    let error = |sentence: String| canonical(&BTreeMap::from([("error", sentence)]));
    let case: Case = match serde_json::from_str(json) {
        Ok(case) => case,
        Err(wrong) => return error(wrong.to_string()),
    };
    match Policy::parse(&PolicySource { policy_toml: case.policy_toml, texts: case.texts }) {
        Ok(policy) => canonical(&decide(&policy, &case.touchpoint, &case.facts, case.now)),
        Err(errors) => error(errors.to_string()),
    }
}

/// JSON without spaces and with sorted members, whatever order another crate asks the JSON library to keep.
fn canonical(value: &impl Serialize) -> String {
    let mut text = String::new();
    match serde_json::to_value(value) {
        Ok(value) => write_sorted(&value, &mut text),
        Err(error) => text = format!("{{\"error\":{:?}}}", error.to_string()),
    }
    text
}

fn write_sorted(value: &serde_json::Value, text: &mut String) {
    match value {
        serde_json::Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (n, (name, member)) in members.into_iter().enumerate() {
                text.push_str(if n > 0 { "," } else { "" });
                text.push_str(&serde_json::Value::from(name.as_str()).to_string());
                text.push(':');
                write_sorted(member, text);
            }
            text.push('}');
        }
        serde_json::Value::Array(items) => {
            text.push('[');
            for (n, item) in items.iter().enumerate() {
                text.push_str(if n > 0 { "," } else { "" });
                write_sorted(item, text);
            }
            text.push(']');
        }
        simple => text.push_str(&simple.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_at_every_depth_and_text_is_escaped() {
        let value: serde_json::Value =
            serde_json::from_str("{\"b\":[{\"d\":1,\"c\":null}],\"a\":\"\\\"\\n\"}").unwrap();
        assert_eq!(canonical(&value), "{\"a\":\"\\\"\\n\",\"b\":[{\"c\":null,\"d\":1}]}");
    }

    #[test]
    fn what_can_not_be_read_is_an_error_and_no_panic() {
        for text in ["", "{}", "[]", "{\"policy_toml\":1}"] {
            assert!(decide_case(text).starts_with("{\"error\":"), "{text}");
        }
        let mut case = shared_cases(SEED, 1).remove(0);
        case.policy_toml = "version = three".to_owned();
        assert!(decide_case(&case.to_json()).contains("policy.toml:1:"));
    }
}
