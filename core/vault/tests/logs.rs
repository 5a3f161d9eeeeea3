//! The sealed logs: torn tails, cut tails, damage, and beginning anew.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod support;

use pforte_vault::{Log, Vault, VaultError};
use support::{Cut, Device, Then, open};

fn filled(records: u8) -> (std::sync::Arc<Device>, Vault) {
    let device = Device::new();
    let vault = open(&device);
    for record in 1..=records {
        vault.append(Log::Ledger, &[record; 20]).unwrap();
    }
    (device, vault)
}

fn firsts(vault: &Vault) -> Vec<u8> {
    vault.read_log(Log::Ledger).unwrap().iter().map(|record| record[0]).collect()
}

#[test]
fn records_come_back_in_order_and_the_head_moves() {
    let (device, vault) = filled(3);
    assert_eq!(firsts(&vault), [1, 2, 3]);
    let head = vault.log_head(Log::Ledger).unwrap();
    assert_eq!(head.seq, 3);
    vault.append(Log::Outbox, b"event").unwrap();
    assert_eq!(vault.log_head(Log::Ledger).unwrap(), head, "the logs are apart");
    vault.append(Log::Ledger, b"").unwrap();
    assert_ne!(vault.log_head(Log::Ledger).unwrap().hash, head.hash);
    assert_eq!(open(&device).read_log(Log::Ledger).unwrap().len(), 4);
    assert_eq!(open(&device).read_log(Log::Outbox).unwrap(), [b"event"]);
    let too_long = vec![0; (1 << 20) + 1];
    assert!(matches!(vault.append(Log::Ledger, &too_long), Err(VaultError::Invalid { .. })));
}

#[test]
fn a_torn_append_is_left_out_and_cut_off_by_the_next() {
    let (device, _) = filled(2);
    let whole = device.disk();
    open(&device).append(Log::Ledger, &[3; 20]).unwrap();
    let longer = device.file("a.ledger");
    let start = whole.files["a.ledger"].len();
    for length in start..longer.len() {
        // The process ended in the middle of the append: the anchor is the one from before.
        let device = Device::with(whole.clone());
        device.put("a.ledger", longer[..length].to_vec());
        let vault = open(&device);
        assert_eq!(firsts(&vault), [1, 2], "{length}");
        vault.append(Log::Ledger, &[4; 20]).unwrap();
        assert_eq!(firsts(&vault), [1, 2, 4], "{length}");
    }
    // A block that was never written reads as zeros.
    let device = Device::with(whole.clone());
    device.put("a.ledger", [whole.files["a.ledger"].clone(), vec![0; 400]].concat());
    assert_eq!(firsts(&open(&device)), [1, 2]);
    open(&device).append(Log::Ledger, &[4; 20]).unwrap();
    assert_eq!(firsts(&open(&device)), [1, 2, 4]);
    // All of it was written, the note was not: it counts, and the note is made good.
    let device = Device::with(whole);
    device.put("a.ledger", longer);
    assert_eq!(firsts(&open(&device)), [1, 2, 3]);
    let noted = device.disk();
    device.put("a.ledger", noted.files["a.ledger"][..start].to_vec());
    assert!(matches!(open(&device).read_log(Log::Ledger), Err(VaultError::Rollback { .. })));
}

#[test]
fn a_tail_cut_below_the_anchor_is_noticed() {
    let (device, _) = filled(3);
    let good = device.disk();
    for length in 0..good.files["a.ledger"].len() {
        let device = Device::with(good.clone());
        device.change(|disk| disk.files.get_mut("a.ledger").unwrap().truncate(length));
        let vault = open(&device);
        let error = vault.read_log(Log::Ledger).unwrap_err();
        let refused = matches!(error, VaultError::Rollback { .. } | VaultError::Corrupt { .. });
        assert!(refused, "{length}: {error}");
        let again = vault.append(Log::Ledger, b"over it").unwrap_err();
        assert!(matches!(again, VaultError::Rollback { .. }), "{length}: {again}");
    }
    device.change(|disk| drop(disk.files.remove("a.ledger")));
    let vault = open(&device);
    assert!(matches!(vault.read_log(Log::Ledger), Err(VaultError::Rollback { .. })), "all of it is cut");
    vault.clear_log(Log::Ledger).unwrap();
    assert!(vault.read_log(Log::Ledger).unwrap().is_empty());
    vault.append(Log::Ledger, &[9]).unwrap();
    assert_eq!(firsts(&vault), [9]);
}

