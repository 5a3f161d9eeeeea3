//! Holds the table of rooms in ARCHITECTURE.md: who may see whom, and which libraries belong to one room alone.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One row: a room, the rooms it may see, and libraries it must not reach, not even through another library.
struct Row {
    room: &'static str,
    may_see: &'static [&'static str],
    must_not_reach: &'static [&'static str],
}

/// Runtimes, network and TLS.
const NETWORK: [&str; 6] = ["hyper", "reqwest", "rustls", "socket2", "tokio", "webbrowser"];
const FOREIGN: [&str; 2] = ["uniffi", "uniffi_core"];
const KEYRINGS: [&str; 3] = ["keyring", "keyring-core", "zbus"];
/// What means a protocol, to those who only fill ports.
const PROTOCOL: [&str; 4] = ["coset", "jsonwebtoken", "passkey-types", "reqwest"];

const TABLE: [Row; 13] = [
    Row { room: "pforte-host", may_see: &[], must_not_reach: &NETWORK },
    Row { room: "pforte-transport", may_see: &["pforte-host"], must_not_reach: &KEYRINGS },
    Row { room: "pforte-gate", may_see: &["pforte-host"], must_not_reach: &NETWORK },
    Row { room: "pforte-consent", may_see: &["pforte-host"], must_not_reach: &NETWORK },
    Row { room: "pforte-vault", may_see: &["pforte-host"], must_not_reach: &NETWORK },
    Row { room: "pforte-oauth", may_see: &["pforte-host"], must_not_reach: &NETWORK },
    Row { room: "pforte-passkey", may_see: &["pforte-host"], must_not_reach: &NETWORK },
    Row {
        room: "pforte-session",
        may_see: &[
            "pforte-consent",
            "pforte-host",
            "pforte-oauth",
            "pforte-passkey",
            "pforte-transport",
            "pforte-vault",
        ],
        must_not_reach: &KEYRINGS,
    },
    Row {
        room: "pforte-journey",
        may_see: &["pforte-consent", "pforte-host", "pforte-transport"],
        must_not_reach: &["jsonwebtoken"],
    },
    Row {
        room: "pforte-client",
        may_see: &[
            "pforte-consent",
            "pforte-gate",
            "pforte-host",
            "pforte-journey",
            "pforte-oauth",
            "pforte-passkey",
            "pforte-session",
            "pforte-transport",
            "pforte-vault",
        ],
        must_not_reach: &KEYRINGS,
    },
    Row { room: "pforte-platform", may_see: &["pforte-host"], must_not_reach: &PROTOCOL },
    Row { room: "pforte-testing", may_see: &["pforte-host"], must_not_reach: &PROTOCOL },
    Row { room: "pforte", may_see: &["pforte-client", "pforte-platform"], must_not_reach: &["axum"] },
];

/// Libraries that only these rooms may name as their own.
const OWNERS: [(&str, &[&str]); 13] = [
    ("aes-gcm", &[]),
    ("ciborium", &["pforte-consent"]),
    ("coset", &["pforte-consent"]),
    ("hyper", &[]),
    ("jni", &["pforte"]),
    ("jsonwebtoken", &["pforte-oauth"]),
    ("keyring-core", &["pforte-platform"]),
    ("passkey-types", &["pforte-passkey"]),
    ("reqwest", &["pforte-transport"]),
    ("rustls", &["pforte-transport"]),
    // The binding gives it Android's context, which nothing under core/ knows.
    ("rustls-platform-verifier", &["pforte-transport", "pforte"]),
    ("uniffi", &["pforte", "pforte-bindgen"]),
    ("webbrowser", &["pforte-platform"]),
];

/// Rooms that exist for tests; any room's own tests may see them, and the ports filled in Rust.
const FOR_TESTS: [&str; 3] = ["pforte-platform", "pforte-provider", "pforte-testing"];

#[test]
fn every_room_has_a_row_and_every_row_a_room() {
    let workspace = Packages::read();
    let rooms: BTreeSet<&str> = workspace.rooms().collect();
    let rows: BTreeSet<&str> = TABLE.iter().map(|row| row.room).collect();
    assert_eq!(
        rooms, rows,
        "ARCHITECTURE.md and this table have one row for each folder of core/, and for bindings/ffi"
    );
}

