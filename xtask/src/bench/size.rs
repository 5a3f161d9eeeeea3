//! How large the linked library is, and whose machine code it is.
//!
//! The library is linked as it ships (release profile). Its code is told apart by the names of its functions, as a
//! linker leaves them: a generic function counts for the crate it comes from, and one that was inlined for the crate
//! that called it. So a crate's line is about what the library would lose without it, and no exact bill.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

/// Smaller shares are added up.
const SHOWN: u64 = 20 << 10;

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::require(run, &["nm", "strip", "size"], &["binutils"])?;
    // Link-time optimisation takes minutes.
    run.prepare(
        "build the library as it ships",
        &mut workspace.cargo(["build", "--release", "--package", "pforte", "--lib"]),
    )?;
    let name = format!("{}pforte{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = workspace.target("release").join(name);
    let stripped = workspace.target("benches/stripped");
    fs::create_dir_all(workspace.target("benches"))?;
    run.prepare("strip a copy", workspace.command("strip", ["-o"]).arg(&stripped).arg(&library))?;
    let whole = fs::metadata(&stripped)?.len();
    let symbols = output(workspace, "nm", ["--demangle", "--print-size", "--defined-only"], &library)?;
    println!(
        "\nThe linked library, release profile, stripped: {} ({:.2} MiB)",
        kibibytes(whole),
        mebibytes(whole)
    );
    show("whose code, by function names", &shares(&symbols), whole);
    show(
        "which part of the file",
        &sections(&output(workspace, "size", ["--format=sysv"], &stripped)?),
        whole,
    );
    Ok(())
}

fn output<const N: usize>(
    workspace: &Workspace,
    program: &str,
    arguments: [&str; N],
    file: &Path,
) -> Result<String, Stop> {
    let output = workspace.command(program, arguments).arg(file).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The largest first.
fn show(what: &str, sizes: &BTreeMap<String, u64>, whole: u64) {
    println!("\n| {what} | size | share of the file |\n|---|---|---|");
    let mut sorted: Vec<_> = sizes.iter().map(|(name, size)| (name.clone(), *size)).collect();
    sorted.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let (mut lines, small): (Vec<_>, Vec<_>) = sorted.into_iter().partition(|(_, size)| *size >= SHOWN);
    lines.push((format!("{} smaller ones", small.len()), small.iter().map(|(_, size)| size).sum()));
    lines.push(("in all".to_owned(), sizes.values().sum()));
    for (name, size) in lines {
        println!("| {name} | {} | {:.1} % |", kibibytes(size), 100.0 * size as f64 / whole.max(1) as f64);
    }
}

/// Bytes of code by crate, from lines of `ADDRESS SIZE TYPE NAME`.
fn shares(symbols: &str) -> BTreeMap<String, u64> {
    let mut shares = BTreeMap::new();
    let mut last = "";
    for line in symbols.lines() {
        let mut words = line.splitn(4, ' ');
        let (Some(address), Some(size), Some(kind), Some(name)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let Ok(size) = u64::from_str_radix(size, 16) else { continue };
        // Functions; equal ones were folded into one place.
        if matches!(kind, "t" | "T" | "w" | "W") && address != last {
            *shares.entry(owner(name)).or_default() += size;
            last = address;
        }
    }
    shares
}

/// Bytes by section, from lines of `NAME SIZE ADDRESS`. What has no address is not loaded and was stripped.
fn sections(table: &str) -> BTreeMap<String, u64> {
    let section = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, size, address] = words[..] else { return None };
        // Zeros are not in the file.
        (name != ".bss" && address != "0").then(|| Some((name.to_owned(), size.parse().ok()?)))?
    };
    table.lines().filter_map(section).collect()
}

/// The crate that a demangled name begins with.
fn owner(name: &str) -> String {
    if name.contains("aws_lc") {
        return "aws-lc (C and assembler)".to_owned();
    }
    let name = name.trim_start_matches(['<', '&', '*', '[', '(']);
    let name =
        ["dyn ", "mut ", "const "].iter().fold(name, |name, word| name.strip_prefix(word).unwrap_or(name));
    match name.split_once("::") {
        Some((first, _)) => {
            let end = first.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(first.len());
            match &first[..end] {
                "std" | "core" | "alloc" => "the standard library".to_owned(),
                // A type parameter: the crate is not in the name.
                name if name.len() <= 1 => "not told by the name".to_owned(),
                name => name.to_owned(),
            }
        }
        None if name.contains("uniffi") => "the exported functions".to_owned(),
        None => "C functions without a prefix (most of aws-lc)".to_owned(),
    }
}

fn kibibytes(bytes: u64) -> String {
    format!("{} KiB", bytes >> 10)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_apart_by_its_crate() {
        let symbols = "\
            0000000000001000 0000000000000010 t reqwest::async_impl::client::Client::execute\n\
            0000000000001000 0000000000000010 t reqwest::another::folded\n\
            0000000000002000 0000000000000020 t <reqwest::Error as core::fmt::Display>::fmt\n\
            0000000000003000 0000000000000008 t <alloc::vec::Vec<T> as core::ops::Drop>::drop\n\
            0000000000004000 0000000000000004 T aws_lc_0_45_0_AES_encrypt\n\
            0000000000005000 0000000000000100 r core::some_constant\n\
            \n0000000000006000 T without_size\n";
        let expected = [("aws-lc (C and assembler)", 4), ("reqwest", 0x30), ("the standard library", 8)];
        let expected: BTreeMap<_, _> = expected.map(|(name, size)| (name.to_owned(), size)).into();
        assert_eq!(shares(symbols), expected);
    }

    #[test]
    fn sections_are_those_that_lie_in_the_file() {
        let table = "lib.so  :\nsection  size  addr\n.text 400 4096\n.bss 99 8192\n.comment 7 0\nTotal 506\n";
        assert_eq!(sections(table), BTreeMap::from([(".text".to_owned(), 400)]));
    }
}
