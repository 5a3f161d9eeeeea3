//! A policy, read and checked.

use std::collections::BTreeMap;

use pforte_host::FieldKind;

use crate::texts::Texts;
use crate::{CalendarSpan, StepKind};

/// A policy that was checked as a whole: every name in it leads somewhere, every text is there in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(crate) version: u64,
    pub(crate) hash: String,
    pub(crate) default_locale: String,
    /// Lowest first.
    pub(crate) levels: Vec<String>,
    pub(crate) providers: Vec<AcrTable>,
    pub(crate) routes: Vec<String>,
    pub(crate) biometrics: BiometricsPolicy,
    pub(crate) lock: LockPolicy,
    pub(crate) consent_from_age: Option<u8>,
    pub(crate) fields: Vec<Field>,
    pub(crate) purposes: Vec<Purpose>,
    pub(crate) touchpoints: Vec<Touchpoint>,
    /// Where each touchpoint stands in that list.
    pub(crate) touchpoint_places: BTreeMap<String, usize>,
    pub(crate) ask_order: Vec<StepKind>,
    pub(crate) cooldown: Option<CalendarSpan>,
    pub(crate) most_per_visit: Option<u64>,
    pub(crate) retain_proof: Option<CalendarSpan>,
    pub(crate) texts: BTreeMap<String, Texts>,
}

/// What a provider's `acr` values are worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AcrTable {
    pub provider: String,
    /// The level of a sign-in that names no `acr`, or one that is not listed.
    pub otherwise: String,
    /// `acr` value and level, in the policy's order.
    pub levels: Vec<(String, String)>,
}

/// When biometrics are offered, and what holds without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BiometricsPolicy {
    /// When the gate is offered.
    pub offer: BiometricsOffer,
    /// What holds on a device where nobody's finger or face is enrolled.
    pub without: WithoutBiometrics,
}

/// When the biometric gate is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BiometricsOffer {
    /// `never`
    Never,
    /// `after-first-sign-in`: once, at the first touchpoint that needed a sign-in.
    AfterFirstSignIn,
    /// `where-asked`: at touchpoints with `offer_biometrics = true`.
    WhereAsked,
}

/// How a session is kept where nobody's finger or face is enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutBiometrics {
    /// `device-only`: sealed with the device's own key, without a prompt.
    DeviceOnly,
    /// `sign-in-each-time`: in memory only.
    SignInEachTime,
}

/// When a session locks, and how firmly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockPolicy {
    /// Whether it locks when the app leaves the front.
    pub on_background: bool,
    /// For how long after that it stays open, in seconds; at most 300.
    pub grace_s: u64,
    /// `idle`: after so many seconds without the person doing anything it locks; nothing: never for that.
    pub idle_s: Option<u64>,
    /// `open_at_most`: so many seconds after it was opened it locks, however much it is used; nothing: no limit.
    pub open_at_most_s: Option<u64>,
    /// Whether the person may decline the biometric gate where the device has one.
    pub gate: GateRequirement,
}

/// Whether the biometric gate may be declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateRequirement {
    /// `optional`
    Optional,
    /// `required`: declining ends the session.
    Required,
}

/// A detail about the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The policy's name for it.
    pub name: String,
    /// What kind of value it has.
    pub kind: FieldKind,
    /// Where it comes from.
    pub source: FieldSource,
}

/// Where a detail comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldSource {
    /// `person`: the person says it.
    Person,
    /// `provider`: only the provider can say it, such as `email_verified`; asked for by signing in again.
    Provider,
}

/// What data are used for, on which legal basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The policy's name for it.
    pub id: String,
    /// A working title for those who review the policy; what the person sees is the text's title.
    pub title: Option<String>,
    /// The department that answers for it.
    pub owner: Option<String>,
    /// The legal basis.
    pub basis: Basis,
    /// The text that is shown: `id@revision`.
    pub text_id: String,
    /// Who receives the data, as the policy writes it.
    pub recipient: Option<String>,
    /// Which data.
    pub fields: Vec<String>,
    /// For how long the data, and a grant, are kept.
    pub retain: Option<CalendarSpan>,
    /// The Google Consent Mode types it stands for.
    pub google: Vec<String>,
    /// Whether it joins what was done anonymously with the known person.
    pub links_identity: bool,
    /// The purposes it builds on; without them a grant has no effect.
    pub requires: Vec<String>,
    /// SHA-256 in lower-case hex over basis, recipient, fields and `links_identity`: a grant holds for these terms only.
    pub terms_hash: String,
}

/// The legal bases a purpose can have (GDPR, Art. 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// `consent`: asked for, can be refused and withdrawn.
    Consent,
    /// `contract`: told.
    Contract,
    /// `legal-obligation`: told.
    LegalObligation,
    /// `legitimate-interest`: told, can be objected to.
    LegitimateInterest,
}

impl Basis {
    /// The policy's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Basis::Consent => "consent",
            Basis::Contract => "contract",
            Basis::LegalObligation => "legal-obligation",
            Basis::LegitimateInterest => "legitimate-interest",
        }
    }
}

