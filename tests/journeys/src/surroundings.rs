//! Where the portal's policy is.

use std::path::{Path, PathBuf};

use pforte_client::PolicyFolder;

/// The portal's policy folder, which lives beside the gate.
pub fn policy_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/gate/portal")
}

/// The portal's policy.
pub fn policy() -> PolicyFolder {
    PolicyFolder::read(&policy_folder()).unwrap_or_else(|error| panic!("the portal's policy: {error}"))
}
