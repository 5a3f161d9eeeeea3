//! What all files share: the prefix, the bounded reader, the sealed payload.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::crypto::{self, TAG};

/// A random name: of an installation, a vault, a slot, an intent.
pub(crate) type Id = [u8; 16];

/// Makes the keys of one write its own.
pub(crate) type Salt = [u8; 32];

/// The most content one file or record may hold, in bytes.
pub(crate) const MAX_CONTENT: usize = 1 << 20;

/// The longest open, gated or inbox file that is read: content and the largest header.
pub(crate) const MAX_FILE: u64 = (MAX_CONTENT + (1 << 14)) as u64;

const MAGIC: &[u8; 6] = b"PFORTE";
const VERSION: u8 = 1;

/// The second byte after the magic: what kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Open = 1,
    Gated = 2,
    Inbox = 3,
    Ledger = 4,
    Outbox = 5,
    Installed = 6,
    Lease = 7,
}

/// Why bytes were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Written by a newer version.
    Version(u8),
    /// Not what was written.
    Damaged,
}

/// The eight bytes every file begins with.
pub(crate) fn prefix(kind: Kind) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([VERSION, kind as u8]);
    bytes
}

/// Reads the prefix and stands behind it.
pub(crate) fn read_prefix(bytes: &[u8], kind: Kind) -> Result<Reader<'_>, Unread> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.array::<6>()? != *MAGIC {
        return Err(Unread::Damaged);
    }
    match reader.u8()? {
        VERSION => {}
        version => return Err(Unread::Version(version)),
    }
    if reader.u8()? != kind as u8 {
        return Err(Unread::Damaged);
    }
    Ok(reader)
}

/// Takes bytes off the front and never past the end; allocates nothing.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Unread> {
        let end = self.at.checked_add(length).ok_or(Unread::Damaged)?;
        let taken = self.bytes.get(self.at..end).ok_or(Unread::Damaged)?;
        self.at = end;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Unread> {
        self.take(N)?.try_into().map_err(|_| Unread::Damaged)
    }

    pub fn u8(&mut self) -> Result<u8, Unread> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub fn u16(&mut self) -> Result<u16, Unread> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, Unread> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64, Unread> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// Everything that was taken so far.
    pub fn taken(&self) -> &'a [u8] {
        self.bytes.get(..self.at).unwrap_or_default()
    }

    /// How many bytes were taken so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Refuses bytes that are left over.
    pub fn end(&self) -> Result<(), Unread> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(Unread::Damaged) }
    }
}

/// Sealed bytes and the header they are bound to: `salt | commitment | length | body`.
pub(crate) struct Payload<'a> {
    pub salt: Salt,
    commitment: [u8; 32],
    /// Everything before the body.
    header: &'a [u8],
    body: &'a [u8],
}

impl<'a> Payload<'a> {
    /// Reads it where the reader stands; what was taken before is its header.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Unread> {
        let (salt, commitment) = (reader.array()?, reader.array()?);
        let length = usize::try_from(reader.u32()?).map_err(|_| Unread::Damaged)?;
        let header = reader.taken();
        Ok(Self { salt, commitment, header, body: reader.take(length)? })
    }

    /// Opens it: the key's commitment is compared, in constant time, before anything is decrypted.
    pub fn open(&self, key: &[u8], number: u64, context: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unread> {
        let keys = crypto::derive::<64>(&self.salt, key, &[b"vault/v1"]).map_err(|_| Unread::Damaged)?;
        let (encryption, commitment) = keys.split_at(32);
        if !bool::from(commitment.ct_eq(&self.commitment)) {
            return Err(Unread::Damaged);
        }
        crypto::unseal(encryption, number, &[context, self.header], self.body).ok_or(Unread::Damaged)
    }
}

/// Writes a [`Payload`] behind `header`. `context` is bound to it, too, and lies elsewhere.
pub(crate) fn seal_behind(
    mut header: Vec<u8>,
    key: &[u8],
    number: u64,
    salt: &Salt,
    context: &[u8],
    text: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let keys = crypto::derive::<64>(salt, key, &[b"vault/v1"])?;
    let (encryption, commitment) = keys.split_at(32);
    let length = text.len().checked_add(TAG).and_then(|length| u32::try_from(length).ok());
    let length = length.ok_or(VaultError::Invalid { what: "the content is too long" })?;
    header.extend_from_slice(salt);
    header.extend_from_slice(commitment);
    header.extend_from_slice(&length.to_be_bytes());
    let body = crypto::seal(encryption, number, &[context, &header], text)?;
    header.extend_from_slice(&body);
    Ok(header)
}

/// Refuses content over the limit.
pub(crate) fn check_content(content: &[u8]) -> Result<(), VaultError> {
    if content.len() > MAX_CONTENT {
        return Err(VaultError::Invalid { what: "the content is longer than 1 MiB" });
    }
    Ok(())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_never_passes_the_end() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16(), Ok(0x0102));
        assert_eq!(reader.u16(), Err(Unread::Damaged));
        assert_eq!(reader.take(usize::MAX), Err(Unread::Damaged));
        assert_eq!(reader.end(), Err(Unread::Damaged));
        assert_eq!(reader.take(1), Ok([3].as_slice()));
        assert_eq!(reader.end(), Ok(()));
        assert_eq!(reader.taken(), [1, 2, 3]);
    }

    #[test]
    fn a_newer_version_is_told_apart_from_damage() {
        let mut bytes = prefix(Kind::Open);
        assert!(read_prefix(&bytes, Kind::Open).is_ok());
        assert_eq!(read_prefix(&bytes, Kind::Gated).err(), Some(Unread::Damaged));
        bytes[6] = 2;
        assert_eq!(read_prefix(&bytes, Kind::Open).err(), Some(Unread::Version(2)));
        bytes[0] = b'p';
        assert_eq!(read_prefix(&bytes, Kind::Open).err(), Some(Unread::Damaged));
        assert_eq!(read_prefix(&[], Kind::Open).err(), Some(Unread::Damaged));
    }
}
