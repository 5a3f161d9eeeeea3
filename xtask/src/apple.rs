//! `cargo xtask apple`: the Swift package as an app adds it, with the Rust library in an XCFramework.
//!
//! On a Mac with Xcode it builds every slice. Elsewhere there is no SDK of Apple's: on a Linux that can make the ring `cross`'s
//! root folder, the library for iPhones is built against other C headers, so that the package can be read and looked through;
//! it is not for apps.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bindings;
use crate::folders;
use crate::rings::cross;
use crate::run::{Run, Stop};
use crate::workspace::Workspace;

mod plist;
mod privacy;

/// The oldest systems that the library is built for.
const OLDEST: [(&str, &str); 2] =
    [("IPHONEOS_DEPLOYMENT_TARGET", "16.0"), ("MACOSX_DEPLOYMENT_TARGET", "13.0")];

/// A part of the XCFramework: one system, and the processors that it runs on.
struct Slice {
    name: &'static str,
    platform: &'static str,
    simulator: bool,
    /// Apple's name of the processor, and Rust's of the target.
    processors: &'static [(&'static str, &'static str)],
}

const IPHONE: Slice = Slice {
    name: "ios-arm64",
    platform: "ios",
    simulator: false,
    processors: &[("arm64", "aarch64-apple-ios")],
};

const SLICES: [Slice; 3] = [
    IPHONE,
    Slice {
        name: "ios-arm64_x86_64-simulator",
        platform: "ios",
        simulator: true,
        processors: &[("arm64", "aarch64-apple-ios-sim"), ("x86_64", "x86_64-apple-ios")],
    },
    Slice {
        name: "macos-arm64_x86_64",
        platform: "macos",
        simulator: false,
        processors: &[("arm64", "aarch64-apple-darwin"), ("x86_64", "x86_64-apple-darwin")],
    },
];

/// The archive's name in each slice.
const ARCHIVE: &str = "libpforte.a";

const MODULE_MAP: &str = "module pforteFFI {\n    header \"pforteFFI.h\"\n    export *\n}\n";

/// Writes `target/apple/Pforte`.
pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    bindings::swift(workspace, run)?;
    let on_a_mac = std::env::consts::OS == "macos";
    let built = if on_a_mac {
        let archives =
            SLICES.iter().map(|slice| build(workspace, run, slice)).collect::<Result<Vec<_>, _>>()?;
        SLICES.iter().zip(archives).collect()
    } else {
        let mut built = Vec::new();
        match cross::iphone_library(workspace, run) {
            Ok(archive) => built.push((&IPHONE, archive)),
            Err(Stop::Missing(what)) => println!("No library for iPhones: it needs {what}."),
            Err(failed) => return Err(failed),
        }
        built
    };
    let package = workspace.target("apple/Pforte");
    write_package(workspace.root(), &package, &built)?;
    for (slice, archive) in &built {
        let asked = privacy::asked_of_the_system(archive)?;
        privacy::compare(&asked, &fs::read_to_string(package.join(privacy::MANIFEST))?)
            .map_err(Stop::Failed)?;
        println!(
            "{}: the privacy manifest names what the library asks of the system ({}).",
            slice.name,
            words(&asked)
        );
    }
    println!("Written to {}", package.display());
    if !on_a_mac {
        println!(
            "Not for an app: without Xcode there is no slice for {}, and the one for iPhones was built against other C headers \
             than Apple's. Run this on a Mac with Xcode 16 or later and Rust's targets for Apple's systems.",
            SLICES[1..].iter().map(|slice| slice.name).collect::<Vec<_>>().join(" and ")
        );
    }
    Ok(())
}

/// One slice's archive, for all its processors.
fn build(workspace: &Workspace, run: &mut Run, slice: &Slice) -> Result<PathBuf, Stop> {
    let mut archives = Vec::new();
    for (_, target) in slice.processors {
        let mut cargo =
            workspace.cargo(["build", "--release", "--package", "pforte", "--lib", "--target", target]);
        run.prepare(&format!("build for {target}"), cargo.envs(OLDEST))?;
        archives.push(workspace.target(&format!("{target}/release/{ARCHIVE}")));
    }
    if let [archive] = archives.as_slice() {
        return Ok(archive.clone());
    }
    let folder = workspace.target(&format!("apple/{}", slice.name));
    fs::create_dir_all(&folder)?;
    let joined = folder.join(ARCHIVE);
    let mut lipo = Command::new("lipo");
    run.prepare("join the processors", lipo.arg("-create").args(&archives).arg("-output").arg(&joined))?;
    Ok(joined)
}

