//! The gated file: its header with the slots, and the content only a slot's secret opens.
//!
//! ```text
//! prefix 8 | install id 16 | vault id 16 | generation 8 | epoch 4 | fence 8
//! | intent state 1 | intent id 16 | slot count 1 | slots | payload | check 32
//! slot = type 1 | id 16 | epoch 4 | alias length 2 | alias | wrapped length 2 | wrapped | sealed DEK 48
//! content = intent key 32 | what the caller gave
//! ```
//!
//! The check is an HMAC under a key of the device secret: whoever holds the device can tell damage and roll-back
//! before anybody is asked for a finger, and can't read a byte of the content.

use pforte_host::Secret;
use zeroize::Zeroizing;

use crate::crypto::{self, Key};
use crate::format::{Id, Kind, Payload, Reader, Salt, Unread, hex, prefix, read_prefix, seal_behind};
use crate::{NewSlot, SlotInfo, SlotKind, VaultError};

/// The most slots one file has.
pub(crate) const MAX_SLOTS: usize = 4;
const MAX_ALIAS: usize = 128;
const MAX_WRAPPED: usize = 1024;
const CHECK: usize = 32;

/// Where the generation ends, in bytes from the beginning.
pub(crate) const GENERATION_ENDS: u64 = 48;

/// The header, as far as it can be read while locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub install_id: Id,
    pub vault_id: Id,
    /// Rises with each write.
    pub generation: u64,
    /// Rises with each change of the slots.
    pub epoch: u32,
    /// The highest fencing number under which it was written; never falls.
    pub fence: u64,
    pub intent: Intent,
    pub slots: Vec<Slot>,
}

/// The last refresh that was journalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Never,
    Open(Id),
    Closed(Id),
}

/// One way to the DEK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub kind: SlotKind,
    pub id: Id,
    epoch: u32,
    alias: Option<String>,
    wrapped: Option<Vec<u8>>,
    sealed_dek: [u8; 48],
}

/// A gated file whose check held.
pub(crate) struct Gated<'a> {
    pub header: Header,
    pub payload: Payload<'a>,
}

/// The content as it lies in the file.
pub(crate) struct Content {
    /// Present while the intent is open.
    pub intent_key: Option<Key>,
    pub bytes: Zeroizing<Vec<u8>>,
}

/// The vault id alone, to look its device secret up; believed only once [`decode`] says so.
pub(crate) fn claimed_vault_id(bytes: &[u8]) -> Result<Id, Unread> {
    let mut reader = read_prefix(bytes, Kind::Gated)?;
    reader.take(16)?;
    reader.array()
}

/// The generation alone, as the bytes claim it; believed only once [`decode`] says so.
pub(crate) fn claimed_generation(bytes: &[u8]) -> Result<u64, Unread> {
    let mut reader = read_prefix(bytes, Kind::Gated)?;
    reader.take(32)?;
    reader.u64()
}

/// Reads the header and compares the check.
pub(crate) fn decode<'a>(bytes: &'a [u8], device_secret: &Key) -> Result<Gated<'a>, Unread> {
    let mut reader = read_prefix(bytes, Kind::Gated)?;
    let (install_id, vault_id) = (reader.array()?, reader.array()?);
    let check_at = bytes.len().checked_sub(CHECK).ok_or(Unread::Damaged)?;
    let (checked, check) = bytes.split_at_checked(check_at).ok_or(Unread::Damaged)?;
    let key = check_key(&vault_id, device_secret).map_err(|_| Unread::Damaged)?;
    if !crypto::is_authentic(&key, checked, check) {
        return Err(Unread::Damaged);
    }
    let (generation, epoch, fence) = (reader.u64()?, reader.u32()?, reader.u64()?);
    let (state, intent_id) = (reader.u8()?, reader.array()?);
    let intent = match state {
        0 => Intent::Never,
        1 => Intent::Open(intent_id),
        2 => Intent::Closed(intent_id),
        _ => return Err(Unread::Damaged),
    };
    let count = usize::from(reader.u8()?);
    if count == 0 || count > MAX_SLOTS {
        return Err(Unread::Damaged);
    }
    let slots = (0..count).map(|_| Slot::read(&mut reader)).collect::<Result<_, _>>()?;
    let payload = Payload::read(&mut reader)?;
    reader.take(CHECK)?;
    reader.end()?;
    Ok(Gated { header: Header { install_id, vault_id, generation, epoch, fence, intent, slots }, payload })
}

