//! Debian root folders for tools that this machine's own Debian lacks, entered by bubblewrap.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

/// Where the workspace is seen from inside.
pub const SEEN_AT: &str = "/src";

/// In the root, the packages it was made with: a root made for others is made anew.
const INSTALLED: &str = "etc/pforte-packages";

/// A Debian release with packages, in a folder below target.
pub struct DebianRoot {
    /// What it is for, in one word, and its folder's name.
    pub name: &'static str,
    /// The release.
    pub suite: &'static str,
    /// The release whose script makes it, where debootstrap is older than the release.
    pub made_like: &'static str,
    pub packages: &'static [&'static str],
    /// How long the installation takes and how large it is, in words.
    pub costs: &'static str,
    /// What to say where it can't be made.
    pub otherwise: &'static str,
}

impl DebianRoot {
    /// The root folder, made when there is none yet.
    ///
    /// It is made under another name and renamed when complete, so that a run that was cut off leaves no half root behind.
    pub fn ready(&self, workspace: &Workspace, run: &mut Run) -> Result<PathBuf, Stop> {
        let Self { name, suite, .. } = self;
        let root = workspace.target(&format!("{name}-root-{suite}"));
        let wanted = self.packages.join(" ");
        if fs::read_to_string(root.join(INSTALLED)).is_ok_and(|installed| installed == wanted) {
            tools::require(run, &["bwrap"], &["bubblewrap"])?;
            return Ok(root);
        }
        let Some(mirror) = debian_mirror().filter(|_| tools::is_root()) else {
            return Err(Stop::Missing(self.otherwise.to_owned()));
        };
        tools::require(
            run,
            &["bwrap", "debootstrap"],
            &["bubblewrap", "debootstrap", "debian-archive-keyring"],
        )?;
        let partial = root.with_extension("partial");
        clear(run, &partial)?;
        fs::create_dir_all(workspace.target(""))?;
        let mut bootstrap = Command::new("debootstrap");
        bootstrap.args(["--variant=minbase", suite]).arg(&partial).arg(mirror);
        bootstrap.arg(format!("/usr/share/debootstrap/scripts/{}", self.made_like));
        run.prepare(&format!("make a root folder for {name}, about a minute"), &mut bootstrap)?;
        copy_settings(&partial)?;
        let apt = format!(
            "apt-get update -qq -o Acquire::Check-Valid-Until=false && \
             apt-get install -y -qq --no-install-recommends {wanted} >/var/log/pforte-install.log"
        );
        run.prepare(&format!("install {name} into it, {}", self.costs), &mut installing(&partial, &apt))?;
        fs::write(partial.join(INSTALLED), &wanted)?;
        clear(run, &root)?;
        fs::rename(&partial, &root)?;
        Ok(root)
    }
}

/// `script` with the workspace at [`SEEN_AT`], a private home, and nothing writable but the workspace.
pub fn command(root: &Path, workspace: &Workspace, script: &str) -> Command {
    let mut inside = entering(root, workspace);
    inside.args(["--unshare-pid", "bash", "-c", script]);
    inside
}

/// The same without a program yet, for further places that it sees.
pub fn entering(root: &Path, workspace: &Workspace) -> Command {
    let mut inside = Command::new("bwrap");
    inside.arg("--ro-bind").arg(root).arg("/").args(["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]);
    inside.args(["--tmpfs", "/root", "--bind"]).arg(workspace.root()).args([SEEN_AT, "--chdir", SEEN_AT]);
    inside.args(["--setenv", "HOME", "/root", "--setenv", "PATH", "/usr/bin:/usr/sbin", "--die-with-parent"]);
    inside
}

/// Mounts and processes live in bubblewrap's own namespaces: nothing stays behind, whatever happens.
fn installing(root: &Path, script: &str) -> Command {
    let mut inside = Command::new("bwrap");
    inside.arg("--bind").arg(root).args([
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--die-with-parent",
        "--unshare-pid",
    ]);
    inside.args(["--cap-add", "ALL", "--setenv", "PATH", "/usr/bin:/usr/sbin:/bin:/sbin"]);
    inside.args(["--setenv", "DEBIAN_FRONTEND", "noninteractive", "bash", "-c", script]);
    inside
}

/// Removes an incomplete or outdated root; on one file system only, so that nothing mounted in it is touched.
fn clear(run: &mut Run, root: &Path) -> Result<(), Stop> {
    run.prepare("clear what is left", Command::new("rm").args(["-rf", "--one-file-system"]).arg(root))
}

/// The network's names and apt's settings, as this machine has them; and the folder to see the workspace at.
fn copy_settings(root: &Path) -> Result<(), Stop> {
    for name in ["etc/resolv.conf", "etc/hosts"] {
        if let Ok(text) = fs::read(Path::new("/").join(name)) {
            fs::write(root.join(name), text)?;
        }
    }
    let settings = Path::new("etc/apt/apt.conf.d");
    for entry in fs::read_dir(Path::new("/").join(settings)).into_iter().flatten().flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), root.join(settings).join(entry.file_name()))?;
        }
    }
    fs::create_dir_all(root.join(SEEN_AT.trim_start_matches('/')))?;
    Ok(())
}

/// The mirror that this machine's apt uses, if it is a Debian.
fn debian_mirror() -> Option<String> {
    let release = fs::read_to_string("/etc/os-release").ok()?;
    if !release.lines().any(|line| line == "ID=debian") {
        return None;
    }
    let mut files: Vec<PathBuf> = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| {
            file.extension().is_some_and(|extension| extension == "sources" || extension == "list")
        })
        .collect();
    files.sort();
    files.insert(0, PathBuf::from("/etc/apt/sources.list"));
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).find_map(|text| mirror(&text))
}

/// The first Debian archive in an apt source list, in its one-line or its field form.
fn mirror(sources: &str) -> Option<String> {
    let places = sources.lines().filter_map(|line| match line.split_once(' ') {
        Some(("URIs:", rest)) => rest.split_whitespace().next(),
        Some(("deb", rest)) => rest.split_whitespace().find(|word| word.contains("://")),
        _ => None,
    });
    places
        .map(|place| place.trim_end_matches('/'))
        .find(|place| place.ends_with("/debian"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_read_from_both_forms() {
        let fields = "Types: deb\nURIs: http://mirror.test/debian-security\n\nTypes: deb\nURIs: http://mirror.test/debian/\n";
        assert_eq!(mirror(fields).as_deref(), Some("http://mirror.test/debian"));
        let lines =
            "# deb http://old.test/debian x main\ndeb [arch=amd64] https://mirror.test/debian trixie main\n";
        assert_eq!(mirror(lines).as_deref(), Some("https://mirror.test/debian"));
        assert_eq!(mirror("deb https://other.test/repository stable main\n"), None);
    }

    #[test]
    fn nothing_but_the_workspace_is_writable_inside() {
        let command = command(Path::new("/r"), &Workspace::here(), "true");
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        assert_eq!(words.iter().filter(|word| *word == "--bind").count(), 1);
        assert!(words.windows(3).any(|three| three[0] == "--ro-bind" && three[1] == "/r" && three[2] == "/"));
    }
}
