//! Opens the packages again and looks whether everything is in them.

use std::collections::BTreeSet;
use std::path::Path;

use super::{VERSION, aar, out, output};
use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// Checks each part, and that each ABI that is there is aligned for 16 KB pages.
pub fn packages(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let out = out(workspace);
    let unpacked = out.join("unpacked");
    std::fs::create_dir_all(&unpacked)?;
    run.prepare(
        "unpack the AAR",
        workspace.command("jar", ["--extract", "--file"]).arg(out.join(aar())).current_dir(&unpacked),
    )?;
    std::fs::create_dir_all(unpacked.join("classes"))?;
    let mut classes = workspace.command("jar", ["--extract", "--file"]);
    run.prepare(
        "and its classes",
        classes.arg(unpacked.join("classes.jar")).current_dir(unpacked.join("classes")),
    )?;
    let parts = names(&out.join(aar()))?;
    let wanted =
        ["AndroidManifest.xml", "R.txt", "classes.jar", "libs/rustls-platform-verifier.jar", "proguard.txt"];
    run.check("the AAR has its parts", all_in(&wanted, &parts));
    let read =
        |file: &str| std::fs::read_to_string(unpacked.join(file)).map_err(|error| format!("{file}: {error}"));
    let declared = [
        "${pforteRedirectScheme}",
        "com.pforte.android.RedirectActivity",
        "com.pforte.android.BrowserActivity",
        "<queries>",
    ];
    run.check(
        "its manifest brings the way back from the browser",
        read("AndroidManifest.xml").and_then(|text| holds(&text, &declared)),
    );
    let kept = [
        "com.sun.jna.**",
        "com.pforte.ffi.**",
        "com.pforte.android.CertificateVerifier",
        "org.rustls.platformverifier.**",
    ];
    run.check(
        "its rules keep what native code looks for",
        read("proguard.txt").and_then(|text| holds(&text, &kept)),
    );
    let excluded = ["no_backup/pforte\"", "no_backup/pforte-secrets\""];
    let rules = ["pforte_data_extraction_rules", "pforte_full_backup_content"];
    let verdict = rules.iter().try_for_each(|name| {
        holds(&read(&format!("res/xml/{name}.xml"))?, &excluded)?;
        holds(&read("R.txt")?, &[&format!("int xml {name} ")])
    });
    run.check("its backup rules leave out the vault", verdict);
    let classes = [
        "com/pforte/Pforte.class",
        "com/pforte/android/OpeningKt.class",
        "com/pforte/android/CertificateVerifier.class",
        "com/pforte/ffi/PforteCore.class",
    ];
    run.check("its classes are the whole library", all_in(&classes, &names(&unpacked.join("classes.jar"))?));
    let generated = std::fs::read(unpacked.join("classes/com/pforte/ffi/PforteKt.class"))?;
    let for_tests = generated.windows(10).any(|bytes| bytes == b"decideCase");
    let verdict = if for_tests { Err("decideCase is in it".to_owned()) } else { Ok(()) };
    run.check("nothing of the tests' library is in its classes", verdict);
    let verifier = names(&unpacked.join("libs/rustls-platform-verifier.jar"))?;
    run.check(
        "it has the verifier's class",
        all_in(&["org/rustls/platformverifier/CertificateVerifier.class"], &verifier),
    );
    for abi in abis(&out.join(aar()))? {
        let library = std::fs::read(unpacked.join(format!("jni/{abi}/libpforte.so")))?;
        run.check(&format!("libpforte for {abi} fits 16 KB pages"), aligned(&library));
    }
    let sources = names(&out.join(format!("pforte-android-{VERSION}-sources.jar")))?;
    let wanted = ["com/pforte/Pforte.kt", "com/pforte/android/Opening.kt", "com/pforte/ffi/pforte.kt"];
    run.check("the sources go with it", all_in(&wanted, &sources));
    let jar = names(&out.join(format!("pforte-{VERSION}.jar")))?;
    let android = jar.iter().find(|name| name.starts_with("com/pforte/android/"));
    let verdict = all_in(&["com/pforte/Pforte.class"], &jar)
        .and_then(|()| android.map_or(Ok(()), |name| Err(format!("{name} is in it"))));
    run.check("the JAR is the library without Android", verdict);
    std::fs::remove_dir_all(unpacked)?;
    Ok(())
}