/// A place in the app where the question is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touchpoint {
    /// The policy's name for it, such as `review.write`.
    pub id: String,
    /// The level that is needed.
    pub level: String,
    /// The oldest sign-in that will do, in seconds.
    pub max_auth_age_s: Option<u64>,
    /// How recently the person must have proved to be there.
    pub unlock: Option<UnlockRule>,
    /// The details that are needed.
    pub profile: Vec<String>,
    /// The purposes the person is told about.
    pub inform: Vec<String>,
    /// The purposes the person is asked about, and may refuse.
    pub offer: Vec<String>,
    /// The purposes without which it can't go ahead.
    pub require: Vec<String>,
    /// Whether the biometric gate is offered here, where the policy says `where-asked`.
    pub offer_biometrics: bool,
    /// Whether a passkey is offered here.
    pub offer_passkey: bool,
}

/// How recently the person must have proved to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnlockRule {
    /// In seconds.
    pub within_s: u64,
    /// Whether signing in again will do where there is no biometric gate.
    pub or_step_up: bool,
}

impl Policy {
    /// The policy's version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// SHA-256 over all its files, in lower-case hex: names the policy in force in evidence and events.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The levels, lowest first.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// Where a level stands, from 0; nothing where the policy has no such level.
    pub fn level_rank(&self, level: &str) -> Option<usize> {
        self.levels.iter().position(|known| known == level)
    }

    /// What a sign-in is worth: the level of the `acr` value that `provider` returned (OIDC Core, section 2).
    ///
    /// No `acr`, or one that is not listed, gives the provider's `otherwise`; a provider that the policy does not
    /// name gives the lowest level.
    pub fn level_of_acr(&self, provider: &str, acr: Option<&str>) -> &str {
        let Some(table) = self.providers.iter().find(|table| table.provider == provider) else {
            return self.lowest_level();
        };
        let listed = acr.and_then(|acr| table.levels.iter().find(|(value, _)| value == acr));
        listed.map_or(&table.otherwise, |(_, level)| level)
    }

    /// Whether a sign-in at `provider` is worth anything here; where no touchpoint asks for a level, it need not be.
    pub fn values_sign_ins_of(&self, provider: &str) -> bool {
        self.providers.iter().any(|table| table.provider == provider)
            || self.touchpoints.iter().all(|touchpoint| touchpoint.level == self.lowest_level())
    }

    /// The `acr_values` that give at least `level` at `provider`, weakest first (OIDC Core, section 3.1.2.1). Empty
    /// where any sign-in gives it, and where nothing does.
    pub fn acr_values(&self, provider: &str, level: &str) -> Vec<String> {
        let (Some(table), Some(wanted)) =
            (self.providers.iter().find(|table| table.provider == provider), self.level_rank(level))
        else {
            return Vec::new();
        };
        if self.level_rank(&table.otherwise) >= Some(wanted) {
            return Vec::new();
        }
        let mut values: Vec<_> =
            table.levels.iter().filter(|(_, level)| self.level_rank(level) >= Some(wanted)).collect();
        values.sort_by_key(|(_, level)| self.level_rank(level));
        values.into_iter().map(|(acr, _)| acr.clone()).collect()
    }

    /// The sign-in routes, best first.
    pub fn routes(&self) -> &[String] {
        &self.routes
    }

    /// When biometrics are offered, and what holds without them.
    pub fn biometrics(&self) -> BiometricsPolicy {
        self.biometrics
    }

    /// When a session locks.
    pub fn lock(&self) -> LockPolicy {
        self.lock
    }

    /// The age in years from which a person can consent, where the policy sets one.
    pub fn consent_from_age(&self) -> Option<u8> {
        self.consent_from_age
    }

    /// The details about a person that touchpoints may need, in the policy's order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// One of them.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The purposes, in the policy's order.
    pub fn purposes(&self) -> &[Purpose] {
        &self.purposes
    }

    /// One of them.
    pub fn purpose(&self, id: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|purpose| purpose.id == id)
    }

    /// The touchpoints, in the policy's order.
    pub fn touchpoints(&self) -> &[Touchpoint] {
        &self.touchpoints
    }

    /// One of them.
    pub fn touchpoint(&self, id: &str) -> Option<&Touchpoint> {
        self.touchpoints.get(*self.touchpoint_places.get(id)?)
    }

    /// The order in which kinds of ask come.
    pub fn ask_order(&self) -> &[StepKind] {
        &self.ask_order
    }

    /// For how long after an offer was asked, refused or withdrawn it is not made again; without one, never again.
    pub fn cooldown(&self) -> Option<CalendarSpan> {
        self.cooldown
    }

    /// After how many kinds of ask in one visit no further offer is made; what is needed is asked all the same. Without
    /// one there is no limit.
    pub fn most_per_visit(&self) -> Option<u64> {
        self.most_per_visit
    }

    /// For how long after an erasure the signed entries without their evidence are kept as proof (GDPR, Art. 17(3)(e));
    /// without one, nothing is kept.
    pub fn retain_proof(&self) -> Option<CalendarSpan> {
        self.retain_proof
    }

    /// The languages it is written in, sorted.
    pub fn locales(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    pub(crate) fn lowest_level(&self) -> &str {
        self.levels.first().map_or("", String::as_str)
    }
}
