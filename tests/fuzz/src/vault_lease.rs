//! The lease of a refresh: a file that another process wrote, or that somebody put there.

use std::sync::LazyLock;

use pforte_vault::{LeaseNow, LeaseOutcome, MAX_TERM_MS, VaultError};

use crate::bounded;
use crate::device::{Device, Disk, golden};

/// A device on which a lease was taken, and the lease's fence.
static HELD: LazyLock<(Disk, u64)> = LazyLock::new(|| {
    let device = Device::new(golden().0);
    match device.vault().take_lease(now(), 30_000) {
        Ok(LeaseOutcome::Held(lease)) => (device.disk(), lease.fence),
        other => panic!("the lease was free: {other:?}"),
    }
});

fn now() -> LeaseNow {
    LeaseNow { elapsed_ms: 1_000_000, boot_id: "boot".to_owned() }
}

fn held_file() -> Vec<u8> {
    HELD.0.files["golden.lease"].clone()
}

pub fn seeds() -> Vec<Vec<u8>> {
    let file = held_file();
    vec![file[..file.len() / 2].to_vec(), file, Vec::new()]
}

/// Only a whole lease makes anybody wait, and no longer than a term; the fence rises whatever lies there.
pub fn run(bytes: &[u8]) {
    let (mut disk, fence) = HELD.clone();
    disk.files.insert("golden.lease".to_owned(), bytes.to_vec());
    let device = Device::new(disk);
    let vault = device.vault();
    match bounded(bytes, 1 << 13, 8, || vault.take_lease(now(), 30_000)) {
        Ok(LeaseOutcome::Held(lease)) => {
            assert!(lease.fence > fence, "fence {} after {fence}", lease.fence);
            assert!(bytes != held_file(), "a lease that is held was taken");
            assert!(vault.check_lease(&lease).is_ok());
        }
        Ok(LeaseOutcome::Busy { retry_after_ms }) => {
            assert!(retry_after_ms <= MAX_TERM_MS);
            assert_eq!(bytes, held_file(), "a changed lease made somebody wait");
        }
        Err(VaultError::UnknownVersion { .. }) => assert!(device.still_holds(bytes)),
        Err(VaultError::Storage { .. }) => assert!(bytes.len() > held_file().len()),
        Err(other) => panic!("{other:?}"),
    }
}
