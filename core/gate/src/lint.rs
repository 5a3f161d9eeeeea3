//! Remarks about a policy that can be used and yet is not what its authors will have meant.
//!
//! One function a topic; each says where to look and what to do.

mod purposes;
mod surroundings;
mod wording;

use crate::reader::locate;
use crate::{Finding, Policy, PolicySource};

/// What the authors should look at, in the order of files and lines. `source` is what `policy` was read from.
pub fn lint(policy: &Policy, source: &PolicySource) -> Vec<Finding> {
    let mut lint = Lint { policy, source, findings: Vec::new() };
    lint.purposes();
    lint.surroundings();
    lint.wording();
    lint.findings.sort();
    lint.findings.dedup();
    lint.findings
}

/// Everything there is to say about a policy folder: its mistakes, or, where it can be used, what [`lint`] says.
pub fn check(source: &PolicySource) -> Vec<Finding> {
    match Policy::parse(source) {
        Ok(policy) => lint(&policy, source),
        Err(errors) => errors.findings,
    }
}

struct Lint<'a> {
    policy: &'a Policy,
    source: &'a PolicySource,
    findings: Vec<Finding>,
}

impl Lint<'_> {
    /// Notes something at a place of `policy.toml`.
    fn policy_finding(&mut self, rule: &'static str, path: &[&str], sentence: String) {
        let (line, column) = locate(&self.source.policy_toml, path);
        self.findings.push(Finding { file: "policy.toml".to_owned(), line, column, rule, sentence });
    }

    /// Notes something at a place of one language's texts.
    fn text_finding(&mut self, rule: &'static str, locale: &str, path: &[&str], sentence: String) {
        let text = self.source.texts.get(locale).map(String::as_str).unwrap_or_default();
        let (line, column) = locate(text, path);
        self.findings.push(Finding { file: format!("texts/{locale}.toml"), line, column, rule, sentence });
    }
}
