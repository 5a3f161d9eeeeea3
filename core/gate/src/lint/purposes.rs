//! Purposes: are they asked, can they be answered, is the reason given?

use super::Lint;
use crate::{Basis, Policy};

impl Lint<'_> {
    pub(super) fn purposes(&mut self) {
        let policy = self.policy;
        for purpose in policy.purposes() {
            let id = purpose.id.as_str();
            let path = ["purpose", id];
            if let Some(cycle) = cycle_through(policy, id) {
                let sentence =
                    format!("{id} requires itself in the end ({cycle}); take one of the steps out.");
                self.policy_finding("cycle", &["purpose", id, "requires"], sentence);
            }
            if !is_named(policy, id) {
                let (rule, sentence) = match purpose.basis {
                    Basis::Consent => (
                        "asked-nowhere",
                        format!(
                            "No touchpoint offers or requires {id}, so nobody is ever asked for consent."
                        ),
                    ),
                    _ => (
                        "told-nowhere",
                        format!("No touchpoint has {id} under inform, so nobody is ever told."),
                    ),
                };
                self.policy_finding(rule, &path, sentence);
            }
            for base in &purpose.requires {
                if !is_named(policy, base) {
                    let sentence = format!(
                        "{id} builds on {base}, which no touchpoint asks for: it can never be granted."
                    );
                    self.policy_finding("unsatisfiable", &["purpose", id, "requires", base], sentence);
                }
            }
            if purpose.recipient.is_some() && purpose.fields.is_empty() {
                let sentence = format!("{id} names a recipient, and no fields that it receives.");
                self.policy_finding("recipient-without-fields", &["purpose", id, "recipient"], sentence);
            }
            if purpose.owner.is_none() {
                let sentence = format!("{id} has no owner: who answers for it?");
                self.policy_finding("no-owner", &path, sentence);
            }
            if purpose.basis != Basis::Consent && !purpose.google.is_empty() {
                let sentence = format!(
                    "{id} stands for Google consent types, and rests on {}: they need consent.",
                    purpose.basis.as_str()
                );
                self.policy_finding("google-without-consent", &["purpose", id, "google"], sentence);
            }
        }
        self.required_without_reason();
    }

    fn required_without_reason(&mut self) {
        let policy = self.policy;
        for touchpoint in policy.touchpoints() {
            for purpose in policy.with_all_they_require(&touchpoint.require) {
                for (locale, texts) in &policy.texts {
                    if texts.word("because", &purpose).is_some() {
                        continue;
                    }
                    let id = &touchpoint.id;
                    let sentence = format!(
                        "{id} requires consent to {purpose}, and texts/{locale}.toml gives no reason under [because]. \
                         Consent must be free: say why it can't be done without, or offer it."
                    );
                    self.policy_finding("no-reason", &["touchpoint", id, "require", &purpose], sentence);
                }
            }
        }
    }
}

/// Whether any touchpoint informs about, offers or requires it, itself or through what builds on it.
fn is_named(policy: &Policy, purpose: &str) -> bool {
    policy.touchpoints().iter().any(|touchpoint| {
        let direct = touchpoint.inform.iter().chain(&touchpoint.offer).any(|named| named == purpose);
        direct || policy.with_all_they_require(&touchpoint.require).iter().any(|named| named == purpose)
    })
}

/// The way from a purpose back to itself, in words, if there is one.
fn cycle_through(policy: &Policy, start: &str) -> Option<String> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen: Vec<String> = Vec::new();
    while let Some(way) = ways.pop() {
        let purpose = policy.purpose(way.last()?)?;
        for base in &purpose.requires {
            let mut longer = way.clone();
            longer.push(base.clone());
            if base == start {
                return Some(longer.join(" → "));
            }
            if !seen.contains(base) {
                seen.push(base.clone());
                ways.push(longer);
            }
        }
    }
    None
}
