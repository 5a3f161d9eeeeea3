//! One provider, one folder, one child after the other.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use pforte_faults::kept::{self, Kept};
use pforte_faults::process::{Heard, PATIENCE, Process, Surroundings};
use pforte_provider::{
    Act, Control, Endpoint, Misbehaviour, Offer, Origin, Provider, Rotation, Running, Settings,
};
use tokio::runtime::Handle;

use crate::table::{Counts, Outcome};

const CHILD: &str = env!("CARGO_BIN_EXE_pforte-faults-child");

/// How long a late finger takes, in seconds: longer than every grace.
const LATE_SECONDS: u64 = 45;

/// How long an unlock in time takes, in seconds, by both clocks: longer than a dead process's lease, shorter than the
/// grace. 0 as long as nothing outlives a process.
const SOON_SECONDS: u64 = 11;

/// One in so many runs loses an answer on the way.
const DROPS_ONE_IN: u32 = 8;

/// What the provider does with a refresh token that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Replaced, and accepted again for 30 s.
    Grace,
    /// Replaced, and never accepted again.
    NoGrace,
    /// Replaced, and accepted again no time, by count (Keycloak's "reuse count 0").
    NoReuse,
    /// Kept, and bound to the device's key (RFC 9449): nobody else can use it, so nothing has to be replaced.
    SenderConstrained,
}

/// When the person unlocks after a kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finger {
    /// At once.
    InTime,
    /// After every grace.
    Late,
}

impl Rule {
    pub const ALL: [Self; 4] = [Self::Grace, Self::NoGrace, Self::NoReuse, Self::SenderConstrained];

    fn rotation(self) -> Rotation {
        match self {
            Self::Grace => Rotation::GraceSeconds(30),
            Self::NoGrace => Rotation::GraceSeconds(0),
            Self::NoReuse => Rotation::Reuses(0),
            Self::SenderConstrained => Rotation::Off,
        }
    }

    /// Whether the provider issues bound tokens only.
    fn dpop(self) -> Offer {
        if self == Self::SenderConstrained { Offer::Required } else { Offer::Off }
    }

    fn grace_seconds(self) -> u32 {
        if self == Self::Grace { 30 } else { 0 }
    }

    /// Whether a session can be lost at all: to a kill inside the window, or with an answer.
    pub fn can_lose(self, finger: Finger) -> bool {
        match self {
            Self::Grace => finger == Finger::Late,
            Self::NoGrace | Self::NoReuse => true,
            Self::SenderConstrained => false,
        }
    }
}

impl Finger {
    pub const ALL: [Self; 2] = [Self::InTime, Self::Late];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grace => "rotation, grace 30 s",
            Self::NoGrace => "rotation, grace 0",
            Self::NoReuse => "rotation, reuse count 0",
            Self::SenderConstrained => "sender-constrained (DPoP), no rotation",
        })
    }
}

impl fmt::Display for Finger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::InTime { "in time" } else { "late" })
    }
}

/// When a run is killed.
struct Kill {
    /// After so many refreshes of this run,
    after: u64,
    /// and so much later.
    delay: Duration,
}

/// How a run ended.
enum End {
    Killed,
    /// The child said that the session is lost.
    Lost(String),
    Failed(String),
}

pub struct Lane {
    rule: Rule,
    runtime: Handle,
    provider: Running,
    control: Control,
    folder: tempfile::TempDir,
    random: fastrand::Rng,
    counts: BTreeMap<Finger, Counts>,
    faults: Vec<String>,
    /// A late finger stays late until a refresh has succeeded.
    finger: Finger,
    /// The last refresh that the device is known to have stored.
    stored: u64,
    /// The last kill, until it is known when the finger comes: whether it fell inside the window.
    killed: Option<bool>,
    /// The provider is known to have replaced a token whose successor the device does not have.
    replaced: bool,
    /// How far the device's clocks were moved.
    ahead_seconds: u64,
    /// How long a refresh takes here, and how long a start.
    refresh: Duration,
    start: Duration,
    /// What happened in the last runs, for the trace.
    trace: Vec<String>,
}

impl Lane {
    pub fn start(rule: Rule, runtime: Handle, seed: u64) -> Self {
        let settings = Settings {
            automatic: Some("alice".to_owned()),
            rotation: rule.rotation(),
            dpop: rule.dpop(),
            ..Settings::default()
        };
        let provider = runtime.block_on(Provider::start(settings)).unwrap();
        Self {
            rule,
            control: provider.control(),
            runtime,
            provider,
            folder: tempfile::tempdir().unwrap(),
            random: fastrand::Rng::with_seed(seed),
            counts: Finger::ALL.map(|finger| (finger, Counts::default())).into(),
            faults: Vec::new(),
            finger: Finger::InTime,
            stored: 0,
            killed: None,
            replaced: false,
            ahead_seconds: 0,
            refresh: Duration::from_millis(50),
            start: Duration::from_millis(200),
            trace: Vec::new(),
        }
    }