/// The ABIs that an AAR has a library for.
pub fn abis(aar: &Path) -> Result<Vec<String>, Stop> {
    let parts = names(aar)?;
    Ok(parts
        .iter()
        .filter_map(|name| Some(name.strip_prefix("jni/")?.strip_suffix("/libpforte.so")?.to_owned()))
        .collect())
}

fn names(archive: &Path) -> Result<BTreeSet<String>, Stop> {
    let listed = output(std::process::Command::new("jar").args(["--list", "--file"]).arg(archive))?;
    Ok(listed.lines().map(str::to_owned).collect())
}

fn all_in(wanted: &[&str], names: &BTreeSet<String>) -> Result<(), String> {
    let missing: Vec<_> = wanted.iter().filter(|name| !names.contains(**name)).copied().collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("lacks {}", missing.join(", "))) }
}

fn holds(text: &str, wanted: &[&str]) -> Result<(), String> {
    let missing: Vec<_> = wanted.iter().filter(|part| !text.contains(**part)).copied().collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no {}", missing.join(", "))) }
}

/// Whether every loadable segment of an ELF file is aligned to 16 KB or a multiple.
fn aligned(library: &[u8]) -> Result<(), String> {
    let bytes = |at: usize, length: usize| {
        let found = library.get(at..at + length).ok_or("is cut off")?;
        Ok::<u64, &str>(found.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let judged = || {
        if bytes(0, 4)? != 0x464c_457f {
            return Err("is no ELF file");
        }
        // Places of: the segments' table, its entries' size and number, and an entry's alignment (ELF's specification, Elf32 and Elf64).
        let is_64 = bytes(4, 1)? == 2;
        let (table, size, number, alignment, width) =
            if is_64 { (32, 54, 56, 48, 8) } else { (28, 42, 44, 28, 4) };
        let place = |at: u64| usize::try_from(at).map_err(|_| "is too long");
        let (table, size) = (place(bytes(table, width)?)?, place(bytes(size, 2)?)?);
        let mut loaded = 0;
        for index in 0..place(bytes(number, 2)?)? {
            let entry = table + index * size;
            if bytes(entry, 4)? == 1 {
                loaded += 1;
                if bytes(entry + alignment, width)? % 16384 != 0 {
                    return Err("is aligned to less than 16 KB");
                }
            }
        }
        if loaded == 0 { Err("loads nothing") } else { Ok(()) }
    };
    judged().map_err(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a 64-bit library with one loadable segment.
    fn library(alignment: u64) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..5].copy_from_slice(b"\x7fELF\x02");
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        bytes[64] = 1;
        bytes[64 + 48..64 + 56].copy_from_slice(&alignment.to_le_bytes());
        bytes
    }

    #[test]
    fn pages_of_4_kb_are_refused() {
        assert_eq!(aligned(&library(0x4000)), Ok(()));
        assert_eq!(aligned(&library(0x10000)), Ok(()));
        assert!(aligned(&library(0x1000)).unwrap_err().contains("16 KB"));
        assert!(aligned(b"not at all").unwrap_err().contains("no ELF"));
        assert!(aligned(&library(0x4000)[..80]).unwrap_err().contains("cut off"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let names = BTreeSet::from(["a".to_owned()]);
        assert_eq!(all_in(&["a", "b"], &names).unwrap_err(), "lacks b");
        assert_eq!(holds("a text", &["text", "word"]).unwrap_err(), "no word");
    }
}
