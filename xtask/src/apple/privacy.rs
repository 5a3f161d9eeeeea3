//! What the library asks of the system that Apple wants a reason for, against the privacy manifest.
//!
//! The functions are those of Apple's "Describing use of required reason API", as far as C code can call them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::run::Stop;
use crate::tools;

/// The manifest's place in the package.
pub const MANIFEST: &str = "Sources/PforteApple/PrivacyInfo.xcprivacy";

/// A category of the manifest, `NSPrivacyAccessedAPICategory…`, and the functions that fall under it.
const CATEGORIES: [(&str, &[&str]); 3] = [
    (
        "FileTimestamp",
        &[
            "stat",
            "fstat",
            "fstatat",
            "lstat",
            "getattrlist",
            "fgetattrlist",
            "getattrlistat",
            "getattrlistbulk",
        ],
    ),
    ("SystemBootTime", &["mach_absolute_time"]),
    ("DiskSpace", &["statfs", "fstatfs", "statvfs", "fstatvfs"]),
];

/// The categories that an archive's undefined names fall under. The clock that counts sleep is read by `clock_gettime`, which is
/// not on Apple's list; it tells the same as the functions that are, so it is counted with them.
///
/// # Errors
/// [`Stop::Failed`] where that is no archive with code in it.
pub fn asked_of_the_system(archive: &Path) -> Result<BTreeSet<&'static str>, Stop> {
    // LLVM's reads Mach-O everywhere; the platform's own at least on a Mac.
    let program = if tools::on_path("llvm-nm").is_some() { "llvm-nm" } else { "nm" };
    let listed = Command::new(program).args(["-u", "-A"]).arg(archive).output()?;
    let names = String::from_utf8_lossy(&listed.stdout);
    match names.lines().count() {
        0..=100 => Err(Stop::Failed("too few undefined names: is it an archive?".to_owned())),
        _ => Ok(asked(&names)),
    }
}

fn asked(names: &str) -> BTreeSet<&'static str> {
    let functions: BTreeSet<&str> =
        names.lines().filter_map(|line| line.split_whitespace().last()).map(plain_name).collect();
    let mut found: BTreeSet<_> = CATEGORIES
        .iter()
        .filter(|(_, of)| of.iter().any(|function| functions.contains(function)))
        .map(|(category, _)| *category)
        .collect();
    if functions.contains("clock_gettime") {
        found.insert("SystemBootTime");
    }
    found
}

/// C's name for a symbol: without the underscore before it, and `$INODE64` behind it.
fn plain_name(symbol: &str) -> &str {
    let name = symbol.strip_prefix('_').unwrap_or(symbol);
    name.split_once('$').map_or(name, |(name, _)| name)
}

/// Whether the manifest names these categories and no other.
pub fn compare(asked: &BTreeSet<&str>, manifest: &str) -> Result<(), String> {
    let named: BTreeSet<&str> = manifest
        .split("NSPrivacyAccessedAPICategory")
        .skip(1)
        .filter_map(|rest| rest.split_once('<').map(|(name, _)| name))
        .collect();
    if named == *asked {
        return Ok(());
    }
    Err(format!("{MANIFEST} names {named:?}, and the library asks for {asked:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_under_apples_categories() {
        let names = "lib.a:one.o:                  U _fstat$INODE64\nlib.a:two.o: U _malloc\nlib.a:two.o: U _my_statfs\n";
        assert_eq!(asked(names), BTreeSet::from(["FileTimestamp"]));
        assert_eq!(asked("x.o: U _clock_gettime\n"), BTreeSet::from(["SystemBootTime"]));
        assert_eq!(asked("x.o: U _statvfs\n"), BTreeSet::from(["DiskSpace"]));
    }

    #[test]
    fn a_category_too_many_or_too_few_is_told() {
        let manifest = "<string>NSPrivacyAccessedAPICategoryFileTimestamp</string>";
        assert_eq!(compare(&BTreeSet::from(["FileTimestamp"]), manifest), Ok(()));
        assert!(compare(&BTreeSet::new(), manifest).is_err());
        assert!(compare(&BTreeSet::from(["FileTimestamp", "DiskSpace"]), manifest).is_err());
    }
}