    pub fn run(mut self, kills: u64) -> Outcome {
        self.sign_in();
        let mut done = 0;
        while done < kills && self.faults.len() < 3 {
            match self.one() {
                End::Killed => done += 1,
                End::Lost(why) => self.lost(&why),
                End::Failed(why) => {
                    self.fault(&why);
                    break;
                }
            }
        }
        if self.faults.is_empty() {
            self.last_refresh();
        }
        let state = self.control.state();
        let ended = state.families.iter().filter(|family| family.revoked.is_some()).count() as u64;
        let outcome = Outcome {
            rule: self.rule,
            counts: self.counts,
            refreshes: state.refreshes,
            revoked: ended,
            faults: self.faults,
        };
        self.runtime.block_on(self.provider.stop());
        outcome
    }

    fn child(&self, task: &str) -> Process {
        let surroundings = Surroundings {
            folder: self.folder.path(),
            issuer: self.provider.issuer(),
            grace_seconds: self.rule.grace_seconds(),
            ahead_seconds: self.ahead_seconds,
        };
        Process::start(CHILD, &surroundings, task).unwrap()
    }

    /// Time passes, for the device and for the provider.
    fn pass(&mut self, seconds: u64) {
        self.ahead_seconds += seconds;
        self.control.advance_clock(i64::try_from(seconds).unwrap());
    }

    fn sign_in(&mut self) {
        let said = self.child("sign-in").expect("signed-in");
        said.unwrap_or_else(|why| panic!("{}: {why}", self.rule));
        self.stored = 0;
        self.finger = Finger::InTime;
        self.replaced = false;
        self.trace.clear();
    }

    /// Restores the child, lets it refresh, and kills it somewhere.
    fn one(&mut self) -> End {
        self.trace.push("start".to_owned());
        if self.ended_untold() {
            return End::Lost("the process was killed before it could tell".to_owned());
        }
        if let Err(why) = self.look() {
            return End::Failed(format!("what the killed process left behind: {why}"));
        }
        self.pass(SOON_SECONDS);
        if self.comes_late() {
            self.pass(LATE_SECONDS);
            self.finger = Finger::Late;
            self.trace.push("the finger comes late".to_owned());
        }
        self.count();
        let finger = self.finger;
        let drops = self.random.u32(..DROPS_ONE_IN) == 0;
        if drops {
            self.control.misbehave(Misbehaviour::once(Endpoint::Token, Act::DropAfter)).unwrap();
            self.trace.push("the next answer is dropped".to_owned());
        }
        let plan = self.plan();
        let child = self.child("refresh");
        let end = self.watch(child, &plan);
        if drops && self.control.state().misbehaviours.is_empty() {
            self.row(finger).dropped += 1;
            self.replaced = true;
        }
        self.control.behave();
        if matches!(end, End::Killed) {
            let inside = self.rotated_unstored();
            self.replaced |= inside;
            self.killed = Some(inside);
        }
        end
    }

    /// About half of the unlocks come late. One that came late stays so until a refresh has succeeded.
    fn comes_late(&mut self) -> bool {
        let kills = |finger| self.counts.get(&finger).map_or(0, |row| row.kills);
        let behind = kills(Finger::Late) <= kills(Finger::InTime);
        self.random.u32(..4) < if behind { 3 } else { 1 }
    }

    /// Counts the last kill by the finger that comes after it.
    fn count(&mut self) {
        if let Some(inside) = self.killed.take() {
            let row = self.row(self.finger);
            row.kills += 1;
            row.inside += u64::from(inside);
        }
    }

    /// Mostly somewhere in a refresh, also in one of the first run; sometimes anywhere from the start of the process.
    fn plan(&mut self) -> Kill {
        let (after, most) = match self.random.u32(..6) {
            0 => (0, self.start + self.refresh),
            1 => (0, self.refresh * 2),
            _ => (self.random.u64(1..5), self.refresh),
        };
        let delay = most.mul_f64(1.2 * self.random.f64());
        // A kill after no refresh, but in the first of them: a start has to be waited for.
        let delay = if after == 0 && most != self.start + self.refresh { self.start + delay } else { delay };
        Kill { after, delay }
    }

    /// Listens until it is time, then kills.
    fn watch(&mut self, child: Process, plan: &Kill) -> End {
        let began = Instant::now();
        let mut before = began;
        let mut refreshed = 0;
        let mut at = (plan.after == 0).then(|| began + plan.delay);
        loop {
            match child.hear(at.unwrap_or_else(|| Instant::now() + PATIENCE)) {
                Heard::Nothing if at.is_some() => break,
                Heard::Nothing => return End::Failed("the child hangs".to_owned()),
                Heard::End => return End::Failed("the child ended by itself".to_owned()),
                Heard::Line(line) => {
                    if line == "unlocked" {
                        self.start = (self.start * 3 + before.elapsed()) / 4;
                        before = Instant::now();
                    }
                    if line.starts_with("refreshed ") {
                        refreshed += 1;
                        self.refresh = (self.refresh * 3 + before.elapsed()) / 4;
                        before = Instant::now();
                        if refreshed == plan.after {
                            at = Some(before + plan.delay);
                        }
                    }
                    if let Some(end) = self.take(&line) {
                        return end;
                    }
                }
            }
        }
        let rest = child.kill();
        self.trace.push("killed".to_owned());
        rest.iter().find_map(|line| self.take(line)).unwrap_or(End::Killed)
    }

