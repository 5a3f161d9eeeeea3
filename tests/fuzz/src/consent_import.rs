//! An exported ledger that is taken in again.

use pforte_consent::{ExportContext, ImportError, Imported};

use crate::{bounded, ledger};

pub fn seeds() -> Vec<Vec<u8>> {
    let context = ExportContext::default();
    let full = ledger::with_history(false);
    let erased = ledger::with_history(true);
    let written = [full.0.export(&context, &full.1), erased.0.export(&context, &[])];
    // Claims and terms are not read; the short form leaves room for mutations where it counts.
    let short = |text: &String| {
        let mut document: serde_json::Value = serde_json::from_str(text).unwrap();
        document.as_object_mut().unwrap().retain(|name, _| {
            name.starts_with("pforte:") && !name.ends_with("complete") && !name.ends_with("heads")
        });
        document.to_string()
    };
    written.iter().map(short).chain(written.iter().cloned()).map(String::into_bytes).collect()
}

/// What is taken in exports with the same records; an error names a member or a byte of the document.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let imported = match bounded(input, 1 << 15, 192, || Imported::from_json(text)) {
        Ok(imported) => imported,
        Err(ImportError::NotJson { offset }) => return assert!(offset <= text.len()),
        Err(_) => return,
    };
    let subject = imported.subject();
    let mut ledger = ledger::other();
    let Ok((report, payloads)) = ledger.import(imported) else { return };
    assert_eq!(subject, ledger::SUBJECT, "another person's ledger was taken in");
    let exported = ledger.export(&ExportContext::default(), &payloads);
    let mut copy = ledger::other();
    let (again, _) = copy.import(Imported::from_json(&exported).unwrap()).unwrap();
    assert_eq!((again.records.len(), copy.heads()), (report.records.len(), ledger.heads()));
}
