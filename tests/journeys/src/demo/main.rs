//! The portal visitor's journey, told in the terminal.
//!
//! ```text
//! demo [--browser] [--step] [--keep FOLDER]
//! ```
//!
//! Everything is the real library; the provider is the development one, started inside this process. Keys are software
//! keys for development, and said to be.

mod device;
mod narrator;
mod presenter;
mod story;

use std::path::PathBuf;
use std::process::ExitCode;

use narrator::Narrator;

const USAGE: &str = "usage: cargo xtask demo [--browser] [--step] [--keep FOLDER]
  --browser      sign in on the provider's page, in your own browser
  --step         pause at each question and at each prompt for the finger
  --keep FOLDER  copy the sealed files there before signing out, to look at them";

/// What the demo was asked for.
#[derive(Debug, Default)]
pub struct Wishes {
    browser: bool,
    step: bool,
    keep: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let narrator = Narrator;
    let wishes = match wishes(std::env::args().skip(1)) {
        Ok(wishes) => wishes,
        Err(reason) => {
            narrator.say(&format!("{reason}\n{USAGE}"));
            return ExitCode::FAILURE;
        }
    };
    match story::tell(&narrator, wishes).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            narrator.say(&format!("\nThe journey ended early: {reason}"));
            ExitCode::FAILURE
        }
    }
}

fn wishes(mut arguments: impl Iterator<Item = String>) -> Result<Wishes, String> {
    let mut wishes = Wishes::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--browser" => wishes.browser = true,
            "--step" => wishes.step = true,
            "--keep" => wishes.keep = Some(arguments.next().ok_or("--keep needs a folder")?.into()),
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(wishes)
}