    /// Takes one line of the child in.
    fn take(&mut self, line: &str) -> Option<End> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            // The token that is held first may be of a refresh that the killed process had begun.
            "refreshed" | "holds" => {
                let Some(origin) = self.control.origin_of(rest) else {
                    return Some(End::Failed("a token that the provider never issued".to_owned()));
                };
                if word == "refreshed" || origin.refresh > self.stored {
                    self.finger = Finger::InTime;
                    self.replaced = false;
                }
                // Handed out, so stored: persisted before published.
                self.stored = self.stored.max(origin.refresh);
                self.trace.push(format!("{word}: {}", origin.refresh));
            }
            "lost" => return Some(End::Lost(rest.to_owned())),
            "failed" => return Some(End::Failed(rest.to_owned())),
            "opened" if rest != "locked" => return Some(End::Failed(format!("opened {rest}"))),
            _ => self.trace.push(line.to_owned()),
        }
        None
    }

    /// Whether the killed process had heard from the provider that the session is over, and removed it from the device: the
    /// loss of an earlier kill or answer, which it only had no time to tell.
    fn ended_untold(&self) -> bool {
        let family = self.control.state().families.len() - 1;
        let kept = self.runtime.block_on(kept::kept(self.folder.path()));
        matches!(kept, Ok(None)) && self.control.reuse(family).is_some()
    }

    /// Opens a copy of what is on the device: it must be there, and no older than what was handed out.
    fn look(&mut self) -> Result<(), String> {
        let kept = self.runtime.block_on(kept::kept(self.folder.path()))?;
        let Kept { refresh_token, access_token } = kept.ok_or("no session is sealed there")?;
        let origin =
            |token: &str| self.control.origin_of(token).ok_or("a token that the provider never issued");
        let Origin { refresh, family } = origin(access_token.expose())?;
        if family + 1 != self.control.state().families.len() {
            return Err("a token of a session from before".to_owned());
        }
        if self.rule != Rule::SenderConstrained && origin(refresh_token.expose())?.refresh != refresh {
            return Err("tokens of two refreshes".to_owned());
        }
        if refresh < self.stored {
            return Err(format!("refresh {refresh}, but {} had been handed out", self.stored));
        }
        self.trace.push(format!("on the device: {refresh}; answered by the provider: {}", self.answered()));
        self.stored = refresh;
        Ok(())
    }

    /// How many refreshes of the present session the provider has answered.
    fn answered(&self) -> u64 {
        self.control.state().families.last().map_or(0, |family| family.refreshes)
    }

    /// Whether the provider has answered a refresh whose tokens are not on the device. What can't be read there is
    /// found out by the next look.
    fn rotated_unstored(&self) -> bool {
        let kept = self.runtime.block_on(kept::kept(self.folder.path()));
        let stored = kept.ok().flatten().and_then(|kept| self.control.origin_of(kept.access_token.expose()));
        stored.is_some_and(|stored| self.answered() > stored.refresh)
    }

    /// A session is lost: it must be by a token whose successor the provider had issued and this device had not stored.
    fn lost(&mut self, why: &str) {
        let replaced = self.replaced;
        let family = self.control.state().families.len() - 1;
        let finger = match (self.control.reuse(family), self.rule) {
            (None, _) => return self.fault(&format!("lost, but not for a token used twice: {why}")),
            (Some(reuse), _) if reuse.refresh != self.stored => {
                return self.fault(&format!(
                    "outside the window: the device had stored {} and used {}: {why}",
                    self.stored, reuse.refresh
                ));
            }
            // A machine that was busy for the whole grace is a late finger, and a lost answer is asked for again at once.
            (Some(reuse), Rule::Grace) if reuse.after_seconds >= 30 => Finger::Late,
            (Some(_), Rule::Grace) => Finger::InTime,
            _ => self.finger,
        };
        let row = self.row(finger);
        row.lost += 1;
        // The provider took the killed process's request up only after we had looked.
        row.inside += u64::from(!replaced);
        if !self.rule.can_lose(finger) {
            self.fault(&format!("lost, though the rule makes it possible to keep it: {why}"));
        }
        self.sign_in();
    }

    /// After all kills the session goes on.
    fn last_refresh(&mut self) {
        self.count();
        let child = self.child("refresh");
        let plan = Kill { after: 1, delay: Duration::ZERO };
        match self.watch(child, &plan) {
            End::Killed => {}
            End::Lost(why) => self.lost(&why),
            End::Failed(why) => self.fault(&why),
        }
    }

    fn fault(&mut self, why: &str) {
        let from = self.trace.len().saturating_sub(24);
        self.faults.push(format!(
            "{}, {}: {why}\n    {}",
            self.rule,
            self.finger,
            self.trace[from..].join("\n    ")
        ));
    }

    fn row(&mut self, finger: Finger) -> &mut Counts {
        self.counts.entry(finger).or_default()
    }
}
