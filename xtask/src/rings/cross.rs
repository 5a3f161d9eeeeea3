//! The library for Android and iOS, as far as a compiler can tell without an NDK and without Xcode: `cargo check` of
//! everything that an app links.
//!
//! A Debian that has a newer Rust with its own sources gives a standard library for any target, and the C headers of both
//! systems come with a compiler for Python's package index. Nothing made here is ever shipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::counts::Reader;
use crate::debian_root::{self, DebianRoot};
use crate::folders;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

/// Debian's testing: Rust 1.97 with sources, and a clang that knows iOS.
const RUST: DebianRoot = DebianRoot {
    name: "cross",
    suite: "forky",
    made_like: "sid",
    packages: &[
        "rustc",
        "rust-src",
        "cargo",
        "gcc",
        "libc6-dev",
        "lld",
        "clang",
        "llvm",
        "cmake",
        "make",
        "perl",
        "pkg-config",
        "ca-certificates",
    ],
    costs: "two minutes and 1.9 GB",
    otherwise: "needs root on Debian, where it makes a root folder with another Rust below target",
};

/// The C headers of musl for Android, and of Darwin.
const HEADERS: &str = "0.16.0";

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    if std::env::consts::OS != "linux" {
        return Err(Stop::Missing(
            "a Debian; on a Mac, `cargo xtask apple` builds for iOS itself".to_owned(),
        ));
    }
    let cross = Cross::ready(workspace, run)?;
    let mut checked = Ok(());
    for target in [ANDROID, IPHONE] {
        let mut check = cross.cargo(workspace, target, "check")?;
        let result = run.step(&format!("the library for {target}"), &mut check, Reader::OneCheck);
        checked = checked.and(result);
    }
    checked
}

/// The static library for iPhones, as it is released, but built against other C headers than Apple's.
///
/// # Errors
/// [`Stop::Missing`] where there is no Debian to make the root folder from.
pub fn iphone_library(workspace: &Workspace, run: &mut Run) -> Result<PathBuf, Stop> {
    let cross = Cross::ready(workspace, run)?;
    let mut build = cross.cargo(workspace, IPHONE, "rustc --release --crate-type staticlib")?;
    run.prepare("build the library for iPhones against other C headers", &mut build)?;
    Ok(workspace.target(&format!("cross/{IPHONE}/release/libpforte.a")))
}

const ANDROID: &str = "aarch64-linux-android";
const IPHONE: &str = "aarch64-apple-ios";

/// A compiler for both systems.
struct Cross {
    root: PathBuf,
    headers: PathBuf,
}

impl Cross {
    fn ready(workspace: &Workspace, run: &mut Run) -> Result<Self, Stop> {
        Ok(Self { root: RUST.ready(workspace, run)?, headers: headers(workspace, run)? })
    }

    /// Cargo's `command` over the library for `target`.
    fn cargo(&self, workspace: &Workspace, target: &str, command: &str) -> Result<Command, Stop> {
        let surroundings = if target == ANDROID { android(&self.headers) } else { ios(&self.headers) };
        let script = format!(
            "{surroundings} RUSTC_BOOTSTRAP=1 CARGO_HOME=/mnt CARGO_TARGET_DIR={}/target/cross CARGO_INCREMENTAL=0 \
             cargo {command} --locked --package pforte --lib -Zbuild-std=std,panic_unwind --target {target}",
            debian_root::SEEN_AT
        );
        let mut cargo = debian_root::entering(&self.root, workspace);
        cargo.arg("--bind").arg(cargo_home()?).arg("/mnt");
        cargo.args(["--ro-bind", "/etc/ssl/certs", "/etc/ssl/certs"]);
        cargo.args(["--unshare-pid", "bash", "-c", &script]);
        Ok(cargo)
    }
}

/// The headers, unpacked once: everything else in the package is left out.
fn headers(workspace: &Workspace, run: &mut Run) -> Result<PathBuf, Stop> {
    let folder = workspace.target("tools").join(format!("c-headers-{HEADERS}"));
    if folder.join("ziglang/lib/libc/include").is_dir() {
        return Ok(Path::new(debian_root::SEEN_AT).join("target/tools").join(format!("c-headers-{HEADERS}")));
    }
    tools::require(run, &["python3", "unzip"], &["python3-venv", "unzip"])?;
    let partial = folder.with_extension("partial");
    folders::empty(&partial)?;
    let mut download = workspace.command("python3", ["-m", "pip", "download", "--quiet", "--no-deps"]);
    download.args(["--only-binary", ":all:", &format!("ziglang=={HEADERS}"), "--dest"]).arg(&partial);
    run.prepare("download the C headers, 90 MB", &mut download)?;
    let wheel = fs::read_dir(&partial)?.flatten().map(|entry| entry.path()).next();
    let wheel = wheel.ok_or_else(|| Stop::Failed("the package of C headers is empty".to_owned()))?;
    let mut unzip = workspace.command("unzip", ["-q", "-o"]);
    unzip.arg(&wheel).arg("ziglang/lib/libc/include/*").arg("-d").arg(&partial);
    run.prepare("unpack them", &mut unzip)?;
    fs::remove_file(&wheel)?;
    fs::rename(&partial, &folder)?;
    headers(workspace, run)
}

fn android(headers: &Path) -> String {
    let places: Vec<String> = ["aarch64-linux-musl", "generic-musl", "aarch64-linux-any", "any-linux-any"]
        .map(|name| format!("-isystem {}/ziglang/lib/libc/include/{name}", headers.display()))
        .to_vec();
    format!(
        "CC_aarch64_linux_android=clang AR_aarch64_linux_android=llvm-ar CFLAGS_aarch64_linux_android=\"-D_GNU_SOURCE \
         -nostdinc -isystem $(clang -print-resource-dir)/include {}\"",
        places.join(" ")
    )
}

fn ios(headers: &Path) -> String {
    format!(
        "CC_aarch64_apple_ios=clang AR_aarch64_apple_ios=llvm-ar SDKROOT=/tmp IPHONEOS_DEPLOYMENT_TARGET=16.0 \
         CFLAGS_aarch64_apple_ios=\"-isystem {}/ziglang/lib/libc/include/any-darwin-any -Wno-nullability-completeness\"",
        headers.display()
    )
}

/// Shared with the cargo outside: what is downloaded is downloaded once.
fn cargo_home() -> Result<PathBuf, Stop> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    home.ok_or_else(|| Stop::Missing("neither CARGO_HOME nor HOME is set".to_owned()))
}
