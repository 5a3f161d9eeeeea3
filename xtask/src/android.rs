//! `cargo xtask android`: the Android library as an AAR and the Kotlin library as a JAR, each with sources and a POM.
//!
//! An AAR is a zip of an app's parts. This one is made by hand: Google's plugin and SDK come from no package registry. The native
//! libraries are in it where the NDK is there; without, it can be tested and read, and no phone can run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bindings;
use crate::counts::Reader;
use crate::folders;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

mod gradle;
pub mod inspect;
mod pom;
mod verifier;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The first Android that the library runs on.
const MIN_SDK: u32 = 28;

/// ABI, Rust's name of it, and the beginning of the NDK's compiler's.
const ABIS: [(&str, &str, &str); 3] = [
    ("arm64-v8a", "aarch64-linux-android", "aarch64-linux-android"),
    ("armeabi-v7a", "armv7-linux-androideabi", "armv7a-linux-androideabi"),
    ("x86_64", "x86_64-linux-android", "x86_64-linux-android"),
];

/// What is packed and linked against; the Android tests compile against the same.
const ANDROID_ALL: &str = "org.robolectric:android-all:14-robolectric-10818077";

/// Where the packages are written.
pub fn out(workspace: &Workspace) -> PathBuf {
    workspace.target("android")
}

/// Builds all packages.
pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::require(run, &["java", "mvn", "aapt2"], &["default-jdk-headless", "maven", "aapt"])?;
    bindings::kotlin_for_apps(workspace, run)?;
    for (folder, what) in [("bindings/kotlin", "JVM"), ("bindings/kotlin/android", "Android")] {
        let mut compile = workspace.command("mvn", ["-q", "-B", "-ntp", "compile"]);
        run.prepare(&format!("compile for the {what}"), compile.current_dir(workspace.path(folder)))?;
    }
    package(workspace, run)?;
    let native = inspect::abis(&out(workspace).join(aar()))?;
    if native.is_empty() {
        println!(
            "No native library is in the AAR: set ANDROID_NDK_HOME to an Android NDK (r27 or later) and add Rust's targets {}.",
            ABIS.map(|(_, target, _)| target).join(", ")
        );
    } else {
        println!("Native libraries for {}.", native.join(", "));
    }
    println!("Written to {}", out(workspace).display());
    Ok(())
}

/// The name of the AAR.
pub fn aar() -> String {
    format!("pforte-android-{VERSION}.aar")
}

/// Packs what was compiled last. The AAR's parts stay beside it, in `parts`: the Gradle build takes the native ones from there.
fn package(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let out = out(workspace);
    folders::empty(&out)?;
    let parts = out.join("parts");
    fs::create_dir_all(parts.join("libs"))?;
    let sources = workspace.path("bindings/kotlin/android/src/main");
    fs::copy(sources.join("AndroidManifest.xml"), parts.join("AndroidManifest.xml"))?;
    fs::copy(workspace.path("bindings/kotlin/android/consumer-rules.pro"), parts.join("proguard.txt"))?;
    zip(
        workspace,
        run,
        &parts.join("classes.jar"),
        &[workspace.path("bindings/kotlin/android/target/classes")],
    )?;
    verifier::unpack(workspace, run, &parts.join("libs"))?;
    resources(workspace, run, &sources.join("res"), &parts)?;
    native(workspace, run, &parts.join("jni"))?;
    zip(workspace, run, &out.join(aar()), std::slice::from_ref(&parts))?;

    let shared =
        ["bindings/kotlin/src/main/kotlin", "bindings/kotlin/target/generated"].map(|at| workspace.path(at));
    let [hand_written, generated] = shared;
    let android = sources.join("kotlin");
    let all = [hand_written.clone(), generated.clone(), android];
    zip(workspace, run, &out.join(format!("pforte-android-{VERSION}-sources.jar")), &all)?;
    fs::write(out.join(format!("pforte-android-{VERSION}.pom")), pom::android(workspace)?)?;
    let classes = workspace.path("bindings/kotlin/target/classes");
    zip(workspace, run, &out.join(format!("pforte-{VERSION}.jar")), &[classes])?;
    zip(workspace, run, &out.join(format!("pforte-{VERSION}-sources.jar")), &[hand_written, generated])?;
    fs::write(out.join(format!("pforte-{VERSION}.pom")), pom::jvm(workspace)?)?;
    Ok(())
}

