//! Policies with any number of touchpoints, and the same rules in the languages of two other engines.
//!
//! One [`Rule`] stands behind each touchpoint. [`policy_with`] writes the rules as a policy folder, [`cedar_with`] as
//! Cedar policies, [`rego_with`] as a Rego module, and [`people`] gives people for whom the answer to "may it go ahead?"
//! is known. So a bench can first check that all three agree, and then measure.
//!
//! The other engines answer yes or no (Rego here: and what is missing); the question to ask next, its order and its texts
//! are not part of their answer. Offers are left out: they never decide whether something may go ahead.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::{
    Age, Biometrics, ConsentRecord, ConsentState, Fact, Facts, Now, Passkey, PolicySource, Session, Shown,
    Visit,
};

/// The moment of all measurements.
pub const NOW: Now = Now { wall_ms: 1_700_000_000_000, elapsed_ms: 3_600_000, provider_s: 1_700_000_000 };

const LEVELS: [&str; 3] = ["anonymous", "known", "verified"];
const FIELDS: usize = 8;
const NOTICES: usize = 10;
const CONSENTS: usize = 20;
const MAX_AUTH_AGE_S: i64 = 300;
const WITHIN_S: i64 = 120;

/// What one touchpoint asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The touchpoint's name, such as `touchpoint.17`.
    pub touchpoint: String,
    /// The rank of the level that is needed: 0 to 2.
    pub level: usize,
    /// Whether the sign-in must be no older than five minutes.
    pub recent: bool,
    /// Whether the person must have proved to be there within two minutes.
    pub present: bool,
    /// The details that are needed.
    pub fields: Vec<String>,
    /// What the person must have been told.
    pub notices: Vec<String>,
    /// The consents without which it can't go ahead.
    pub consents: Vec<String>,
}

/// The rule of the touchpoint with that number.
pub fn rule(number: usize) -> Rule {
    let level = number % LEVELS.len();
    let names = |kind: &str, of: usize, how_many: usize| -> Vec<String> {
        let names: BTreeSet<String> =
            (0..how_many).map(|n| format!("{kind}.{}", (number * 7 + n * 3) % of)).collect();
        names.into_iter().collect()
    };
    Rule {
        touchpoint: format!("touchpoint.{number}"),
        level,
        recent: level == 2,
        present: level == 2 && number.is_multiple_of(2),
        fields: if level == 0 { Vec::new() } else { names("field", FIELDS, 1 + number % 3) },
        notices: names("notice", NOTICES, number % 3),
        consents: names("consent", CONSENTS, usize::from(number.is_multiple_of(5))),
    }
}

/// A policy with that many touchpoints, in one language. The same number gives the same policy, byte for byte.
pub fn policy_with(touchpoints: usize) -> PolicySource {
    let mut policy = String::from(
        "version = 1\nlocale = \"en\"\n[levels]\nanonymous = 0\nknown = 1\nverified = 2\n\
         [provider.oidc]\notherwise = \"known\"\nacr = { mfa = \"verified\" }\n[routes]\norder = [\"page\"]\n",
    );
    let mut texts = String::new();
    policy += "[field]\n";
    (0..FIELDS).for_each(|n| push(&mut policy, format_args!("\"field.{n}\" = {{ kind = \"text\" }}\n")));
    for (kind, basis, count) in [("notice", "contract", NOTICES), ("consent", "consent", CONSENTS)] {
        for n in 0..count {
            push(
                &mut policy,
                format_args!("[purpose.\"{kind}.{n}\"]\nbasis = \"{basis}\"\ntext = \"{kind}.{n}@1\"\n"),
            );
            push(
                &mut texts,
                format_args!("[\"{kind}.{n}@1\"]\ntitle = \"{kind} {n}\"\nbody = \"About {kind} {n}.\"\n"),
            );
        }
    }
    texts += super::draw::FIXED_TEXTS;
    texts += "[level]\nanonymous = \"anonymous\"\nknown = \"known\"\nverified = \"verified\"\n[route]\npage = \"Page\"\n[field]\n";
    (0..FIELDS).for_each(|n| push(&mut texts, format_args!("\"field.{n}\" = \"Field {n}\"\n")));
    texts += "[touchpoint]\n";
    for rule in (0..touchpoints).map(rule) {
        let Rule { touchpoint, level, fields, notices, consents, .. } = &rule;
        let level = LEVELS.get(*level).copied().unwrap_or_default();
        push(
            &mut policy,
            format_args!(
                "[touchpoint.\"{touchpoint}\"]\nlevel = \"{level}\"\nprofile = {fields:?}\ninform = {notices:?}\nrequire = {consents:?}\n"
            ),
        );
        policy += if rule.recent { "max_auth_age = \"5m\"\n" } else { "" };
        policy += if rule.present { "unlock = { within = \"2m\", or = \"step-up\" }\n" } else { "" };
        push(&mut texts, format_args!("\"{touchpoint}\" = \"Touchpoint {touchpoint}\"\n"));
    }
    PolicySource { policy_toml: policy, texts: BTreeMap::from([("en".to_owned(), texts)]) }
}

