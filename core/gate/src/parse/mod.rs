//! From text to a checked policy.
//!
//! Every mistake is collected; a policy comes out only where there is none.

mod purposes;
mod settings;
mod touchpoints;
mod wording;

use toml::Spanned;
use toml::de::DeTable;

use crate::hash::sha256_hex_of_parts;
use crate::reader::{Name, Reader, document};
use crate::{Finding, Policy, PolicyErrors, PolicySource, StepKind};

const TOP_KEYS: &[&str] = &[
    "version",
    "locale",
    "levels",
    "provider",
    "routes",
    "biometrics",
    "lock",
    "age",
    "field",
    "purpose",
    "touchpoint",
    "ask",
    "erasure",
];

impl Policy {
    /// Reads and checks a policy folder as a whole.
    ///
    /// # Errors
    ///
    /// Every mistake that was found, with file, line and column.
    pub fn parse(source: &PolicySource) -> Result<Self, PolicyErrors> {
        let (reader, table) = document("policy.toml", &source.policy_toml);
        let Some(table) = table else { return Err(PolicyErrors { findings: sorted(reader.findings) }) };
        let mut draft = Draft { reader, policy: empty_policy(source), uses: Vec::new() };
        draft.read(&table);

        let mut findings = std::mem::take(&mut draft.reader.findings);
        findings.extend(wording::read(&mut draft, source));
        if findings.is_empty() { Ok(draft.policy) } else { Err(PolicyErrors { findings: sorted(findings) }) }
    }
}

/// A policy on its way.
struct Draft<'i> {
    reader: Reader<'i>,
    policy: Policy,
    /// What `policy.toml` names and each language must have words for.
    uses: Vec<Use>,
}

/// A name in `policy.toml` that needs words.
struct Use {
    /// The table of `texts/*.toml`, or `text` for the entries `id@revision`.
    section: &'static str,
    key: String,
    /// Its line in `policy.toml`.
    line: usize,
}

impl Draft<'_> {
    fn read(&mut self, table: &Spanned<DeTable<'_>>) {
        let root = self.reader.root(table, TOP_KEYS);
        self.read_version_and_locale(&root);
        self.read_levels(&root);
        self.read_providers(&root);
        self.read_routes(&root);
        self.read_biometrics(&root);
        self.read_lock(&root);
        self.read_age(&root);
        self.read_fields(&root);
        self.read_purposes(&root);
        self.read_touchpoints(&root);
        self.read_ask(&root);
        self.read_erasure(&root);
    }

    /// Notes that each language must have words for `name`.
    fn needs_words(&mut self, section: &'static str, name: &Name) {
        let line = self.reader.line(&name.span);
        if !self.uses.iter().any(|earlier| earlier.section == section && earlier.key == name.text) {
            self.uses.push(Use { section, key: name.text.clone(), line });
        }
    }

    /// Reports a name with characters that names don't have.
    fn check_name(&mut self, what: &str, name: &Name) {
        if !crate::names::is_name(&name.text) {
            let sentence = format!(
                "{what} can't be called {:?}: names are lower-case letters, digits, dots, hyphens, colons and underscores.",
                name.text
            );
            self.reader.report("bad-name", name.span.clone(), sentence);
        }
    }
}

/// The policy of an empty file; `read` fills it.
fn empty_policy(source: &PolicySource) -> Policy {
    use crate::{BiometricsOffer, BiometricsPolicy, GateRequirement, LockPolicy, WithoutBiometrics};
    Policy {
        version: 0,
        hash: hash(source),
        default_locale: String::new(),
        levels: Vec::new(),
        providers: Vec::new(),
        routes: Vec::new(),
        biometrics: BiometricsPolicy {
            offer: BiometricsOffer::Never,
            without: WithoutBiometrics::DeviceOnly,
        },
        lock: LockPolicy {
            on_background: true,
            grace_s: 0,
            idle_s: None,
            open_at_most_s: None,
            gate: GateRequirement::Optional,
        },
        consent_from_age: None,
        fields: Vec::new(),
        purposes: Vec::new(),
        touchpoints: Vec::new(),
        touchpoint_places: Default::default(),
        ask_order: StepKind::ALL.to_vec(),
        cooldown: None,
        most_per_visit: None,
        retain_proof: None,
        texts: Default::default(),
    }
}

/// SHA-256 over names and contents of all files; how a tool ends its lines does not matter.
fn hash(source: &PolicySource) -> String {
    let policy = ("policy.toml".to_owned(), source.policy_toml.as_str());
    let texts = source.texts.iter().map(|(locale, text)| (text_file(locale), text.as_str()));
    let files: Vec<(String, String)> =
        std::iter::once(policy).chain(texts).map(|(name, text)| (name, text.replace("\r\n", "\n"))).collect();
    sha256_hex_of_parts(files.iter().flat_map(|(name, text)| [name.as_str(), text.as_str()]))
}

fn text_file(locale: &str) -> String {
    format!("texts/{locale}.toml")
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings.dedup();
    findings
}
