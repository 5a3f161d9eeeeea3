//! A policy folder: `policy.toml NUL en.toml NUL de.toml`.

use pforte_gate::{Decision, Facts, Finding, Now, Policy, PolicySource, check, decide, explain, lint};

use crate::bounded;

const NOW: Now = Now { wall_ms: 1_700_000_000_000, elapsed_ms: 60_000, provider_s: 1_700_000_000 };

const PORTAL: [&str; 3] = [
    include_str!("../../../core/gate/portal/policy.toml"),
    include_str!("../../../core/gate/portal/texts/en.toml"),
    include_str!("../../../core/gate/portal/texts/de.toml"),
];

const SMALL: &str = "version = 1\nlocale = \"en\"\n[levels]\nanonymous = 0\nknown = 1\n[routes]\norder = [\"page\"]\n\
    [field]\na = { kind = \"text\" }\n[purpose.p]\nbasis = \"consent\"\ntext = \"p@1\"\nretain = \"13m\"\n\
    [touchpoint.t]\nlevel = \"known\"\nprofile = [\"a\"]\noffer = [\"p\"]\nmax_auth_age = \"5m\"\n\
    unlock = { within = \"2m\", or = \"step-up\" }\n[ask]\norder = [\"sign-in\", \"consent\"]\ncooldown = \"6m\"\n";

pub fn seeds() -> Vec<Vec<u8>> {
    vec![
        PORTAL.join("\0").into_bytes(),
        [SMALL, PORTAL[1]].join("\0").into_bytes(),
        SMALL.as_bytes().to_vec(),
    ]
}

/// Mistakes are told with a place that is in the file; a policy without mistakes answers for every touchpoint, twice the
/// same, and has words for what it asks.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let mut files = text.split('\0').map(str::to_owned);
    let policy_toml = files.next().unwrap_or_default();
    let texts = ["en", "de"].into_iter().zip(files).map(|(locale, text)| (locale.to_owned(), text)).collect();
    let source = PolicySource { policy_toml, texts };
    let policy = match bounded(text.as_bytes(), 1 << 20, 512, || Policy::parse(&source)) {
        Ok(policy) => policy,
        Err(errors) => {
            assert!(!errors.findings.is_empty());
            return errors.findings.iter().for_each(|finding| lies_in(finding, &source));
        }
    };
    assert_eq!(Policy::parse(&source).as_ref(), Ok(&policy));
    lint(&policy, &source).iter().chain(&check(&source)).for_each(|finding| lies_in(finding, &source));
    let facts = Facts::default();
    for touchpoint in policy.touchpoints() {
        let decision = decide(&policy, &touchpoint.id, &facts, NOW);
        assert_eq!(decision, decide(&policy, &touchpoint.id, &facts, NOW));
        for locale in ["en", "de-AT", "tlh"] {
            assert!(explain(&policy, &touchpoint.id, locale).is_ok());
            match &decision {
                Decision::Ask(step) => drop(policy.ask(step, locale, &facts)),
                Decision::Stop(reason) => assert!(!policy.stop_text(reason, locale).is_empty()),
                Decision::Clear(_) => {}
            }
        }
    }
}

fn lies_in(finding: &Finding, source: &PolicySource) {
    let locale = finding.file.strip_prefix("texts/").and_then(|file| file.strip_suffix(".toml"));
    let text = match locale {
        None => source.policy_toml.as_str(),
        Some(locale) => source.texts.get(locale).map_or("", |text| text.as_str()),
    };
    let lines = text.split('\n').count();
    assert!((1..=lines.max(1)).contains(&finding.line), "{finding}");
    let width = text.split('\n').nth(finding.line - 1).unwrap_or_default().chars().count();
    assert!((1..=width + 1).contains(&finding.column), "{finding}");
    assert!(!finding.sentence.is_empty());
}
