//! The gated file. First byte: 0 for a whole file, 1 for one whose check is made here (an attacker with the device's own
//! secret, and no finger), 2 for a header and content that are sealed here throughout.

use arbitrary::{Result, Unstructured};
use pforte_host::Secret;
use pforte_vault::{GateState, SlotKind, VaultError};

use crate::device::{Device, golden, golden_file};
use crate::{bounded, seal};

const CHECK: usize = 32;
const DEK: [u8; 32] = [0xD0; 32];
const SLOT_SECRET: [u8; 32] = [0x51; 32];

pub fn seeds() -> Vec<Vec<u8>> {
    let file = golden_file("gated");
    let without_check = &file[..file.len() - CHECK];
    let one_slot =
        [&[2, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], [7; 40].as_slice()]
            .concat();
    vec![[&[0], file.as_slice()].concat(), [&[1], without_check].concat(), one_slot, [2; 200].to_vec()]
}

pub fn run(input: &[u8]) {
    match input.split_first() {
        Some((0, bytes)) => forged(bytes),
        Some((1, bytes)) => forged(&seal::checked(bytes.to_vec())),
        Some((2, rest)) => drop(sealed(Unstructured::new(rest))),
        _ => {}
    }
}

/// Only the golden file opens, only with its slot's secret; a slot's secret that is not its own opens nothing.
fn forged(bytes: &[u8]) {
    let device = Device::with("gated", bytes);
    let vault = device.vault();
    let slots = match bounded(bytes, 1 << 13, 8, || vault.gate()) {
        Ok(GateState::Sealed { slots }) => slots,
        Ok(GateState::None) => panic!("a file that is there was not seen"),
        Err(VaultError::Storage { .. }) => return assert!(bytes.len() > 1 << 20),
        Err(_) => return assert!(device.still_holds(bytes), "a refused file is set aside, not lost"),
    };
    let (_, slot_secret) = golden();
    for slot in slots {
        let secret = (slot.kind != SlotKind::DeviceOnly).then(|| slot_secret.clone());
        let is_gated = secret.is_some();
        if let Ok((_, content)) = vault.unlock(&slot.id, secret) {
            assert_eq!((content.as_slice(), bytes), (b"gated content".as_slice(), &*golden_file("gated")));
        }
        let wrong = is_gated.then(|| Secret::new(vec![0xAA; 32]));
        if is_gated {
            assert!(vault.unlock(&slot.id, wrong).is_err(), "content without the right secret");
            assert!(vault.unlock(&slot.id, None).is_err(), "content without any secret");
        }
    }
}

struct Slot {
    kind: u8,
    id: [u8; 16],
    epoch: u32,
    alias: Vec<u8>,
    wrapped: Vec<u8>,
}

/// A file written by another hand: read exactly as it was written, or refused for a reason that is told here.
fn sealed(mut input: Unstructured<'_>) -> Result<()> {
    let (generation, epoch, fence): (u64, u32, u64) =
        (input.arbitrary()?, input.arbitrary()?, input.arbitrary()?);
    let state = input.arbitrary::<u8>()? % 4;
    let count = input.arbitrary::<u8>()? % 6;
    let slots = (0..count).map(|n| Slot::draw(&mut input, n)).collect::<Result<Vec<_>>>()?;
    let content = input.bytes(input.len())?;

    let mut bytes = [&seal::prefix(2)[..], &seal::INSTALL_ID, &seal::VAULT_ID].concat();
    bytes.extend(generation.to_be_bytes());
    bytes.extend(epoch.to_be_bytes());
    bytes.extend(fence.to_be_bytes());
    bytes.extend([state]);
    bytes.extend([0x77; 16]);
    bytes.extend([count]);
    for slot in &slots {
        bytes.extend(slot.head());
        bytes.extend(slot.sealed_dek());
    }
    let text = [&[0x1D; 32], content].concat();
    let bytes = seal::checked(seal::payload(&bytes, &DEK, generation, [9; 32], &[], &text));

    let device = Device::with("gated", &bytes);
    let vault = device.vault();
    let in_form = state < 3 && (1..=4).contains(&count) && slots.iter().all(Slot::is_in_form);
    match vault.gate() {
        Ok(GateState::Sealed { slots: read }) => {
            assert!(in_form && generation >= 3, "what is out of form was read");
            assert_eq!(read.len(), slots.len());
            for (read, slot) in read.iter().zip(&slots) {
                assert_eq!(read.alias.as_deref().unwrap_or_default().as_bytes(), slot.alias);
                assert_eq!(read.wrapped.as_deref().unwrap_or_default(), slot.wrapped);
                let secret = (slot.kind != 2).then(|| Secret::new(SLOT_SECRET.to_vec()));
                let (_, opened) = vault.unlock(&read.id, secret).unwrap();
                assert_eq!(opened.as_slice(), content);
            }
        }
        Err(VaultError::Rollback { .. }) => assert!(generation < 3, "the anchor says 3"),
        Err(VaultError::Corrupt { .. }) => assert!(!in_form, "what is in form was refused"),
        other => panic!("{other:?}"),
    }
    Ok(())
}

impl Slot {
    fn draw(input: &mut Unstructured<'_>, number: u8) -> Result<Self> {
        let kind = input.arbitrary::<u8>()? % 5;
        let (alias, wrapped) =
            (usize::from(input.arbitrary::<u8>()?), usize::from(input.arbitrary::<u16>()?));
        let alias = input.bytes(alias.min(130).min(input.len()))?.to_vec();
        let wrapped = input.bytes((wrapped % 1030).min(input.len()))?.to_vec();
        Ok(Self { kind, id: [number; 16], epoch: input.arbitrary()?, alias, wrapped })
    }

    fn is_in_form(&self) -> bool {
        let gated = self.kind != 2;
        (1..=3).contains(&self.kind)
            && self.alias.is_empty() != gated
            && self.wrapped.is_empty() != gated
            && self.alias.len() <= 128
            && self.wrapped.len() <= 1024
            && std::str::from_utf8(&self.alias).is_ok()
    }

    fn head(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind];
        bytes.extend(self.id);
        bytes.extend(self.epoch.to_be_bytes());
        for part in [&self.alias, &self.wrapped] {
            bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    fn sealed_dek(&self) -> Vec<u8> {
        let secret: &[u8] = if self.kind == 2 { &[] } else { &SLOT_SECRET };
        let both = [secret, &seal::device_secret()].concat();
        let info: [&[u8]; 4] = [b"kek/v1", &[self.kind], &self.id, &self.epoch.to_be_bytes()];
        let kek: [u8; 32] = seal::hkdf(&seal::VAULT_ID, &both, &info);
        let context = [&seal::prefix(2)[..], &seal::INSTALL_ID, &seal::VAULT_ID, &self.head()].concat();
        seal::aes_gcm(&kek, u64::from(self.epoch), &context, &DEK)
    }
}
