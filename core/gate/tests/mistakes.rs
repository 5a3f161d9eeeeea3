//! Seeded mistakes: each is found, at its line, in a sentence that says what to do.

#![allow(clippy::unwrap_used)] // helpers of tests may fail loudly

mod support;

use pforte_gate::{Finding, Policy, PolicySource, check};
use support::portal_source;

/// A change to the portal's policy or texts, and what must be said about it.
struct Seed {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    rule: &'static str,
    says: &'static str,
}

const fn seed(
    file: &'static str,
    from: &'static str,
    to: &'static str,
    rule: &'static str,
    says: &'static str,
) -> Seed {
    Seed { file, from, to, rule, says }
}

fn changed(seed: &Seed) -> PolicySource {
    let mut source = portal_source();
    let text = match seed.file {
        "policy" => &mut source.policy_toml,
        locale => source.texts.get_mut(locale).unwrap(),
    };
    assert!(text.contains(seed.from), "{} does not say {}", seed.file, seed.from);
    *text = text.replacen(seed.from, seed.to, 1);
    source
}

/// What is said first by the rule; the mistake's own line, where it is in that file.
fn find<'a>(findings: &'a [Finding], seed: &Seed) -> &'a Finding {
    findings
        .iter()
        .find(|finding| finding.rule == seed.rule && finding.sentence.contains(seed.says))
        .unwrap_or_else(|| {
            panic!("{} → {}: expected {} {:?}, found {findings:#?}", seed.from, seed.to, seed.rule, seed.says)
        })
}

