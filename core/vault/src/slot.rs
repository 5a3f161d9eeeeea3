//! Slots and the keys that stay in memory: what goes between the vault and the gate.

use std::fmt;
use std::sync::Mutex;

use pforte_host::Secret;

use crate::crypto::Key;
use crate::format::{Id, Salt};

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// A finger or face enrolled when the slot was made.
    Biometric,
    /// Nothing but this device.
    DeviceOnly,
    /// The device's PIN, pattern or password.
    DeviceCredential,
}

/// One way into the gated file, as it can be seen while locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotInfo {
    /// Names the slot, in lower-case hex.
    pub id: String,
    /// What opens it.
    pub kind: SlotKind,
    /// The gate key's alias; none for [`SlotKind::DeviceOnly`].
    pub alias: Option<String>,
    /// What the gate key made of the slot's secret; none for [`SlotKind::DeviceOnly`].
    pub wrapped: Option<Vec<u8>>,
}

/// Whether a gated file is there, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateState {
    /// Nothing is sealed.
    None,
    /// A gated file is there, whole and not rolled back.
    Sealed {
        /// The ways in, in the order in which they were added.
        slots: Vec<SlotInfo>,
    },
}

/// A slot that is not in use yet: its secret goes to the gate to be wrapped, then the whole comes back to the vault.
#[derive(Debug)]
pub struct NewSlot {
    pub(crate) id: Id,
    pub(crate) kind: SlotKind,
    pub(crate) alias: Option<String>,
    pub(crate) secret: Option<Secret>,
}

impl NewSlot {
    /// Names the slot, in lower-case hex, as [`SlotInfo::id`] will.
    pub fn id(&self) -> String {
        crate::format::hex(&self.id)
    }

    /// What opens it.
    pub fn kind(&self) -> SlotKind {
        self.kind
    }

    /// The alias under which the gate key is to be made; none for [`SlotKind::DeviceOnly`]. Never used before.
    pub fn alias(&self) -> Option<String> {
        self.alias.clone()
    }

    /// The 32 bytes to wrap; none for [`SlotKind::DeviceOnly`].
    pub fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }
}

/// Opens and writes the gated file until it is dropped. Exists only after an unlock, or a creation a moment ago.
pub struct GatedKey {
    pub(crate) dek: Key,
    pub(crate) vault_id: Id,
    /// The writes this key knows of: the last it has seen, and the last it has tried.
    pub(crate) known: Mutex<[Salt; 2]>,
}

impl fmt::Debug for GatedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatedKey(..)")
    }
}

/// Seals one rotation into the inbox while the vault is locked. It opens nothing but that.
pub struct IntentKey {
    pub(crate) key: Key,
    pub(crate) vault_id: Id,
    pub(crate) intent_id: Id,
}

impl fmt::Debug for IntentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IntentKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    #[test]
    fn debug_prints_no_key() {
        let key = || Zeroizing::new([0xAB; 32]);
        let gated = GatedKey { dek: key(), vault_id: [1; 16], known: Mutex::new([[0xAB; 32]; 2]) };
        let intent = IntentKey { key: key(), vault_id: [1; 16], intent_id: [2; 16] };
        let slot = NewSlot {
            id: [3; 16],
            kind: SlotKind::Biometric,
            alias: Some("a/gate/03".to_owned()),
            secret: Some(Secret::new(b"canary".to_vec())),
        };
        let printed = format!("{gated:?} {intent:?} {slot:?}");
        assert!(printed.starts_with("GatedKey(..) IntentKey(..) NewSlot"), "{printed}");
        for secret in ["171", "ab", "AB", "canary", "99, 97"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
