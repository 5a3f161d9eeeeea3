//! The Java half of the certificate verifier: the class that libpforte calls on Android. It is unpacked from a crate, so that it
//! has a checksum in Cargo.lock like everything else, and none of it is committed.

use std::fs;
use std::path::{Path, PathBuf};

use super::output;
use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// The last crate that holds it: from 0.2.0 on, the project serves it from a place that is no registry.
/// Whether 0.2.0 has the same class could not be compared; what the Rust half calls is checked below.
const CRATE: (&str, &str) = ("rustls-platform-verifier-android", "0.1.1");

/// The Rust half for which [`CALLED`] was read out of `src/verification/android.rs`.
const RUST_HALF: (&str, &str) = ("rustls-platform-verifier", "0.7.1");

/// What the Rust half calls and reads, as `javap -p -s` prints it.
const CALLED: [(&str, &[&str]); 2] = [
    (
        "org.rustls.platformverifier.CertificateVerifier",
        &[
            "verifyCertificateChain(",
            "(Landroid/content/Context;Ljava/lang/String;Ljava/lang/String;[Ljava/lang/String;[BJ[[B)Lorg/rustls/platformverifier/VerificationResult;",
        ],
    ),
    ("org.rustls.platformverifier.VerificationResult", &[" int code;", " java.lang.String message;"]),
];

/// The meanings of `code`, in the order of their numbers.
const CODES: [&str; 7] =
    ["Ok", "Unavailable", "Expired", "UnknownCert", "Revoked", "InvalidEncoding", "InvalidExtension"];

/// Writes `rustls-platform-verifier.jar` into `folder`, and checks that it is what the Rust half calls.
pub fn unpack(workspace: &Workspace, run: &mut Run, folder: &Path) -> Result<(), Stop> {
    let metadata = output(&mut workspace.cargo(["metadata", "--format-version", "1", "--locked"]))?;
    let (name, version) = CRATE;
    let home = home_of(&metadata, name, version).ok_or_else(|| {
        Stop::Failed(format!("Cargo.lock has no {name} {version}, which holds the verifier's Java half"))
    })?;
    let (rust, known) = RUST_HALF;
    if home_of(&metadata, rust, known).is_none() {
        return Err(Stop::Failed(format!(
            "{rust} is no longer {known}: read again what it calls, in xtask/src/android/verifier.rs"
        )));
    }
    let aar = home.join(format!(
        "maven/rustls/rustls-platform-verifier/{version}/rustls-platform-verifier-{version}.aar"
    ));
    let mut unpack = workspace.command("jar", ["--extract", "--file"]);
    run.prepare("unpack the verifier's Java half", unpack.arg(aar).arg("classes.jar").current_dir(folder))?;
    let jar = folder.join("rustls-platform-verifier.jar");
    fs::rename(folder.join("classes.jar"), &jar)?;
    run.check("the verifier's Java half is what its Rust half calls", fits(workspace, &jar));
    Ok(())
}

fn fits(workspace: &Workspace, jar: &Path) -> Result<(), String> {
    let shown = |class: &str| {
        let mut javap = workspace.command("javap", ["-p", "-s", "-constants", "-cp"]);
        output(javap.arg(jar).arg(class)).map_err(|stop| stop.to_string())
    };
    for (class, called) in CALLED {
        let text = shown(class)?;
        if let Some(missing) = called.iter().find(|what| !text.contains(**what)) {
            return Err(format!("{class} has no {missing}"));
        }
    }
    let codes = shown("org.rustls.platformverifier.StatusCode")?;
    let places = CODES.map(|code| codes.find(&format!("StatusCode {code};")));
    if places.is_sorted() && places.iter().all(Option::is_some) {
        Ok(())
    } else {
        Err(format!("other codes: {codes}"))
    }
}

/// The folder of a package.
fn home_of(metadata: &str, name: &str, version: &str) -> Option<PathBuf> {
    let metadata: serde_json::Value = serde_json::from_str(metadata).ok()?;
    let package = metadata["packages"]
        .as_array()?
        .iter()
        .find(|one| one["name"] == name && one["version"] == version)?;
    Path::new(package["manifest_path"].as_str()?).parent().map(Path::to_owned)
}