/// Mistakes with which a policy can't be used.
const ERRORS: &[Seed] = &[
    seed("policy", "version = 3", "version = three", "toml", "This is not valid TOML"),
    seed("policy", "version = 3", "version = \"3\"", "wrong-type", "whole number"),
    seed("policy", "version = 3\n", "", "missing-key", "needs version"),
    seed("policy", "locale = \"en\"", "locale = \"fr\"", "missing-text", "needs the file texts/fr.toml"),
    seed(
        "policy",
        "without = \"device-only\"",
        "whithout = \"device-only\"",
        "unknown-key",
        "did you mean without?",
    ),
    seed(
        "policy",
        "offer = \"after-first-sign-in\"",
        "offer = \"after-first-signin\"",
        "unknown-word",
        "did you mean after-first-sign-in?",
    ),
    seed("policy", "verified = 2", "verified = 1", "same-rank", "known and verified"),
    seed("policy", "mfa = \"verified\"", "mfa = \"verifed\"", "unknown-name", "did you mean verified?"),
    seed("policy", "\"page\"]", "\"pages\"]", "unknown-word", "did you mean page?"),
    seed("policy", "\"page\"]", "\"page\", \"page\"]", "twice", "names page twice"),
    seed("policy", "grace = \"0s\"", "grace = \"10m\"", "too-long", "at most 5m"),
    seed("policy", "grace = \"0s\"", "grace = \"soon\"", "bad-duration", "write a number"),
    seed("policy", "open_at_most = \"12h\"", "idle = \"0s\"", "too-short", "while they read"),
    seed("policy", "open_at_most = \"12h\"", "open_at_most = \"12\"", "bad-duration", "write a number"),
    seed("policy", "on_background = true", "on_background = \"yes\"", "wrong-type", "true or false"),
    seed("policy", "consent_from = 16", "consent_from = 0", "out-of-range", "from 1 to 120"),
    seed("policy", "[age]\nconsent_from = 16", "[age]", "missing-key", "needs consent_from"),
    seed(
        "policy",
        "{ kind = \"over-age\" }",
        "{ kind = \"over-age\", from = \"provider\" }",
        "age-field",
        "only the person",
    ),
    seed("policy", "basis = \"consent\"", "basis = \"consnet\"", "unknown-word", "did you mean consent?"),
    seed("policy", "basis = \"consent\"\n", "", "missing-key", "needs basis"),
    seed(
        "policy",
        "text = \"analytics@2\"",
        "text = \"analytics@3\"",
        "missing-text",
        "texts/en.toml has no text analytics@3, which policy.toml line",
    ),
    seed("policy", "text = \"analytics@2\"", "text = \"analytics\"", "bad-name", "such as analytics@1"),
    seed("policy", "retain = \"13m\"", "retain = \"13h\"", "bad-duration", "thirteen months"),
    seed(
        "policy",
        "google = [\"analytics_storage\"]",
        "google = [\"analytic_storage\"]",
        "unknown-word",
        "did you mean analytics_storage?",
    ),
    seed(
        "policy",
        "requires = [\"profile.store\"]",
        "requires = [\"profile.stored\"]",
        "unknown-name",
        "did you mean profile.store?",
    ),
    seed(
        "policy",
        "requires = [\"profile.store\"]",
        "requires = [\"review.publish\"]",
        "wrong-basis",
        "take it out of requires",
    ),
    seed(
        "policy",
        "[touchpoint.\"hotel.search\"]",
        "[touchpoint.\"Hotel search\"]",
        "bad-name",
        "lower-case letters",
    ),
    seed(
        "policy",
        "[touchpoint.\"hotel.search\"]",
        "[touchpiont.\"hotel.search\"]",
        "unknown-key",
        "did you mean touchpoint?",
    ),
    seed("policy", "level = \"verified\"\n", "", "missing-key", "needs level"),
    seed(
        "policy",
        "level = \"verified\"",
        "level = \"anonymous\"",
        "needs-a-session",
        "max_auth_age has no meaning",
    ),
    seed(
        "policy",
        "level = \"verified\"",
        "level = \"anonymous\"",
        "needs-a-session",
        "email_verified comes from the provider",
    ),
    seed("policy", "max_auth_age = \"5m\"", "max_auth_age = \"5s\"", "out-of-range", "at least 30s"),
    seed("policy", "or = \"step-up\"", "or = \"stepup\"", "unknown-word", "did you mean step-up?"),
    seed("policy", "within = \"2m\", ", "", "missing-key", "needs within"),
    seed(
        "policy",
        "profile = [\"display_name\", \"age\"]",
        "profile = [\"displayname\", \"age\"]",
        "unknown-name",
        "did you mean display_name?",
    ),
    seed("policy", "offer = [\"analytics\"]", "offer = \"analytics\"", "wrong-type", "must be a list"),
    seed(
        "policy",
        "offer = [\"analytics\"]",
        "offer = [\"review.publish\"]",
        "wrong-basis",
        "put it under inform",
    ),
    seed(
        "policy",
        "inform = [\"review.publish\"]",
        "inform = [\"analytics\"]",
        "wrong-basis",
        "telling is not enough",
    ),
    seed(
        "policy",
        "offer = [\"analytics\"]",
        "offer = [\"analytics\"]\nrequire = [\"analytics\"]",
        "twice",
        "offered and required",
    ),
    seed("policy", "\"step-up\", \"profile\"", "\"profile\"", "missing-key", "step-up is missing"),
    seed(
        "policy",
        "\"step-up\", \"profile\"",
        "\"step-up\", \"profil\"",
        "unknown-word",
        "did you mean profile?",
    ),
    seed("policy", "cooldown = \"6m\"", "cooldown = \"-6m\"", "bad-duration", "write a number"),
    seed("policy", "most_per_visit = 6", "most_per_visit = 0", "out-of-range", "at least 1"),
    seed(
        "de",
        "[\"analytics@2\"]",
        "[\"analytics@1\"]",
        "missing-text",
        "texts/de.toml has no text analytics@2",
    ),
    seed("de", "[\"analytics@2\"]", "[\"analytics@two\"]", "bad-name", "no name for a text"),
    seed("de", "title = \"Newsletter\"", "title = \"\"", "empty-text", "is empty"),
    seed("de", "title = \"Newsletter\"\n", "", "missing-key", "needs title"),
    seed(
        "de",
        "page = \"Mit Passwort anmelden\"\n",
        "",
        "missing-text",
        "no words for page in [route], which policy.toml line",
    ),
    seed("de", "page = \"Mit", "pgae = \"Mit", "unknown-key", "did you mean page?"),
    seed("de", "[ask.profile]", "[ask.profiles]", "unknown-key", "did you mean ask.profile?"),
    seed(
        "de",
        "mindestens {age} Jahre",
        "mindestens {alter} Jahre",
        "unknown-placeholder",
        "what can: {age}",
    ),
    seed("de", "[revoke]", "[widerruf]", "missing-text", "no words for consent in [revoke]"),
];

/// It points into the file, and says something in whole words that begin and end like a sentence.
fn assert_is_for_a_marketer(finding: &Finding, source: &PolicySource) {
    let text = match finding.file.strip_prefix("texts/").and_then(|file| file.strip_suffix(".toml")) {
        None => &source.policy_toml,
        Some(locale) => &source.texts[locale],
    };
    let line =
        text.lines().nth(finding.line - 1).unwrap_or_else(|| panic!("{finding}: there is no such line"));
    assert!((1..=line.chars().count() + 1).contains(&finding.column), "{finding}: there is no such column");
    assert!(finding.sentence.ends_with(['.', '?']), "{finding}");
    assert!(finding.sentence.split_whitespace().count() >= 5, "{finding}: says too little");
    for word in ["Err(", "Some(", "None", "expected type", "span", "null", "panic"] {
        assert!(!finding.sentence.contains(word), "{finding}: {word} means nothing to a marketer");
    }
}

