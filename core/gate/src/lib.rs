//! Policy in, decision out.
//!
//! **What it is.** One policy, written by security, marketing and data protection together, and one question at every
//! touchpoint of an app: may this go ahead, and if not, what is the one thing to ask next? [`Policy::parse`] reads a
//! policy folder, [`decide`] answers, [`Policy::ask`] says it in the person's language, [`lint`],
//! [`explain`] and [`simulate`] are for the people who write the policy.
//!
//! **What it promises.** [`decide`] is pure and total: every touchpoint, known or not, gets a decision, and the same
//! facts get the same one. It never asks for what is known, nor for a sealed fact what an unlock would answer. An offer
//! passes either way, a refused one is not repeated within the cool-down, and a visit has only so many. Nobody known to be
//! under the consent age is asked for consent. A policy that was parsed has every text in every language; mistakes come
//! with file, line and a sentence that needs no programmer.
//!
//! **What it never does.** No I/O, no clock, no network, no async: facts and time are handed in. It sees no token and
//! no profile value, only which are there. It grants nothing: an answer becomes a grant in the ledger, elsewhere.
//!
//! **What it follows.** GDPR Art. 6 to 8, 13 and 21 for bases, consent, information and objection; OIDC Core 1.0 for
//! `acr`, `auth_time` and `max_age`; BCP 47 for languages; TOML 1.1 for files. The worked example is `portal/`.
//!
//! ```
//! use pforte_gate::{Decision, Facts, Now, Policy, PolicySource, StepKind, decide};
//! # fn main() -> Result<(), pforte_gate::PolicyErrors> {
//! let policy = Policy::parse(&PolicySource {
//!     policy_toml: include_str!("../portal/policy.toml").to_owned(),
//!     texts: [("en", include_str!("../portal/texts/en.toml")), ("de", include_str!("../portal/texts/de.toml"))]
//!         .map(|(locale, text)| (locale.to_owned(), text.to_owned()))
//!         .into(),
//! })?;
//! let first_visit = Facts::default();
//! let now = Now { wall_ms: 1_700_000_000_000, elapsed_ms: 60_000, provider_s: 1_700_000_000 };
//!
//! let Decision::Ask(step) = decide(&policy, "review.write", &first_visit, now) else { unreachable!() };
//! assert_eq!(step.kind(), StepKind::Inform);
//! assert_eq!(policy.ask(&step, "de-AT", &first_visit).title, "Gut zu wissen");
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "cases")]
pub mod cases;
mod decide;
mod decision;
mod explain;
mod facts;
mod hash;
mod lint;
mod names;
mod parse;
mod policy;
mod reader;
mod simulate;
mod source;
mod span;
mod texts;
mod wording;

pub use decide::decide;
pub use decision::{AskStep, Clearance, Decision, Step, StepKind, StopReason};
pub use explain::{UnknownTouchpoint, explain};
pub use facts::{
    Age, Biometrics, ConsentRecord, ConsentState, Fact, Facts, GateChoice, Now, Passkey, Session, Shown,
    Visit,
};
pub use lint::{check, lint};
pub use policy::{
    Basis, BiometricsOffer, BiometricsPolicy, Field, FieldSource, GateRequirement, LockPolicy, Policy,
    Purpose, Touchpoint, UnlockRule, WithoutBiometrics,
};
pub use simulate::{Asked, Event, Stage, Visitor, simulate};
pub use source::{Finding, PolicyErrors, PolicySource};
pub use span::{CalendarSpan, CalendarUnit};
pub use texts::Text;
pub use wording::PromptUse;