/// The package, anew: manifest, XCFramework, sources, licences.
fn write_package(root: &Path, package: &Path, built: &[(&Slice, PathBuf)]) -> Result<(), Stop> {
    folders::empty(package)?;
    fs::write(package.join("Package.swift"), include_str!("apple/Package.swift"))?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(root.join(file), package.join(file))?;
    }
    let swift = root.join("bindings/swift");
    fs::copy(swift.join("README.md"), package.join("README.md"))?;
    for module in ["Pforte", "PforteApple", "PforteGenerated"] {
        folders::copy(&swift.join("Sources").join(module), &package.join("Sources").join(module))?;
    }
    let header = swift.join("Sources/pforteFFI/generated/pforteFFI.h");
    write_framework(&package.join("pforteFFI.xcframework"), &header, built)
}

fn write_framework(framework: &Path, header: &Path, built: &[(&Slice, PathBuf)]) -> Result<(), Stop> {
    fs::create_dir_all(framework)?;
    for (slice, archive) in built {
        // A folder named after the module: Xcode puts the headers of all XCFrameworks of an app into one.
        let headers = framework.join(slice.name).join("Headers/pforteFFI");
        fs::create_dir_all(&headers)?;
        fs::copy(header, headers.join("pforteFFI.h"))?;
        fs::write(headers.join("module.modulemap"), MODULE_MAP)?;
        fs::copy(archive, framework.join(slice.name).join(ARCHIVE))?;
    }
    let slices: Vec<_> = built.iter().map(|(slice, _)| *slice).collect();
    fs::write(framework.join("Info.plist"), plist::framework(&slices))?;
    Ok(())
}

fn words(asked: &BTreeSet<&str>) -> String {
    asked.iter().copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_has_its_parts_and_nothing_of_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        for (file, text) in [
            ("LICENSE-APACHE", ""),
            ("LICENSE-MIT", ""),
            ("bindings/swift/README.md", ""),
            ("bindings/swift/Sources/Pforte/Pforte.swift", ""),
            ("bindings/swift/Sources/PforteApple/PrivacyInfo.xcprivacy", ""),
            ("bindings/swift/Sources/PforteGenerated/generated/PforteGenerated.swift", ""),
            ("bindings/swift/Sources/pforteFFI/generated/pforteFFI.h", "// C"),
            ("libpforte.a", "!<arch>\n"),
        ] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let package = folder.path().join("Pforte");
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("old.swift"), "").unwrap();
        write_package(&root, &package, &[(&IPHONE, root.join("libpforte.a"))]).unwrap();
        for there in [
            "Package.swift",
            "Sources/Pforte/Pforte.swift",
            "Sources/PforteApple/PrivacyInfo.xcprivacy",
            "Sources/PforteGenerated/generated/PforteGenerated.swift",
            "pforteFFI.xcframework/Info.plist",
            "pforteFFI.xcframework/ios-arm64/libpforte.a",
            "pforteFFI.xcframework/ios-arm64/Headers/pforteFFI/pforteFFI.h",
            "pforteFFI.xcframework/ios-arm64/Headers/pforteFFI/module.modulemap",
        ] {
            assert!(package.join(there).is_file(), "{there}");
        }
        assert!(!package.join("old.swift").exists());
    }

    #[test]
    fn the_committed_privacy_manifest_is_read() {
        let manifest = Workspace::here().path("bindings/swift/Sources/PforteApple/PrivacyInfo.xcprivacy");
        let manifest = fs::read_to_string(manifest).unwrap();
        assert_eq!(privacy::compare(&BTreeSet::from(["FileTimestamp", "SystemBootTime"]), &manifest), Ok(()));
    }
}