/// All of them, as their authors would read them.
#[test]
#[allow(clippy::print_stdout, reason = "the table is what this test shows")]
fn the_table_of_mistakes() {
    let mut places = std::collections::BTreeSet::new();
    println!("{:<20} {:<15} {:>4}:{:<3}  sentence", "rule", "file", "line", "col");
    for seed in ERRORS.iter().chain(REMARKS) {
        let findings = check(&changed(seed));
        let Finding { file, line, column, rule, sentence } = find(&findings, seed);
        println!("{rule:<20} {file:<15} {line:>4}:{column:<3}  {sentence}");
        places.insert((*rule, file.clone(), *line, *column));
    }
    println!("{} seeded mistakes, {} rules", ERRORS.len() + REMARKS.len(), {
        places.iter().map(|(rule, ..)| rule).collect::<std::collections::BTreeSet<_>>().len()
    });
    assert!(places.len() >= 60, "{} different places", places.len());
}

#[test]
fn each_mistake_is_found_where_it_is() {
    for seed in ERRORS {
        let source = changed(seed);
        let errors = Policy::parse(&source).expect_err(seed.to);
        let finding = find(&errors.findings, seed);
        assert_is_for_a_marketer(finding, &source);
        assert!(errors.to_string().contains(&finding.sentence));
    }
}

#[test]
fn a_mistake_points_at_its_line_and_column() {
    let source = changed(&seed("policy", "mfa = \"verified\"", "mfa = \"verifed\"", "", ""));
    let errors = Policy::parse(&source).unwrap_err();
    let finding = &errors.findings[0];
    let line = source.policy_toml.lines().nth(finding.line - 1).unwrap();
    assert_eq!((line, finding.column), ("mfa = \"verifed\"", 7));
    assert_eq!(finding.file, "policy.toml");
}

/// Policies that can be used, and are not what was meant.
const REMARKS: &[Seed] = &[
    seed(
        "policy",
        "text = \"profile.store@4\"",
        "text = \"profile.store@4\"\nrequires = [\"crm.link\"]",
        "cycle",
        "requires itself",
    ),
    seed("policy", "offer = [\"analytics\"]", "", "asked-nowhere", "nobody is ever asked"),
    seed("policy", "inform = [\"account.contract\"]", "", "told-nowhere", "nobody is ever told"),
    seed(
        "policy",
        "require = [\"picture.rights\"] ",
        "require = [\"hotel.contact\"] ",
        "no-reason",
        "texts/en.toml gives no reason",
    ),
    seed(
        "policy",
        "fields = [\"email\", \"display_name\", \"reviews_written\"]",
        "",
        "recipient-without-fields",
        "no fields",
    ),
    seed("policy", "owner = \"product\"\n", "", "no-owner", "who answers"),
    seed(
        "policy",
        "basis = \"contract\"",
        "basis = \"contract\"\ngoogle = [\"ad_storage\"]",
        "google-without-consent",
        "need consent",
    ),
    seed(
        "policy",
        "[touchpoint.\"booking.pay\"]\nlevel = \"verified\"",
        "[touchpoint.\"booking.pay\"]\nlevel = \"known\"",
        "unused-level",
        "No touchpoint asks",
    ),
    seed(
        "policy",
        "otherwise = \"known\"",
        "otherwise = \"anonymous\"",
        "sign-in-worth-nothing",
        "as if nobody",
    ),
    seed(
        "policy",
        "offer = \"after-first-sign-in\"",
        "offer = \"where-asked\"",
        "offered-nowhere",
        "offer_biometrics = true",
    ),
    seed("policy", "within = \"2m\", or = \"step-up\"", "within = \"2m\"", "unsatisfiable", "add or ="),
    seed("policy", "offer_passkey = true", "offer_biometrics = true", "no-effect", "no effect unless"),
    seed("policy", "consent_from = 16", "consent_from = 18", "consent-age-range", "Art. 8"),
    seed(
        "policy",
        "[\"inform\", \"unlock\", \"sign-in\", \"step-up\", \"profile\", \"consent\"]",
        "[\"inform\", \"profile\", \"unlock\", \"sign-in\", \"step-up\", \"consent\"]",
        "no-effect",
        "profile stands before unlock",
    ),
    seed(
        "de",
        "[\"newsletter@1\"]",
        "[\"newsletter@2\"]\ntitle = \"Neu\"\nbody = \"Neu\"\n[\"newsletter@1\"]",
        "unused-text",
        "is newer",
    ),
    seed(
        "de",
        "[\"newsletter@1\"]",
        "[\"letter@1\"]\ntitle = \"Neu\"\nbody = \"Neu\"\n[\"newsletter@1\"]",
        "unused-text",
        "No purpose uses",
    ),
    seed(
        "de",
        "\"Customer database\" = \"Unsere Kundendatenbank\"\n",
        "",
        "recipient-without-words",
        "Customer database",
    ),
];

