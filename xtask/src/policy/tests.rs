//! The command on the portal's policy, and on a policy that is out for trouble.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::arguments::Arguments;
use super::page::escaped;
use super::{Failure, Output, outcome};

fn portal() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/gate/portal")
}

fn command(folder: &Path, words: &[&str]) -> Result<Output, Failure> {
    let (task, rest) = words.split_first().unwrap();
    let folder = folder.to_str().unwrap();
    let words: Vec<String> = [*task, folder].iter().chain(rest).map(|word| (*word).to_owned()).collect();
    outcome(&Arguments::read(&words).map_err(Failure::Usage)?)
}

/// A copy of the portal's policy with some words changed.
fn changed(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("texts")).unwrap();
    for name in ["policy.toml", "texts/en.toml", "texts/de.toml"] {
        let mut text = fs::read_to_string(portal().join(name)).unwrap();
        if name == file {
            assert!(text.contains(from), "{file} does not say {from}");
            text = text.replace(from, to);
        }
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn the_portal_has_nothing_to_remark() {
    let output = command(&portal(), &["lint"]).unwrap();
    assert_eq!((output.text.as_str(), output.well), ("Nothing to remark.\n", true));
    let json: Value = serde_json::from_str(&command(&portal(), &["lint", "--json"]).unwrap().text).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), 0);
}

#[test]
fn a_mistake_is_told_with_file_line_and_column() {
    let folder = changed("policy.toml", "mfa = \"verified\"", "mfa = \"verifed\"");
    let output = command(folder.path(), &["lint"]).unwrap();
    assert!(!output.well);
    let place =
        format!("{}:19:7: [levels] has no level verifed", folder.path().join("policy.toml").display());
    assert!(output.text.starts_with(&place), "{}", output.text);
    let json: Value =
        serde_json::from_str(&command(folder.path(), &["lint", "--json"]).unwrap().text).unwrap();
    assert_eq!((&json["findings"][0]["line"], &json["findings"][0]["column"]), (&19.into(), &7.into()));
    // The others need a policy that can be used.
    for task in ["explain", "simulate"] {
        let Err(Failure::Policy(why)) = command(folder.path(), &[task]) else { panic!("{task} went on") };
        assert!(why.contains("policy.toml:19:7:"), "{why}");
    }
}

#[test]
fn a_folder_without_a_policy_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let Err(Failure::Policy(why)) = command(folder.path(), &["lint"]) else { panic!("there is no policy") };
    assert!(why.contains("policy.toml can't be read"), "{why}");
}

#[test]
fn wrong_words_are_refused_with_what_was_meant() {
    for (words, says) in [
        (&["explain", "review.wirte"][..], "did you mean review.write?"),
        (&["simulate", "review.wirte"], "did you mean review.write?"),
        (&["simulate", "withdraw:nothing"], "no touchpoint withdraw:nothing"),
        (&["simulate", "+soon"], "+soon"),
        (&["simulate", "--accepts", "ads"], "no purpose ads"),
        (&["simulate", "--declines", "everything"], "there are inform, unlock"),
        (&["simulate", "--age", "16"], "over or under"),
        (&["explain", "--html", "page.html"], "for simulate only"),
        (&["explain", "--locale", "fr"], "there are: de, en"),
        (&["lint", "review.write"], "leave out the touchpoints"),
        (&["simulate", "--html"], "needs a value"),
        (&["simulate", "--pdf", "x"], "no option --pdf"),
        (&["polish"], "no `policy polish`"),
    ] {
        match command(&portal(), words) {
            Err(Failure::Usage(why)) => assert!(why.contains(says), "{words:?}: {why}"),
            other => panic!("{words:?}: {other:?}"),
        }
    }
}

#[test]
fn explain_speaks_both_languages() {
    let english = command(&portal(), &["explain", "booking.pay"]).unwrap().text;
    assert!(english.starts_with("“Pay for a booking” (booking.pay)."), "{english}");
    let german = command(&portal(), &["explain", "booking.pay", "--locale", "de-AT"]).unwrap().text;
    assert!(german.starts_with("„Buchung bezahlen“ (booking.pay)."), "{german}");
    let all: Value = serde_json::from_str(&command(&portal(), &["explain", "--json"]).unwrap().text).unwrap();
    assert!(all["explanations"].as_array().unwrap().len() >= 15);
}

