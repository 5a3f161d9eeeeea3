//! A process with the account open. It says on standard output what it does, one line each, and is killed while it does.
//!
//! ```text
//! pforte-faults-child FOLDER ISSUER GRACE_SECONDS AHEAD_SECONDS TASK
//! ```
//!
//! | Task | What it does |
//! |---|---|
//! | `sign-in` | signs in, seals the session behind the gate, ends |
//! | `refresh` | unlocks, then refreshes as fast as it can |
//! | `serve` | unlocks, then does what it is told on standard input |
//!
//! | It is told | What it does |
//! |---|---|
//! | `advance SECONDS` | moves its clocks forward |
//! | `callers N` | N threads ask for the access token at once |
//! | `sign-out` | signs out |
//!
//! | It says | When |
//! |---|---|
//! | `opened STATUS` | the files are read |
//! | `signed-in` | the session is sealed |
//! | `unlocked` | the session is open |
//! | `holds TOKEN` | this access token was handed out first |
//! | `refreshed TOKEN` | a new access token was handed out |
//! | `interrupted WHY` | passing trouble with the network |
//! | `advanced` | the clocks are moved |
//! | `tokens TOKEN` | all threads were given this one access token |
//! | `errors WHY` | a thread was given none, or they were given several |
//! | `signed-out` | signed out |
//! | `lost WHY` | the provider ended the session |
//! | `failed WHY` | anything else |

use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use pforte_faults::phone::{self, MovedClock};
use pforte_oauth::AuthorizeOptions;
use pforte_session::{Session, SessionError, Status, Token};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, issuer, grace, ahead, task] = arguments.as_slice() else {
        say("failed usage: pforte-faults-child FOLDER ISSUER GRACE_SECONDS AHEAD_SECONDS TASK");
        return ExitCode::from(2);
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("failed no runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let clock = MovedClock::default();
    clock.advance(Duration::from_secs(ahead.parse().unwrap_or(0)));
    let session = runtime.block_on(async {
        let host = phone::host(Path::new(folder), clock.clone())?;
        let settings = phone::settings(issuer, grace.parse().unwrap_or(0));
        let transport = phone::transport().map_err(|error| error.to_string())?;
        Session::open(settings, host, transport).await.map_err(|error| format!("open: {error}"))
    });
    let done = session.and_then(|session| {
        let status = match session.status() {
            Status::SignedOut => "signed-out".to_owned(),
            Status::Locked { .. } => "locked".to_owned(),
            other => format!("{other:?}"),
        };
        say(&format!("opened {status}"));
        match task.as_str() {
            "sign-in" => runtime.block_on(sign_in(&session)),
            "refresh" => runtime.block_on(refresh(&session)),
            "serve" => serve(&runtime, &session, &clock),
            _ => Err("no such task".to_owned()),
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&format!("failed {why}"));
            ExitCode::FAILURE
        }
    }
}

async fn sign_in(session: &Session) -> Result<(), String> {
    session.sign_in(AuthorizeOptions::default()).await.map_err(|error| format!("sign-in: {error}"))?;
    session.seal_behind_gate(phone::prompt()).await.map_err(|error| format!("seal: {error}"))?;
    say("signed-in");
    Ok(())
}

async fn unlock(session: &Session) -> Result<(), String> {
    session.unlock(phone::prompt()).await.map_err(|error| told(session, "unlock", &error))?;
    say("unlocked");
    Ok(())
}

/// Refreshes until it is killed, or the session is lost.
async fn refresh(session: &Session) -> Result<(), String> {
    unlock(session).await?;
    let mut held: Option<Token> = None;
    loop {
        let next = match &held {
            None => session.token().await,
            Some(token) => session.token_instead_of(token.clone()).await,
        };
        match next {
            Ok(token) => {
                let word = if held.is_some() { "refreshed" } else { "holds" };
                say(&format!("{word} {}", token.value.expose()));
                held = Some(token);
            }
            Err(error @ (SessionError::Ended { .. } | SessionError::SignedOut)) => {
                say(&format!("lost {}", told(session, "refresh", &error)));
                return Ok(());
            }
            Err(SessionError::Unreachable { reason, .. }) => say(&format!("interrupted {reason}")),
            Err(error) => return Err(told(session, "refresh", &error)),
        }
    }
}

/// Does what it is told until standard input ends.
fn serve(runtime: &tokio::runtime::Runtime, session: &Session, clock: &MovedClock) -> Result<(), String> {
    runtime.block_on(unlock(session))?;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("advance", seconds) => {
                clock.advance(Duration::from_secs(seconds.parse().unwrap_or(0)));
                say("advanced");
            }
            ("callers", count) => callers(runtime, session, count.parse().unwrap_or(1)),
            ("sign-out", _) => {
                let report = runtime.block_on(session.sign_out()).map_err(|error| error.to_string())?;
                say(&format!("signed-out {report:?}"));
            }
            _ => return Err(format!("it was told {line:?}")),
        }
    }
    Ok(())
}

/// Threads of the operating system, let go at once.
fn callers(runtime: &tokio::runtime::Runtime, session: &Session, count: usize) {
    let start = Arc::new(Barrier::new(count));
    let threads: Vec<_> = (0..count)
        .map(|_| {
            let (start, session, runtime) = (start.clone(), session.clone(), runtime.handle().clone());
            std::thread::spawn(move || {
                start.wait();
                runtime.block_on(session.token())
            })
        })
        .collect();
    let mut tokens = BTreeSet::new();
    let mut errors = BTreeSet::new();
    for thread in threads {
        match thread.join() {
            Ok(Ok(token)) => drop(tokens.insert(token.value.expose().to_owned())),
            Ok(Err(error)) => drop(errors.insert(error.to_string())),
            Err(_) => drop(errors.insert("a thread panicked".to_owned())),
        }
    }
    match (tokens.len(), tokens.first(), errors.is_empty()) {
        (1, Some(token), true) => say(&format!("tokens {token}")),
        (different, ..) => {
            say(&format!("errors {different} tokens, {}; {}", one_line(&errors), session.why().join(" | ")))
        }
    }
}

fn told(session: &Session, what: &str, error: &SessionError) -> String {
    format!("{what}: {error}; {}", session.why().join(" | "))
}

fn one_line(all: &BTreeSet<String>) -> String {
    all.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// One write a line, so that a kill never mixes two.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listens any more: the process is about to be killed.
    drop(out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()));
}