#[test]
fn each_remark_is_made() {
    for seed in REMARKS {
        let source = changed(seed);
        Policy::parse(&source).unwrap_or_else(|errors| panic!("{}: {errors}", seed.to));
        let findings = check(&source);
        assert_is_for_a_marketer(find(&findings, seed), &source);
    }
}

/// Remarks that take more than one change.
#[test]
fn remarks_about_the_whole() {
    let rules = |change: &dyn Fn(&mut PolicySource)| -> Vec<&'static str> {
        let mut source = portal_source();
        change(&mut source);
        Policy::parse(&source).unwrap_or_else(|errors| panic!("{errors}"));
        check(&source).into_iter().map(|finding| finding.rule).collect()
    };
    let replace = |source: &mut PolicySource, from: &str, to: &str| {
        assert!(source.policy_toml.contains(from), "{from}");
        source.policy_toml = source.policy_toml.replace(from, to);
    };
    let unmapped = rules(&|source| {
        replace(source, "mfa = \"verified\"", "mfa = \"known\"");
        replace(source, "multi-factor\" = \"verified\"", "multi-factor\" = \"known\"");
    });
    assert_eq!(unmapped, ["level-unmapped", "unreachable"]);
    let one_language = rules(&|source| drop(source.texts.remove("de")));
    assert_eq!(one_language, ["single-language"]);
    let no_page = rules(&|source| {
        replace(source, ", \"page\"]", "]");
        for text in source.texts.values_mut() {
            *text = text
                .lines()
                .filter(|line| !line.starts_with("page = "))
                .map(|line| format!("{line}\n"))
                .collect();
        }
    });
    assert_eq!(no_page, ["no-fallback-route"]);
    let no_passkey = rules(&|source| {
        replace(source, "\"passkey\", ", "");
        for text in source.texts.values_mut() {
            *text = text
                .lines()
                .filter(|line| !line.starts_with("passkey = "))
                .map(|line| format!("{line}\n"))
                .collect();
        }
    });
    assert_eq!(no_passkey, ["unused-passkey", "unused-passkey"]);
    let unused_field = rules(&|source| {
        replace(
            source,
            "name = { kind = \"text\" }\nemail",
            "name = { kind = \"text\" }\nstay = { kind = \"text\" }\nemail",
        );
    });
    assert_eq!(unused_field, ["unused-field"]);
    let contradiction = rules(&|source| {
        replace(source, "offer = \"after-first-sign-in\"", "offer = \"never\"");
        replace(source, "gate = \"optional\"", "gate = \"required\"");
    });
    assert_eq!(contradiction, ["contradiction"]);
    let age_asked_nowhere = rules(&|source| {
        replace(source, "profile = [\"display_name\", \"age\"]", "profile = [\"display_name\"]");
        replace(source, "profile = [\"name\", \"age\"]", "profile = [\"name\"]");
        replace(source, "profile = [\"age\"]", "");
    });
    assert_eq!(age_asked_nowhere, ["age-asked-nowhere", "unused-field"]);
    let untranslated = rules(&|source| {
        let english = source.texts["en"].clone();
        source.texts.insert("de".to_owned(), english);
    });
    assert_eq!(untranslated, ["untranslated"; 12]);
    let never_asked = rules(&|source| {
        replace(source, "offer = [\"profile.store\", \"newsletter\"]", "offer = [\"newsletter\"]");
        replace(source, "offer = [\"profile.store\"]", "");
        replace(source, "offer = [\"profile.store\", \"crm.link\"]", "offer = [\"crm.link\"]");
    });
    assert_eq!(never_asked, ["asked-nowhere", "unsatisfiable"]);
}

#[test]
fn nothing_and_nonsense_are_errors() {
    assert!(Policy::parse(&PolicySource::default()).is_err());
    let nonsense =
        PolicySource { policy_toml: "[[[".to_owned(), texts: [("en".to_owned(), "\0".to_owned())].into() };
    assert_eq!(Policy::parse(&nonsense).unwrap_err().findings[0].rule, "toml");
    let mut badly_named = portal_source();
    badly_named.texts.insert("../en".to_owned(), badly_named.texts["en"].clone());
    assert!(Policy::parse(&badly_named).unwrap_err().to_string().contains("no language"));
}