/// Seals `content` behind `header`.
pub(crate) fn encode(
    header: &Header,
    device_secret: &Key,
    dek: &Key,
    salt: &Salt,
    content: &Content,
) -> Result<Vec<u8>, VaultError> {
    let mut bytes = prefix(Kind::Gated);
    bytes.extend_from_slice(&header.install_id);
    bytes.extend_from_slice(&header.vault_id);
    bytes.extend_from_slice(&header.generation.to_be_bytes());
    bytes.extend_from_slice(&header.epoch.to_be_bytes());
    bytes.extend_from_slice(&header.fence.to_be_bytes());
    let (state, intent_id) = match header.intent {
        Intent::Never => (0, [0; 16]),
        Intent::Open(id) => (1, id),
        Intent::Closed(id) => (2, id),
    };
    bytes.push(state);
    bytes.extend_from_slice(&intent_id);
    let count = u8::try_from(header.slots.len()).ok().filter(|count| usize::from(*count) <= MAX_SLOTS);
    bytes.push(count.ok_or(VaultError::Invalid { what: "the gated file has at most 4 slots" })?);
    for slot in &header.slots {
        bytes.extend_from_slice(&slot.head()?);
        bytes.extend_from_slice(&slot.sealed_dek);
    }
    let mut text = Zeroizing::new(Vec::with_capacity(content.bytes.len().saturating_add(32)));
    text.extend_from_slice(content.intent_key.as_ref().map_or(&[0; 32], |key| &**key));
    text.extend_from_slice(&content.bytes);
    let mut bytes = seal_behind(bytes, dek.as_slice(), header.generation, salt, &[], &text)?;
    let check = crypto::authenticate(&check_key(&header.vault_id, device_secret)?, &bytes);
    bytes.extend_from_slice(&check);
    Ok(bytes)
}

impl Gated<'_> {
    /// Opens the content.
    pub fn open(&self, dek: &Key) -> Result<Content, Unread> {
        let mut text = self.payload.open(dek.as_slice(), self.header.generation, &[])?;
        let key = text.first_chunk::<32>().ok_or(Unread::Damaged)?;
        let intent_key = matches!(self.header.intent, Intent::Open(_)).then(|| Zeroizing::new(*key));
        // In its place: wiping a second copy costs more than deciphering the first.
        text.drain(..32);
        Ok(Content { intent_key, bytes: text })
    }
}

impl Slot {
    /// Seals the DEK under the slot's secret and the device's.
    pub fn seal(
        new: NewSlot,
        wrapped: Option<Vec<u8>>,
        epoch: u32,
        (install_id, vault_id): (&Id, &Id),
        device_secret: &Key,
        dek: &Key,
    ) -> Result<Self, VaultError> {
        let gated = new.kind != SlotKind::DeviceOnly;
        if wrapped.is_some() != gated {
            return Err(VaultError::Invalid { what: "a slot has a wrapped secret if a gate key guards it" });
        }
        if wrapped.as_ref().is_some_and(|wrapped| wrapped.is_empty() || wrapped.len() > MAX_WRAPPED) {
            return Err(VaultError::Invalid { what: "a wrapped secret has 1 to 1024 bytes" });
        }
        let mut slot =
            Self { kind: new.kind, id: new.id, epoch, alias: new.alias, wrapped, sealed_dek: [0; 48] };
        let kek = slot.kek(vault_id, new.secret.as_ref(), device_secret)?;
        let context = slot.context(install_id, vault_id)?;
        let sealed = crypto::seal(kek.as_slice(), u64::from(epoch), &[&context], dek.as_slice())?;
        slot.sealed_dek = sealed.try_into().map_err(|_| VaultError::Crypto { what: "AES-GCM" })?;
        Ok(slot)
    }