/// The same rules as Cedar policies, one `permit` for each touchpoint.
///
/// The request: principal `Person::"visitor"`, action `Action::"enter"`, resource `Touchpoint::"touchpoint.17"`, no
/// entities, and [`Someone::context`] as the context.
pub fn cedar_with(touchpoints: usize) -> String {
    let mut text = String::new();
    for rule in (0..touchpoints).map(rule) {
        let mut conditions = vec![format!("context.level >= {}", rule.level)];
        if rule.recent {
            conditions.push(format!("context.signed_in_ago <= {MAX_AUTH_AGE_S}"));
        }
        if rule.present {
            conditions.push(format!("context.unlocked_ago <= {WITHIN_S}"));
        }
        for (name, wanted) in
            [("profile", &rule.fields), ("notices", &rule.notices), ("consents", &rule.consents)]
        {
            if !wanted.is_empty() {
                conditions.push(format!("context.{name}.containsAll({wanted:?})"));
            }
        }
        push(
            &mut text,
            format_args!(
                "permit(principal, action == Action::\"enter\", resource == Touchpoint::\"{}\")\nwhen {{ {} }};\n",
                rule.touchpoint,
                conditions.join(" && ")
            ),
        );
    }
    text
}

/// The same rules as a Rego module: the table as data, and a handful of rules over it.
///
/// The query: `data.pforte.allow` (yes or no) or `data.pforte.missing` (a set of words); the input:
/// `{"touchpoint": "touchpoint.17", "person": CONTEXT}` with [`Someone::context`].
pub fn rego_with(touchpoints: usize) -> String {
    let mut text = String::from(
        "package pforte\n\nimport rego.v1\n\nrule := rules[input.touchpoint]\n\
         missing contains \"level\" if input.person.level < rule.level\n\
         missing contains \"recent\" if {\n\trule.recent\n\tinput.person.signed_in_ago > 300\n}\n\
         missing contains \"present\" if {\n\trule.present\n\tinput.person.unlocked_ago > 120\n}\n\
         missing contains field if {\n\tsome field in rule.fields\n\tnot field in input.person.profile\n}\n\
         missing contains notice if {\n\tsome notice in rule.notices\n\tnot notice in input.person.notices\n}\n\
         missing contains consent if {\n\tsome consent in rule.consents\n\tnot consent in input.person.consents\n}\n\
         default allow := false\nallow if {\n\trule\n\tcount(missing) == 0\n}\n\nrules := {\n",
    );
    let entries = (0..touchpoints).map(rule).map(|rule| {
        let Rule { touchpoint, level, recent, present, fields, notices, consents } = rule;
        format!(
            "\t\"{touchpoint}\": {{\"level\": {level}, \"recent\": {recent}, \"present\": {present}, \
             \"fields\": {fields:?}, \"notices\": {notices:?}, \"consents\": {consents:?}}}"
        )
    });
    text += &entries.collect::<Vec<_>>().join(",\n");
    text + "\n}\n"
}

/// Somebody in front of a touchpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Someone {
    /// The rank of the level reached: 0 (nobody signed in) to 2.
    pub level: usize,
    /// How long ago the sign-in was, in seconds.
    pub signed_in_ago_s: i64,
    /// How long ago the person proved to be there, in seconds.
    pub unlocked_ago_s: i64,
    /// The details that are known.
    pub profile: BTreeSet<String>,
    /// What the person was told.
    pub notices: BTreeSet<String>,
    /// What the person agreed to.
    pub consents: BTreeSet<String>,
}