#[test]
fn every_flipped_bit_is_refused() {
    let (device, _) = filled(2);
    let good = device.disk();
    for bit in 0..good.files["a.ledger"].len() * 8 {
        let device = Device::with(good.clone());
        device.change(|disk| disk.files.get_mut("a.ledger").unwrap()[bit / 8] ^= 1 << (bit % 8));
        let error = open(&device).read_log(Log::Ledger).unwrap_err();
        let refused = match error {
            VaultError::UnknownVersion { .. } => bit / 8 == 6,
            VaultError::Corrupt { .. } => device.is_set_aside("a.ledger"),
            // A length that points past the end looks like a cut.
            VaultError::Rollback { .. } => true,
            _ => false,
        };
        assert!(refused, "bit {bit}: {error}");
    }
}

#[test]
fn records_can_not_be_swapped_dropped_or_repeated() {
    let (device, _) = filled(3);
    let good = device.disk();
    let bytes = &good.files["a.ledger"];
    let (header, records) = bytes.split_at(96);
    let records: Vec<&[u8]> = records.chunks(records.len() / 3).collect();
    for order in [vec![1, 0, 2], vec![0, 2, 1], vec![0, 2], vec![0, 0, 1, 2], vec![2, 1, 0]] {
        let device = Device::with(good.clone());
        let shuffled = order.iter().flat_map(|at| records[*at].to_vec());
        device.put("a.ledger", header.iter().copied().chain(shuffled).collect());
        let refused = open(&device).read_log(Log::Ledger).unwrap_err();
        assert!(matches!(refused, VaultError::Corrupt { .. }), "{order:?}: {refused}");
    }
}

#[test]
fn a_log_begun_anew_does_not_come_back() {
    let (device, vault) = filled(3);
    let before = device.file("a.ledger");
    vault.rewrite_log(Log::Ledger, &[vec![7], vec![8]]).unwrap();
    assert_eq!(firsts(&vault), [7, 8]);
    device.put("a.ledger", before.clone());
    assert!(matches!(vault.read_log(Log::Ledger), Err(VaultError::Rollback { .. })));
    assert!(matches!(vault.append(Log::Ledger, b""), Err(VaultError::Rollback { .. })));
    vault.clear_log(Log::Ledger).unwrap();
    assert!(vault.read_log(Log::Ledger).unwrap().is_empty());
    device.put("a.ledger", before);
    assert!(
        matches!(vault.read_log(Log::Ledger), Err(VaultError::Rollback { .. })),
        "nor after it was emptied"
    );
}

#[test]
fn an_append_that_reports_failure_is_not_there_twice() {
    for cut in [Cut::Before, Cut::After, Cut::Short] {
        for operation in 0.. {
            let (device, vault) = filled(2);
            device.cut_at(operation, cut, Then::Recovery);
            let answer = vault.append(Log::Ledger, &[3; 20]);
            if !device.was_cut() {
                break;
            }
            if answer.is_err() {
                vault.append(Log::Ledger, &[3; 20]).unwrap();
            }
            assert_eq!(firsts(&vault), [1, 2, 3], "{cut:?} at {operation}");
        }
    }
}

#[test]
fn a_full_log_says_so() {
    let device = Device::new();
    let vault = open(&device);
    let record = vec![1; 1 << 20];
    for _ in 0..15 {
        vault.append(Log::Outbox, &record).unwrap();
    }
    assert!(matches!(vault.append(Log::Outbox, &record), Err(VaultError::Storage { .. })));
    assert_eq!(vault.log_head(Log::Outbox).unwrap().seq, 15);
}