    /// The DEK, if the secret is the slot's.
    pub fn open(
        &self,
        (install_id, vault_id): (&Id, &Id),
        secret: Option<&Secret>,
        device_secret: &Key,
    ) -> Result<Key, VaultError> {
        let gated = self.kind != SlotKind::DeviceOnly;
        if secret.is_some() != gated || secret.is_some_and(|secret| secret.len() != 32) {
            return Err(VaultError::WrongSecret);
        }
        let kek = self.kek(vault_id, secret, device_secret)?;
        let context = self.context(install_id, vault_id)?;
        let dek = crypto::unseal(kek.as_slice(), u64::from(self.epoch), &[&context], &self.sealed_dek)
            .ok_or(VaultError::WrongSecret)?;
        Ok(Zeroizing::new(dek.as_slice().try_into().map_err(|_| VaultError::WrongSecret)?))
    }

    /// What may be known of it while locked.
    pub fn info(&self) -> SlotInfo {
        SlotInfo {
            id: hex(&self.id),
            kind: self.kind,
            alias: self.alias.clone(),
            wrapped: self.wrapped.clone(),
        }
    }

    /// `KEK = HKDF-SHA256(salt = vault id, ikm = slot secret || device secret, info = "kek/v1" || type || id || epoch)`
    fn kek(&self, vault_id: &Id, secret: Option<&Secret>, device_secret: &Key) -> Result<Key, VaultError> {
        let mut both = Zeroizing::new(Vec::with_capacity(64));
        both.extend_from_slice(secret.map_or(&[], Secret::expose));
        both.extend_from_slice(device_secret.as_slice());
        let info: [&[u8]; 4] = [b"kek/v1", &[type_of(self.kind)], &self.id, &self.epoch.to_be_bytes()];
        crypto::derive(vault_id, &both, &info)
    }

    /// What the sealed DEK is bound to: file, vault, and the slot as far as the DEK.
    fn context(&self, install_id: &Id, vault_id: &Id) -> Result<Vec<u8>, VaultError> {
        Ok([prefix(Kind::Gated), install_id.to_vec(), vault_id.to_vec(), self.head()?].concat())
    }

    /// Everything of it that lies before the sealed DEK.
    fn head(&self) -> Result<Vec<u8>, VaultError> {
        let mut bytes = vec![type_of(self.kind)];
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.epoch.to_be_bytes());
        for part in [self.alias.as_ref().map(String::as_bytes), self.wrapped.as_deref()] {
            let part = part.unwrap_or_default();
            let length = u16::try_from(part.len())
                .map_err(|_| VaultError::Invalid { what: "the slot is too long" })?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Ok(bytes)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Unread> {
        let kind = match reader.u8()? {
            1 => SlotKind::Biometric,
            2 => SlotKind::DeviceOnly,
            3 => SlotKind::DeviceCredential,
            _ => return Err(Unread::Damaged),
        };
        let (id, epoch) = (reader.array()?, reader.u32()?);
        let alias = std::str::from_utf8(read_bounded(reader, MAX_ALIAS)?).map_err(|_| Unread::Damaged)?;
        let wrapped = read_bounded(reader, MAX_WRAPPED)?;
        let gated = kind != SlotKind::DeviceOnly;
        if alias.is_empty() == gated || wrapped.is_empty() == gated {
            return Err(Unread::Damaged);
        }
        let alias = gated.then(|| alias.to_owned());
        let wrapped = gated.then(|| wrapped.to_vec());
        Ok(Self { kind, id, epoch, alias, wrapped, sealed_dek: reader.array()? })
    }
}

fn read_bounded<'a>(reader: &mut Reader<'a>, most: usize) -> Result<&'a [u8], Unread> {
    let length = usize::from(reader.u16()?);
    if length > most { Err(Unread::Damaged) } else { reader.take(length) }
}

fn check_key(vault_id: &Id, device_secret: &Key) -> Result<Key, VaultError> {
    crypto::derive(vault_id, device_secret.as_slice(), &[b"check/v1"])
}

fn type_of(kind: SlotKind) -> u8 {
    match kind {
        SlotKind::Biometric => 1,
        SlotKind::DeviceOnly => 2,
        SlotKind::DeviceCredential => 3,
    }
}
