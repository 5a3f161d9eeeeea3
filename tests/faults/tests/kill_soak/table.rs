//! What came of the kills, by provider rule and by finger.

use std::collections::BTreeMap;
use std::fmt;

use crate::lane::{Finger, Rule};

/// One row's counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub kills: u64,
    /// Kills after which the provider had rotated and the device had not stored.
    pub inside: u64,
    /// Answers that were dropped after the provider had processed the request.
    pub dropped: u64,
    pub lost: u64,
}

/// One lane's result.
pub struct Outcome {
    pub rule: Rule,
    pub counts: BTreeMap<Finger, Counts>,
    /// Refreshes the provider answered.
    pub refreshes: u64,
    /// Families the provider ended for the use of a replaced token.
    pub revoked: u64,
    /// Everything that must not be, each with its trace.
    pub faults: Vec<String>,
}

/// All lanes' results.
#[derive(Default)]
pub struct Table {
    rows: BTreeMap<(Rule, Finger), Counts>,
    totals: BTreeMap<Rule, (u64, u64)>,
    faults: Vec<String>,
}

impl Table {
    pub fn add(&mut self, outcome: Outcome) {
        for (finger, counts) in outcome.counts {
            let row = self.rows.entry((outcome.rule, finger)).or_default();
            row.kills += counts.kills;
            row.inside += counts.inside;
            row.dropped += counts.dropped;
            row.lost += counts.lost;
        }
        let total = self.totals.entry(outcome.rule).or_default();
        total.0 += outcome.refreshes;
        total.1 += outcome.revoked;
        self.faults.extend(outcome.faults);
    }

    /// 0 wherever the rule makes 0 possible; elsewhere every loss inside the window, which each lane has checked.
    pub fn judge(&self, kills: u64) {
        assert!(self.faults.is_empty(), "{} faults:\n{}", self.faults.len(), self.faults.join("\n"));
        assert_eq!(self.rows.values().map(|row| row.kills).sum::<u64>(), kills);
        for rule in Rule::ALL {
            let rows = || Finger::ALL.iter().filter_map(|finger| self.rows.get(&(rule, *finger)));
            let (refreshes, revoked) = self.totals[&rule];
            let lost: u64 = rows().map(|row| row.lost).sum();
            assert_eq!(revoked, lost, "{rule}: the provider ended other sessions than we lost");
            let unstored: u64 = rows().map(|row| row.inside + row.dropped).sum();
            assert!(lost <= unstored, "{rule}: {lost} lost, {unstored} could be");
            // Kills that never fall between rotation and write, or only before the first refresh, would prove nothing.
            assert!(rows().map(|row| row.inside).sum::<u64>() > 0, "{rule}: no kill fell inside the window");
            assert!(
                refreshes > rows().map(|row| row.kills).sum::<u64>() / 2,
                "{rule}: {refreshes} refreshes"
            );
        }
        for (&(rule, finger), row) in &self.rows {
            assert!(row.lost == 0 || rule.can_lose(finger), "{rule}, {finger}: {} lost", row.lost);
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<42} {:<8} {:>6} {:>7} {:>8} {:>6}   what can be lost",
            "provider rule", "finger", "kills", "inside", "dropped", "lost"
        )?;
        for (&(rule, finger), row) in &self.rows {
            let can = if rule.can_lose(finger) {
                "the session, inside the window or with its answer"
            } else {
                "nothing"
            };
            writeln!(
                f,
                "{:<42} {:<8} {:>6} {:>7} {:>8} {:>6}   {can}",
                rule.to_string(),
                finger.to_string(),
                row.kills,
                row.inside,
                row.dropped,
                row.lost
            )?;
        }
        writeln!(f, "\n{:<42} {:>9} {:>16}", "provider rule", "refreshes", "families revoked")?;
        for (rule, (refreshes, revoked)) in &self.totals {
            writeln!(f, "{:<42} {refreshes:>9} {revoked:>16}", rule.to_string())?;
        }
        write!(
            f,
            "\nThe window: from the provider's rotation to the end of our durable write of it, which is the rename of the \
             gated file. `inside` counts the kills in it, `dropped` the answers that were lost on the way; in both the \
             provider has replaced a token whose successor this device never had."
        )
    }
}