impl Someone {
    /// The same as facts.
    pub fn facts(&self) -> Facts {
        let shown = |id: &String| Shown { text_id: format!("{id}@1"), text_hash: None, terms_hash: None };
        let granted = |id: &String| ConsentRecord {
            state: ConsentState::Granted,
            shown: Some(shown(id)),
            asked_wall_ms: Some(NOW.wall_ms),
        };
        let session = (self.level > 0).then(|| Session {
            level: LEVELS.get(self.level).copied().unwrap_or_default().to_owned(),
            auth_time_s: Some(NOW.provider_s - self.signed_in_ago_s),
            unlocked_elapsed_ms: NOW.elapsed_ms.checked_add_signed(-self.unlocked_ago_s * 1000),
        });
        Facts {
            session: session.map_or(Fact::Absent, Fact::Known),
            login_hint: None,
            profile: Fact::Known(self.profile.clone()),
            age: Fact::Known(Age::Over),
            consents: Fact::Known(self.consents.iter().map(|id| (id.clone(), granted(id))).collect()),
            notices: Fact::Known(self.notices.iter().map(|id| (id.clone(), shown(id))).collect()),
            biometrics: Biometrics::default(),
            passkey: Passkey::default(),
            routes: ["page".to_owned()].into(),
            visit: Visit::default(),
        }
    }

    /// The same as a JSON object: Cedar's context, and `person` of Rego's input.
    pub fn context(&self) -> String {
        let Self { level, signed_in_ago_s, unlocked_ago_s, profile, notices, consents } = self;
        let list = |names: &BTreeSet<String>| format!("{:?}", names.iter().collect::<Vec<_>>());
        format!(
            "{{\"level\":{level},\"signed_in_ago\":{signed_in_ago_s},\"unlocked_ago\":{unlocked_ago_s},\
             \"profile\":{},\"notices\":{},\"consents\":{}}}",
            list(profile),
            list(notices),
            list(consents)
        )
    }

    /// Whether `rule` lets this person go ahead, told without any of the three engines.
    pub fn may_pass(&self, rule: &Rule) -> bool {
        let has_all =
            |has: &BTreeSet<String>, wanted: &[String]| wanted.iter().all(|name| has.contains(name));
        self.level >= rule.level
            && (!rule.recent || self.signed_in_ago_s <= MAX_AUTH_AGE_S)
            && (!rule.present || self.unlocked_ago_s <= WITHIN_S)
            && has_all(&self.profile, &rule.fields)
            && has_all(&self.notices, &rule.notices)
            && has_all(&self.consents, &rule.consents)
    }
}

/// That many people, from one who has nothing to one who may pass everywhere. The same number gives the same people.
pub fn people(count: usize) -> Vec<Someone> {
    let some = |kind: &str, of: usize, person: usize, seed: usize| -> BTreeSet<String> {
        let everything = person + 1 == count;
        // Each name is there with a chance that rises from the first person to the last.
        let there = |n: &usize| everything || (n * 31 + person * 17 + seed * 7) % count.max(1) < person;
        (0..of).filter(there).map(|n| format!("{kind}.{n}")).collect()
    };
    (0..count)
        .map(|person| {
            let last = person + 1 == count;
            Someone {
                level: if last { 2 } else { person % LEVELS.len() },
                signed_in_ago_s: if last || !person.is_multiple_of(3) { 60 } else { 3000 },
                unlocked_ago_s: if last || !person.is_multiple_of(4) { 30 } else { 600 },
                profile: some("field", FIELDS, person, 1),
                notices: some("notice", NOTICES, person, 2),
                consents: some("consent", CONSENTS, person, 3),
            }
        })
        .collect()
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    let _ = text.write_fmt(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decision, Policy, decide};

    #[test]
    fn the_decision_is_what_the_rules_say() {
        let policy = Policy::parse(&policy_with(200)).unwrap_or_else(|errors| panic!("{errors}"));
        let mut passed = 0;
        for someone in people(20) {
            let facts = someone.facts();
            for rule in (0..200).map(rule) {
                let clear = matches!(decide(&policy, &rule.touchpoint, &facts, NOW), Decision::Clear(_));
                assert_eq!(clear, someone.may_pass(&rule), "{rule:?} {someone:?}");
                passed += usize::from(clear);
            }
        }
        assert!((400..3600).contains(&passed), "{passed} of 4000 pass: the people are too much alike");
    }

    #[test]
    fn every_size_can_be_read_and_the_last_of_the_people_passes_everywhere() {
        let last = people(20).pop().unwrap();
        for size in [1, 10, 2000] {
            let policy = Policy::parse(&policy_with(size)).unwrap_or_else(|errors| panic!("{errors}"));
            assert_eq!(policy.touchpoints().len(), size);
            assert!(policy.touchpoints().iter().all(|touchpoint| {
                matches!(decide(&policy, &touchpoint.id, &last.facts(), NOW), Decision::Clear(_))
            }));
            assert_eq!(cedar_with(size).matches("permit(").count(), size);
            assert_eq!(rego_with(size).matches("\"level\": ").count(), size);
        }
    }
}