/// The content of `folders` as a zip: without a manifest of Java's, and every time with the same date.
fn zip(workspace: &Workspace, run: &mut Run, file: &Path, folders: &[PathBuf]) -> Result<(), Stop> {
    let mut jar =
        workspace.command("jar", ["--create", "--no-manifest", "--date=1980-01-01T00:00:02Z", "--file"]);
    jar.arg(file);
    for folder in folders {
        jar.arg("-C").arg(folder).arg(".");
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    run.prepare(&format!("pack {name}"), &mut jar)
}

/// Copies the resources, which an app's build compiles, and compiles them here for `R.txt` and to know that they are right.
fn resources(workspace: &Workspace, run: &mut Run, resources: &Path, parts: &Path) -> Result<(), Stop> {
    let jars = workspace.target("tools/android-all");
    if !jars.is_dir() {
        let mut copy = workspace.command("mvn", ["-q", "-B", "-ntp"]);
        copy.arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy")
            .arg(format!("-Dartifact={ANDROID_ALL}"));
        run.prepare("fetch android-all", copy.arg(format!("-DoutputDirectory={}", jars.display())))?;
    }
    let file = ANDROID_ALL.split(':').skip(1).collect::<Vec<_>>().join("-");
    let android = jars.join(format!("{file}.jar"));
    let work = workspace.target("android/resources");
    fs::create_dir_all(&work)?;
    let compiled = work.join("compiled.zip");
    let mut compile = workspace.command("aapt2", ["compile", "--dir"]);
    run.prepare("compile the resources", compile.arg(resources).arg("-o").arg(&compiled))?;
    // The real manifest has an element that Debian's aapt2 does not know, and refers to no resource.
    let manifest = work.join("AndroidManifest.xml");
    fs::write(&manifest, "<manifest package=\"com.pforte.android\"/>")?;
    let mut link = workspace.command("aapt2", ["link", "--static-lib", "-I"]);
    link.arg(android).arg("--manifest").arg(manifest).arg("--output-text-symbols").arg(parts.join("R.txt"));
    run.prepare("link the resources", link.arg("-o").arg(work.join("resources.apk")).arg(compiled))?;
    fs::remove_dir_all(&work)?;
    folders::copy(resources, &parts.join("res"))
}

/// Builds libpforte for each ABI, where there is an NDK.
fn native(workspace: &Workspace, run: &mut Run, to: &Path) -> Result<(), Stop> {
    let Some(ndk) = std::env::var_os("ANDROID_NDK_HOME").map(PathBuf::from) else { return Ok(()) };
    let tools = compilers(&ndk)?;
    for (abi, target, clang) in ABIS {
        let mut build =
            workspace.cargo(["build", "--release", "--package", "pforte", "--lib", "--target", target]);
        build.envs(with_ndk(&tools, target, clang));
        run.step(&format!("build libpforte for {abi}"), &mut build, Reader::Nothing)?;
        fs::create_dir_all(to.join(abi))?;
        fs::copy(
            workspace.target(&format!("{target}/release/libpforte.so")),
            to.join(abi).join("libpforte.so"),
        )?;
    }
    Ok(())
}

/// The folder of the NDK's compilers, whatever the host's name in it.
fn compilers(ndk: &Path) -> Result<PathBuf, Stop> {
    let hosts = fs::read_dir(ndk.join("toolchains/llvm/prebuilt")).map_err(|error| {
        Stop::Missing(format!(
            "ANDROID_NDK_HOME is {}, which holds no toolchains/llvm/prebuilt: {error}",
            ndk.display()
        ))
    })?;
    let mut found = hosts.filter_map(Result::ok).map(|host| host.path().join("bin"));
    found.next().ok_or_else(|| Stop::Missing(format!("no compiler in {}", ndk.display())))
}

/// What cargo, and the C code of aws-lc, must know to build for `target`.
fn with_ndk(tools: &Path, target: &str, clang: &str) -> Vec<(String, String)> {
    let compiler = tools.join(format!("{clang}{MIN_SDK}-clang")).display().to_string();
    let shouted = target.replace('-', "_").to_uppercase();
    let quiet = target.replace('-', "_");
    // 16 KB pages: Android 15 refuses a library that is aligned to less. No symbols: the bindings are written from the debug build.
    let flags = "-C link-arg=-Wl,-z,max-page-size=16384 -C strip=symbols";
    vec![
        (format!("CARGO_TARGET_{shouted}_LINKER"), compiler.clone()),
        (format!("CARGO_TARGET_{shouted}_RUSTFLAGS"), flags.to_owned()),
        (format!("CC_{quiet}"), compiler),
        (format!("AR_{quiet}"), tools.join("llvm-ar").display().to_string()),
    ]
}

/// What a command prints.
fn output(command: &mut Command) -> Result<String, Stop> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let program = command.get_program().to_string_lossy();
    Err(Stop::Failed(format!("{program}: {}", String::from_utf8_lossy(&output.stderr))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ndk_is_told_the_page_size_and_the_first_android() {
        let told = with_ndk(Path::new("ndk/bin"), "aarch64-linux-android", "aarch64-linux-android");
        let of = |name: &str| &told.iter().find(|(key, _)| key == name).unwrap().1;
        assert_eq!(of("CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER"), "ndk/bin/aarch64-linux-android28-clang");
        assert!(of("CARGO_TARGET_AARCH64_LINUX_ANDROID_RUSTFLAGS").contains("max-page-size=16384"));
        assert!(of("CC_aarch64_linux_android").ends_with("clang"));
    }

    #[test]
    fn a_folder_that_is_no_ndk_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let stop = compilers(folder.path()).unwrap_err();
        assert!(matches!(&stop, Stop::Missing(what) if what.contains("ANDROID_NDK_HOME")), "{stop}");
        fs::create_dir_all(folder.path().join("toolchains/llvm/prebuilt/linux-x86_64")).unwrap();
        assert!(compilers(folder.path()).unwrap().ends_with("linux-x86_64/bin"));
    }
}
