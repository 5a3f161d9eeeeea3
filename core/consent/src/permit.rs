//! The permit: no event without a live grant.

use crate::Digest;

/// Proof, at this moment, that a purpose has a live grant. Whatever serialises an event for a purpose asks for one.
///
/// Only [`crate::Ledger::permit`] makes one, from a live grant:
///
/// ```compile_fail,E0451
/// let forged = pforte_consent::Permit { purpose: "analytics", grant: pforte_consent::Digest::of(b"") };
/// ```
///
/// None outlives a change of its ledger, so none survives a withdrawal:
///
/// ```compile_fail,E0502
/// # use pforte_consent::{Entry, Ledger, Rule};
/// fn withdraw_under_a_permit(ledger: &mut Ledger, withdrawal: Entry) {
///     let permit = ledger.permit("analytics", &Rule::default(), 0);
///     ledger.append(withdrawal).ok();
///     drop(permit);
/// }
/// ```
///
/// It can't be put aside for later, nor sent to where nobody looks at the ledger:
///
/// ```compile_fail,E0597
/// # use pforte_consent::{Identity, Ledger, Permit, Rule};
/// fn keep(identity: Identity) -> Option<Permit<'static>> {
///     let ledger = Ledger::new(identity);
///     let permit = ledger.permit("analytics", &Rule::default(), 0);
///     permit
/// }
/// ```
///
/// This is how it is used:
///
/// ```
/// # use pforte_consent::{Ledger, Permit, Rule};
/// fn serialise(event: &str, permit: &Permit<'_>) -> String {
///     format!("{event} for {}", permit.purpose())
/// }
/// fn track(ledger: &Ledger, rule: &Rule, now_ms: i64) -> Option<String> {
///     let permit = ledger.permit("analytics", rule, now_ms)?;
///     Some(serialise("review.posted", &permit))
/// }
/// ```
#[derive(Debug)]
pub struct Permit<'ledger> {
    purpose: &'ledger str,
    grant: Digest,
}

impl<'ledger> Permit<'ledger> {
    pub(crate) fn new(purpose: &'ledger str, grant: Digest) -> Self {
        Self { purpose, grant }
    }

    /// The purpose it is for.
    pub fn purpose(&self) -> &str {
        self.purpose
    }

    /// The entry that grants it.
    pub fn grant(&self) -> Digest {
        self.grant
    }
}