#[test]
fn rooms_see_only_what_their_row_allows() {
    let workspace = Packages::read();
    let mut wrong = Vec::new();
    for row in &TABLE {
        for seen in workspace.named_by(row.room, &["normal", "build"]).filter(|name| workspace.is_ours(name))
        {
            if !row.may_see.contains(&seen) {
                wrong.push(format!("{} sees {seen}", row.room));
            }
        }
        for seen in workspace.named_by(row.room, &["dev"]).filter(|name| workspace.is_ours(name)) {
            // A room's own tests may see it with its features for tests.
            if seen != row.room && !row.may_see.contains(&seen) && !FOR_TESTS.contains(&seen) {
                wrong.push(format!("the tests of {} see {seen}", row.room));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn rooms_do_not_reach_what_their_row_forbids() {
    let workspace = Packages::read();
    let mut wrong = Vec::new();
    for row in &TABLE {
        let reached = workspace.reached_from(row.room);
        let foreign = if row.room == "pforte" { &[][..] } else { &FOREIGN[..] };
        for forbidden in row.must_not_reach.iter().chain(foreign).filter(|name| reached.contains(**name)) {
            wrong.push(format!("{} reaches {forbidden}", row.room));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn libraries_with_an_owner_are_named_by_nobody_else() {
    let workspace = Packages::read();
    let mut wrong = Vec::new();
    for room in workspace.rooms().chain(["pforte-bindgen"]) {
        for (library, owners) in OWNERS {
            let names_it = workspace.named_by(room, &["normal"]).any(|name| name == library);
            if names_it && !owners.contains(&room) {
                wrong.push(format!("{room} names {library}, which belongs to {owners:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn nothing_is_taken_from_a_folder_outside_the_workspace() {
    let workspace = Packages::read();
    let local = workspace.by_id.iter().filter(|(_, package)| package["source"].is_null());
    let strangers: Vec<&String> =
        local.map(|(id, _)| id).filter(|id| !workspace.members.contains(id)).collect();
    assert_eq!(strangers, Vec::<&String>::new());
}

#[test]
fn the_reading_finds_what_is_there() {
    let workspace = Packages::read();
    assert!(workspace.reached_from("pforte-transport").contains("tokio"));
    assert!(workspace.reached_from("pforte").contains("uniffi_core"));
    assert!(workspace.named_by("pforte-client", &["normal"]).any(|name| name == "pforte-session"));
}

/// The workspace as cargo sees it.
struct Packages {
    /// Package identity to package.
    by_id: BTreeMap<String, Value>,
    /// Package identity to the identities it needs, tests aside. All platforms and features count.
    needs: BTreeMap<String, Vec<String>>,
    members: Vec<String>,
}

impl Packages {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let arguments = ["metadata", "--format-version", "1", "--all-features", "--locked"];
        let output = Command::new(env!("CARGO")).args(arguments).current_dir(root).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let all: Value = serde_json::from_slice(&output.stdout).unwrap();
        let by_id = list(&all["packages"]).map(|package| (text(&package["id"]), package.clone())).collect();
        let needs = list(&all["resolve"]["nodes"]).map(|node| {
            let counts = |need: &&Value| list(&need["dep_kinds"]).any(|kind| kind["kind"].is_null());
            (text(&node["id"]), list(&node["deps"]).filter(counts).map(|need| text(&need["pkg"])).collect())
        });
        let members = list(&all["workspace_members"]).map(text).collect();
        Self { by_id, needs: needs.collect(), members }
    }

    /// The rooms the table speaks of: what lies in core/, and the UniFFI surface.
    fn rooms(&self) -> impl Iterator<Item = &str> {
        let in_table = |package: &&Value| {
            let manifest = package["manifest_path"].as_str().unwrap().replace('\\', "/");
            manifest.contains("/core/") || manifest.ends_with("/bindings/ffi/Cargo.toml")
        };
        self.members
            .iter()
            .map(|id| &self.by_id[id])
            .filter(in_table)
            .map(|package| package["name"].as_str().unwrap())
    }

    fn is_ours(&self, name: &str) -> bool {
        self.id(name).is_some()
    }

    fn id(&self, member: &str) -> Option<&String> {
        self.members.iter().find(|id| self.by_id[*id]["name"] == member)
    }

    /// What a member's Cargo.toml names, on any platform.
    fn named_by<'a>(&'a self, member: &str, kinds: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let package = &self.by_id[self.id(member).unwrap()];
        list(&package["dependencies"])
            .filter(|named| kinds.contains(&named["kind"].as_str().unwrap_or("normal")))
            .map(|named| named["name"].as_str().unwrap())
    }

    /// The names of everything that ends up in a member's library.
    fn reached_from(&self, member: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.id(member).unwrap()];
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(&self.needs[id]);
            }
        }
        seen.into_iter().map(|id| self.by_id[id]["name"].as_str().unwrap()).collect()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
