//! Where things are.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of this repository.
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built in.
    pub fn here() -> Self {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self { root: xtask.parent().unwrap_or(xtask).to_owned() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// The folder of everything that can be made again.
    pub fn target(&self, below: &str) -> PathBuf {
        self.root.join("target").join(below)
    }

    /// A program of the debug build.
    pub fn built_program(&self, name: &str) -> PathBuf {
        self.target("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The library that Kotlin and Swift load.
    pub fn built_library(&self) -> PathBuf {
        let name = format!("{}pforte{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        self.target("debug").join(name)
    }

    /// Cargo. In CI it keeps nothing for a next build that never comes: half of the disk space, and faster.
    pub fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut cargo = self.command("cargo", arguments);
        if std::env::var_os("CI").is_some() {
            cargo.env("CARGO_INCREMENTAL", "0");
        }
        cargo
    }

    /// A command that runs in the root folder.
    pub fn command<const N: usize>(&self, program: &str, arguments: [&str; N]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        command
    }
}

/// What a walk of the journey needs to know (`tests/journeys/JOURNEY.md`), for a workspace seen at `root`.
pub fn journey_surroundings(root: &Path) -> [(&'static str, PathBuf); 4] {
    let provider = format!("target/debug/pforte-provider{}", std::env::consts::EXE_SUFFIX);
    [
        ("PFORTE_PROVIDER_BIN", root.join(provider)),
        ("PFORTE_POLICY", root.join("core/gate/portal")),
        ("PFORTE_JOURNEY_OUT", root.join("target/journeys")),
        ("PFORTE_CASES", root.join("target/cases")),
    ]
}
