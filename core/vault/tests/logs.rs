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
    let aside: Vec<_> =
        device.disk().files.into_iter().filter(|(name, _)| name.starts_with("a.ledger.cut-")).collect();
    assert!(matches!(&aside[..], [(_, bytes)] if *bytes == before), "what was refused is kept: {aside:?}");
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

/// An append looks at the end of the log, however long it is; only what somebody else wrote is read whole.
#[test]
fn an_append_reads_the_end_and_not_the_log() {
    let (device, vault) = filled(1);
    device.bytes_read();
    let mut costs = Vec::new();
    for _ in 0..200 {
        vault.append(Log::Ledger, &[2; 1000]).unwrap();
        vault.log_head(Log::Ledger).unwrap();
        costs.push(device.bytes_read());
    }
    assert!(device.file("a.ledger").len() > 200_000);
    assert!(costs.iter().all(|cost| *cost <= 64), "{costs:?}");

    let sibling = open(&device);
    sibling.append(Log::Ledger, &[3; 1000]).unwrap();
    device.bytes_read();
    vault.append(Log::Ledger, &[4; 1000]).unwrap();
    assert!(device.bytes_read() > 200_000, "a sibling appended: read again");
    vault.append(Log::Ledger, &[5; 1000]).unwrap();
    assert!(device.bytes_read() <= 64);
    let firsts = firsts(&open(&device));
    assert_eq!((firsts.len(), &firsts[201..]), (204, [3, 4, 5].as_slice()));
}

/// The end that is remembered is compared, not believed: whatever becomes of the file in between is found.
#[test]
fn an_append_notices_whatever_became_of_the_log() {
    type Harm = fn(&mut Vec<u8>, &Vec<u8>);
    let harms: [(&str, Harm, bool); 5] = [
        ("cut", |bytes, _| bytes.truncate(bytes.len() - 1), false),
        ("another end", |bytes, _| *bytes.last_mut().unwrap() ^= 1, false),
        ("put back", |bytes, before| bytes.clone_from(before), false),
        ("emptied", |bytes, _| bytes.clear(), false),
        ("a torn append of a sibling", |bytes, _| bytes.extend([0; 7]), true),
    ];
    for (name, harm, goes_on) in harms {
        let (device, vault) = filled(2);
        let before = device.file("a.ledger");
        vault.append(Log::Ledger, &[3; 20]).unwrap();
        device.change(|disk| harm(disk.files.get_mut("a.ledger").unwrap(), &before));
        let answer = vault.append(Log::Ledger, &[4; 20]);
        assert_eq!(answer.is_ok(), goes_on, "{name}: {answer:?}");
        if goes_on {
            assert_eq!(firsts(&open(&device)), [1, 2, 3, 4], "{name}");
        }
    }
}

/// A sibling began the log anew, just as long, and could not note it in the anchor.
#[test]
fn an_append_notices_a_log_begun_anew_at_the_same_length() {
    let (device, vault) = filled(2);
    let sibling = open(&device);
    let anchor = device.disk().secrets["a.anchor"].clone();
    sibling.rewrite_log(Log::Ledger, &[vec![7; 20], vec![8; 20]]).unwrap();
    device.change(|disk| drop(disk.secrets.insert("a.anchor".to_owned(), anchor)));
    vault.append(Log::Ledger, &[9; 20]).unwrap();
    assert_eq!(firsts(&vault), [7, 8, 9]);
}

#[test]
fn appends_of_siblings_all_arrive() {
    let (device, _) = filled(1);
    std::thread::scope(|scope| {
        for from in [10_u8, 60] {
            let vault = open(&device);
            scope.spawn(move || {
                for record in from..from + 40 {
                    vault.append(Log::Ledger, &[record; 20]).unwrap();
                }
            });
        }
    });
    let mut firsts = firsts(&open(&device));
    let of =
        |from: u8| firsts.iter().copied().filter(|at| (from..from + 50).contains(at)).collect::<Vec<_>>();
    assert!(of(10).is_sorted() && of(60).is_sorted(), "each in its own order");
    firsts.sort_unstable();
    assert_eq!(firsts, [1].into_iter().chain(10..50).chain(60..100).collect::<Vec<u8>>());
}