#[test]
fn simulate_asks_in_order_and_nothing_twice() {
    let words = ["simulate", "hotel.browse", "review.write", "review.write", "+10m", "booking.pay", "--json"];
    let json: Value = serde_json::from_str(&command(&portal(), &words).unwrap().text).unwrap();
    let asked: Vec<(String, Vec<String>)> = json["walk"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let kinds =
                row["asked"].as_array().unwrap().iter().map(|ask| ask["kind"].as_str().unwrap().to_owned());
            (row["event"].as_str().unwrap().to_owned(), kinds.collect())
        })
        .collect();
    let row = |event: &str, kinds: &[&str]| {
        (event.to_owned(), kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(
        asked,
        [
            row("hotel.browse", &["consent"]),
            row("review.write", &["inform", "sign-in", "enrol-biometrics", "profile", "consent"]),
            row("review.write", &[]),
            row("+10 min", &[]),
            row("booking.pay", &["inform", "step-up", "profile"]),
        ]
    );
}

#[test]
fn the_visitor_answers_as_told() {
    let refusing = ["simulate", "picture.upload", "--accepts", "none", "--declines", "enrol-biometrics"];
    let text = command(&portal(), &refusing).unwrap().text;
    assert!(text.contains("✕ stops") && text.contains("declined") && text.contains("refused"), "{text}");
    let under =
        command(&portal(), &["simulate", "review.write", "--age", "under", "--locale", "de"]).unwrap().text;
    assert!(!under.contains("Einwilligung") && under.contains("→ weiter"), "{under}");
    let restarted = ["simulate", "account.edit", "restart", "account.edit"];
    let text = command(&portal(), &restarted).unwrap().text;
    assert!(text.contains("The app is started again") && text.contains("1. Unlock"), "{text}");
}

#[test]
fn the_page_has_every_language_every_text_and_nothing_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    command(&portal(), &["simulate", "--html", file.to_str().unwrap(), "--locale", "de"]).unwrap();
    let page = fs::read_to_string(&file).unwrap();
    for part in [
        "<html lang=\"de\">",
        "lang=\"en\"",
        "Help us improve the portal",
        "Helfen Sie uns, das Portal zu verbessern",
        "Das Gesetz verpflichtet uns",
        "The law obliges us",
        "prefers-color-scheme: dark",
        "@media print",
        "id=\"language-0\" checked",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    for foreign in ["<script", "http://", "https://", "<img", "<link", "@import", "url("] {
        assert!(!page.contains(foreign), "the page has {foreign}");
    }
}

#[test]
fn what_the_policy_says_stands_in_the_page_as_text() {
    let evil = "\\\"'><script>alert(1)</script>&amp;";
    for (file, from) in [
        ("texts/en.toml", "\"Newsletter\""),
        ("texts/en.toml", "\"Good to know\""),
        ("texts/en.toml", "\"Create an account\""),
        ("texts/en.toml", "\"signed in\""),
        ("texts/en.toml", "\"Continue with Google\""),
        ("texts/en.toml", "\"Display name\""),
        ("texts/en.toml", "\"Newsletter service, EU\"\n\"The"),
        (
            "texts/en.toml",
            "\"Without it we could not show your picture to anybody, and an upload would have no use.\"",
        ),
        ("policy.toml", "\"marketing\""),
    ] {
        let to = from.replacen('"', &format!("\"{evil}"), 1);
        let folder = changed(file, from, &to);
        let page = folder.path().join("page.html");
        command(folder.path(), &["simulate", "--html", page.to_str().unwrap()]).unwrap();
        let page = fs::read_to_string(page).unwrap();
        assert!(!page.contains("<script"), "{from} is not escaped");
        assert!(
            page.contains("&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;"),
            "{from} is not shown"
        );
    }
    assert_eq!(escaped("<a href='x'>\"&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt;");
}
