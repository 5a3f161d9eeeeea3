//! `cargo xtask policy`: for the people who write a policy and do not write code.
//!
//! `lint` says what is wrong with it, `explain` says it in words, `simulate` walks a visitor through it. Standard output
//! has the result and nothing else, so that `--json` can be read by a program.

mod arguments;
mod folder;
mod frame;
mod page;
mod report;
mod table;

use std::fs;
use std::process::ExitCode;

use pforte_gate::{Finding, Policy, check, explain, simulate};
use serde_json::json;

use arguments::{Arguments, Task};
use folder::Folder;
use report::Report;

const USAGE: &str = "\
cargo xtask policy lint FOLDER                 what is wrong with the policy in FOLDER, or looks wrong: file, line, column
cargo xtask policy explain FOLDER [TOUCHPOINT…]  what each touchpoint asks for, and why, in words
cargo xtask policy simulate FOLDER [EVENT…]    what a visitor is asked on the way through touchpoints, in order

  --locale LOCALE        the language (default: the policy's own)
  --json                 the same for a program
simulate only:
  EVENT                  a touchpoint; +10m, time that passes; restart, the app is started again; sign-out;
                         withdraw:PURPOSE. Default: every touchpoint of the policy, in its order
  --accepts all|none|PURPOSE,…   which consents the visitor gives (default: all)
  --declines KIND,…      which asks the visitor declines, such as enrol-biometrics,enrol-passkey
  --age over|under       what the visitor says about the age of consent (default: over)
  --html FILE            one page to read and print: touchpoints down, asks across, the texts as shown, every language

It ends with 0 where all is well, 1 where the policy has mistakes or lint has remarks, 2 where the command is wrong.
";

/// Runs the command.
pub fn run(words: &[String]) -> ExitCode {
    let arguments = match Arguments::read(words) {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("{why}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome(&arguments) {
        Ok(output) => {
            print!("{}", output.text);
            if output.well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(Failure::Usage(why)) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
        Err(Failure::Policy(why)) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// What comes out, and whether all is well.
#[derive(Debug)]
struct Output {
    text: String,
    well: bool,
}

#[derive(Debug)]
enum Failure {
    /// The command is wrong.
    Usage(String),
    /// The policy can't be read or used, or the page can't be written.
    Policy(String),
}

fn outcome(arguments: &Arguments) -> Result<Output, Failure> {
    let folder = Folder::read(&arguments.folder).map_err(Failure::Policy)?;
    if arguments.task == Task::Lint {
        return Ok(lint(&folder, arguments.json));
    }
    let policy = Policy::parse(&folder.source).map_err(|errors| {
        let lines = errors.findings.iter().map(|finding| folder.line(finding));
        Failure::Policy(lines.collect::<Vec<_>>().join("\n"))
    })?;
    let locale = match &arguments.locale {
        Some(wanted) => known_locale(&policy, wanted)?,
        None => policy.locale("").to_owned(),
    };
    match arguments.task {
        Task::Explain => explained(&policy, arguments, &locale),
        Task::Simulate | Task::Lint => simulated(&policy, &folder, arguments, &locale),
    }
}

/// The policy's language that `wanted` leads to; another language than the one that was asked for would mislead.
fn known_locale(policy: &Policy, wanted: &str) -> Result<String, Failure> {
    let found = policy.locale(wanted);
    let language = |locale: &str| locale.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    if language(found) == language(wanted) {
        return Ok(found.to_owned());
    }
    let all: Vec<&str> = policy.locales().collect();
    Err(Failure::Usage(format!("The policy has no texts in {wanted}; there are: {}.", all.join(", "))))
}

fn lint(folder: &Folder, as_json: bool) -> Output {
    let findings = check(&folder.source);
    let well = findings.is_empty();
    if as_json {
        let findings: Vec<_> = findings.iter().map(|finding| finding_json(folder, finding)).collect();
        return Output { text: format!("{:#}\n", json!({ "findings": findings })), well };
    }
    let mut text: String = findings.iter().map(|finding| folder.line(finding) + "\n").collect();
    text += &match findings.len() {
        0 => "Nothing to remark.\n".to_owned(),
        1 => "\n1 remark.\n".to_owned(),
        many => format!("\n{many} remarks.\n"),
    };
    Output { text, well }
}

fn finding_json(folder: &Folder, finding: &Finding) -> serde_json::Value {
    let Finding { file, line, column, rule, sentence } = finding;
    json!({ "file": folder.file(file), "line": line, "column": column, "rule": rule, "sentence": sentence })
}

fn explained(policy: &Policy, arguments: &Arguments, locale: &str) -> Result<Output, Failure> {
    let all = policy.touchpoints().iter().map(|touchpoint| touchpoint.id.clone());
    let wanted = if arguments.words.is_empty() { all.collect() } else { arguments.words.clone() };
    let mut texts = Vec::new();
    for id in wanted {
        let text = explain(policy, &id, locale).map_err(|unknown| Failure::Usage(format!("{unknown}.")))?;
        texts.push((id, text));
    }
    let text = if arguments.json {
        let texts: Vec<_> = texts
            .iter()
            .map(|(id, text)| json!({ "touchpoint": id, "locale": locale, "text": text }))
            .collect();
        format!("{:#}\n", json!({ "explanations": texts }))
    } else {
        texts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")
    };
    Ok(Output { text, well: true })
}

fn simulated(
    policy: &Policy,
    folder: &Folder,
    arguments: &Arguments,
    locale: &str,
) -> Result<Output, Failure> {
    let events = arguments.events(policy).map_err(Failure::Usage)?;
    let visitor = arguments.visitor(policy).map_err(Failure::Usage)?;
    let stages = simulate(policy, &visitor, &events);
    let report = Report::new(policy, &stages, locale);
    if let Some(file) = &arguments.html {
        let page = page::Page {
            policy,
            name: &folder.name,
            stages: &stages,
            findings: check(&folder.source),
            locale,
        };
        fs::write(file, page.html())
            .map_err(|error| Failure::Policy(format!("{} can't be written: {error}", file.display())))?;
    }
    let text = if arguments.json {
        format!("{:#}\n", report.json())
    } else {
        let page = arguments.html.as_ref().map(|file| format!("\nThe page is in {}.\n", file.display()));
        table::table(&report) + &page.unwrap_or_default()
    };
    Ok(Output { text, well: true })
}

#[cfg(test)]
mod tests;
