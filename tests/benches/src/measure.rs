//! Contenders that take turns, so that a busy machine is unkind to all of them alike.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How often each contender has its turn.
const ROUNDS: usize = 21;

/// How long one turn takes at least.
const TURN: Duration = Duration::from_millis(20);

/// Does something `times` times and says how long that took.
pub type Turn<'a> = Box<dyn FnMut(u64) -> Duration + 'a>;

/// What is measured, beside others.
pub struct Contender<'a> {
    name: String,
    turn: Turn<'a>,
}

/// How long it took, each time, in nanoseconds.
pub struct Figure {
    pub name: String,
    rounds: Vec<f64>,
}

/// The middle, and the quartiles around it.
#[derive(Clone, Copy)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl<'a> Contender<'a> {
    /// `work`, again and again, in this process.
    pub fn new<T>(name: &str, mut work: impl FnMut() -> T + 'a) -> Self {
        let turn = move |times| {
            let started = Instant::now();
            for _ in 0..times {
                black_box(work());
            }
            started.elapsed()
        };
        Self::with_turn(name, turn)
    }

    /// One that measures by itself, because something is to be made ready in between.
    pub fn with_turn(name: &str, turn: impl FnMut(u64) -> Duration + 'a) -> Self {
        Self { name: name.to_owned(), turn: Box::new(turn) }
    }
}

/// Lets all of them warm up, and then take turns; every round another one begins.
pub fn in_turns(mut contenders: Vec<Contender<'_>>) -> Vec<Figure> {
    let times: Vec<u64> = contenders.iter_mut().map(|contender| enough(&mut contender.turn)).collect();
    let mut rounds = vec![Vec::new(); contenders.len()];
    for round in 0..ROUNDS {
        for place in 0..contenders.len() {
            let at = (round + place) % contenders.len();
            let took = (contenders[at].turn)(times[at]);
            rounds[at].push(took.as_nanos() as f64 / times[at] as f64);
        }
    }
    let figures = contenders.into_iter().zip(rounds);
    figures.map(|(contender, rounds)| Figure { name: contender.name, rounds }).collect()
}

/// How many times fill a turn.
fn enough(turn: &mut Turn<'_>) -> u64 {
    let mut times = 1;
    loop {
        let took = turn(times);
        if took >= TURN {
            return times;
        }
        let missing = TURN.as_nanos() / took.as_nanos().max(1);
        times = times.saturating_mul(u64::try_from(missing).unwrap_or(2).clamp(2, 100));
    }
}

impl Figure {
    pub fn spread(&self) -> Spread {
        spread(self.rounds.clone())
    }

    /// The ratio to another, round by round: what slowed both down drops out.
    pub fn to(&self, other: &Self) -> Spread {
        spread(self.rounds.iter().zip(&other.rounds).map(|(own, other)| own / other).collect())
    }
}

fn spread(mut values: Vec<f64>) -> Spread {
    values.sort_by(f64::total_cmp);
    let at = |part: usize| values[(values.len() - 1) * part / 4];
    Spread { low: at(1), median: at(2), high: at(3) }
}

/// A contender in a process of its own: it reads `NAME TIMES` and answers with the nanoseconds that took.
pub struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    pub fn turn(&mut self, name: &str, times: u64) -> Duration {
        writeln!(self.input, "{name} {times}").unwrap();
        self.input.flush().unwrap();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the worker ended at {name}");
            // A test runner around it may print lines of its own.
            if let Some(nanoseconds) = line.trim().strip_prefix("took ") {
                return Duration::from_nanos(nanoseconds.parse().unwrap());
            }
        }
    }

    /// It ends when its input ends.
    pub fn end(mut self) {
        drop(self.input);
        let mut rest = String::new();
        while self.output.read_line(&mut rest).is_ok_and(|read| read > 0) {}
        self.child.wait().unwrap();
    }
}
