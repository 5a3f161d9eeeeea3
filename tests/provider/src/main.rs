//! The development identity provider as a program. For development and tests only.
//!
//! ```text
//! pforte-provider [--port N] [--settings JSON]
//! ```
//!
//! Prints one line, `ready http://127.0.0.1:PORT`, on standard output and runs until standard input closes or
//! SIGTERM comes.

use std::io::Write as _;
use std::process::ExitCode;

use pforte_provider::{Provider, Settings};
use tokio::sync::oneshot;

const USAGE: &str = "usage: pforte-provider [--port N] [--settings JSON]\n\
    A development identity provider, for development and tests only: every password is right.";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Nothing is left to be done where even this can't be written.
            let _ = writeln!(std::io::stderr(), "{reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let settings = settings(std::env::args().skip(1))?;
    // Listened for before the line is printed: whoever reads it may end the program at once.
    let mut end = End::listen()?;
    let running =
        Provider::start(settings).await.map_err(|error| match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        })?;
    let note = "for development and tests only: every password is right";
    writeln!(std::io::stderr(), "development identity provider, {note}")
        .map_err(|error| error.to_string())?;
    let mut out = std::io::stdout();
    writeln!(out, "ready {}", running.issuer())
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())?;
    end.comes().await;
    running.stop().await;
    Ok(())
}

fn settings(mut arguments: impl Iterator<Item = String>) -> Result<Settings, String> {
    let mut settings = Settings::default();
    let mut port = None;
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match name.as_str() {
            "--port" => port = Some(value.parse().map_err(|_| format!("{value:?} is no port\n{USAGE}"))?),
            "--settings" => {
                settings =
                    serde_json::from_str(&value).map_err(|error| format!("--settings: {error}\n{USAGE}"))?;
            }
            _ => return Err(USAGE.to_owned()),
        }
    }
    settings.port = port.unwrap_or(settings.port);
    Ok(settings)
}

/// The end of the program: standard input closes, or SIGTERM comes.
struct End {
    input: oneshot::Receiver<()>,
    #[cfg(unix)]
    terminated: tokio::signal::unix::Signal,
}

impl End {
    fn listen() -> Result<Self, String> {
        let (closed, input) = oneshot::channel::<()>();
        // A thread of its own, because a read of standard input can't be called off.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            drop(closed);
        });
        Ok(Self {
            input,
            #[cfg(unix)]
            terminated: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .map_err(|error| format!("SIGTERM can't be listened for: {error}"))?,
        })
    }

    #[cfg(unix)]
    async fn comes(&mut self) {
        tokio::select! {
            _ = &mut self.input => {}
            _ = self.terminated.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn comes(&mut self) {
        let _ = (&mut self.input).await;
    }
}
