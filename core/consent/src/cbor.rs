//! CBOR in deterministic encoding (RFC 8949, section 4.2.1): the few kinds of item a ledger is made of.

use crate::{Fault, Malformed};

/// Reads items, and refuses what [`Writer`] would not have written. Nothing is allocated: strings are slices of the
/// input, and every length is compared with a limit and with the bytes that are there.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where `bytes` begins in what was handed over, for errors.
    base: usize,
}

/// A byte or text string and where it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice<'a> {
    pub bytes: &'a [u8],
    pub offset: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, at: 0, base }
    }

    /// The offset of the next item in what was handed over.
    pub fn offset(&self) -> usize {
        self.base.saturating_add(self.at)
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Ends reading: nothing may follow.
    pub fn finish(self) -> Result<(), Malformed> {
        if self.is_at_end() { Ok(()) } else { Err(self.fault(Fault::Trailing)) }
    }

    /// What lies between `offset` and here.
    pub fn since(&self, offset: usize) -> &'a [u8] {
        self.bytes.get(offset.saturating_sub(self.base)..self.at).unwrap_or_default()
    }

    pub fn unsigned(&mut self, limit: u64) -> Result<u64, Malformed> {
        self.head_of(0, "an unsigned integer", limit)
    }

    /// An integer that must be `value`: a map key, a version, an algorithm.
    pub fn exactly(&mut self, value: i64, expected: &'static str) -> Result<(), Malformed> {
        let before = self.clone();
        let (major, argument) = self.head()?;
        let found = match major {
            0 => i64::try_from(argument).ok(),
            1 => i64::try_from(argument).ok().map(|argument| !argument),
            _ => None,
        };
        if found == Some(value) { Ok(()) } else { Err(before.fault(Fault::Unexpected { expected })) }
    }

    /// The next map key, if it is the unsigned integer `key`; otherwise nothing is read.
    pub fn optional_key(&mut self, key: u64) -> Result<bool, Malformed> {
        let mut ahead = self.clone();
        if ahead.is_at_end() || ahead.head()? != (0, key) {
            return Ok(false);
        }
        *self = ahead;
        Ok(true)
    }

    pub fn bytes(&mut self, limit: u64) -> Result<Slice<'a>, Malformed> {
        let length = self.head_of(2, "a byte string", limit)?;
        self.take(length)
    }

    pub fn fixed<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], Malformed> {
        let before = self.clone();
        let slice = self.bytes(N as u64)?;
        slice.bytes.try_into().map_err(|_| before.fault(Fault::Unexpected { expected }))
    }

    /// Text of at least one byte and at most `limit`.
    pub fn text(&mut self, limit: u64) -> Result<&'a str, Malformed> {
        let before = self.clone();
        let length = self.head_of(3, "a text string", limit)?;
        let slice = self.take(length)?;
        match std::str::from_utf8(slice.bytes) {
            Ok(text) if !text.is_empty() => Ok(text),
            _ => Err(before.fault(Fault::Unexpected { expected: "text in UTF-8, not empty," })),
        }
    }

    pub fn array(&mut self, limit: u64) -> Result<u64, Malformed> {
        self.head_of(4, "an array", limit)
    }

    pub fn map(&mut self, limit: u64) -> Result<u64, Malformed> {
        self.head_of(5, "a map", limit)
    }

    pub fn tag(&mut self, tag: u64, expected: &'static str) -> Result<(), Malformed> {
        let before = self.clone();
        if self.head()? == (6, tag) { Ok(()) } else { Err(before.fault(Fault::Unexpected { expected })) }
    }

    /// The value `true`; the format leaves a member out where it is false.
    pub fn yes(&mut self) -> Result<(), Malformed> {
        if self.bytes.get(self.at) == Some(&0xf5) {
            self.at += 1;
            return Ok(());
        }
        Err(self.fault(if self.is_at_end() {
            Fault::Truncated
        } else {
            Fault::Unexpected { expected: "true" }
        }))
    }

    pub fn fault(&self, fault: Fault) -> Malformed {
        Malformed { offset: self.offset(), fault }
    }

    fn head_of(&mut self, major: u8, expected: &'static str, limit: u64) -> Result<u64, Malformed> {
        let before = self.clone();
        let (found, argument) = self.head()?;
        if found != major {
            return Err(before.fault(Fault::Unexpected { expected }));
        }
        if argument > limit {
            return Err(before.fault(Fault::TooLong { limit }));
        }
        Ok(argument)
    }

    /// Major type and argument (RFC 8949, section 3), in the shortest form only.
    fn head(&mut self) -> Result<(u8, u64), Malformed> {
        let before = self.clone();
        let first = self.take(1)?.bytes.first().copied().unwrap_or_default();
        let (major, short) = (first >> 5, first & 0x1f);
        let (width, least) = match short {
            0..24 => return Ok((major, short.into())),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(before.fault(Fault::NotDeterministic)),
        };
        let argument = self.take(width)?.bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        // Major type 7 with an argument is a float or a longer simple value: none belongs in a ledger.
        if argument < least || major == 7 {
            return Err(before.fault(Fault::NotDeterministic));
        }
        Ok((major, argument))
    }

    fn take(&mut self, length: u64) -> Result<Slice<'a>, Malformed> {
        let end = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length));
        match end.and_then(|end| Some((self.bytes.get(self.at..end)?, end))) {
            Some((bytes, end)) => {
                let slice = Slice { bytes, offset: self.offset() };
                self.at = end;
                Ok(slice)
            }
            None => {
                Err(Malformed { offset: self.base.saturating_add(self.bytes.len()), fault: Fault::Truncated })
            }
        }
    }
}

/// Writes items, shortest form; the caller writes map keys in bytewise order of their encoding.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub fn integer(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(0, value),
            // -1 - value is !value, and not negative.
            Err(_) => self.head(1, (!value).unsigned_abs()),
        }
    }

    pub fn unsigned(&mut self, value: u64) {
        self.head(0, value);
    }

    pub fn bytes(&mut self, value: &[u8]) {
        self.head(2, value.len() as u64);
        self.0.extend_from_slice(value);
    }

    pub fn text(&mut self, value: &str) {
        self.head(3, value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
    }

    pub fn array(&mut self, items: usize) {
        self.head(4, items as u64);
    }

    pub fn map(&mut self, pairs: usize) {
        self.head(5, pairs as u64);
    }

    pub fn tag(&mut self, tag: u64) {
        self.head(6, tag);
    }

    pub fn yes(&mut self) {
        self.0.push(0xf5);
    }

    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        if let Ok(value) = u8::try_from(value) {
            if value < 24 {
                self.0.push(major | value);
            } else {
                self.0.extend_from_slice(&[major | 24, value]);
            }
        } else if let Ok(value) = u16::try_from(value) {
            self.0.push(major | 25);
            self.0.extend_from_slice(&value.to_be_bytes());
        } else if let Ok(value) = u32::try_from(value) {
            self.0.push(major | 26);
            self.0.extend_from_slice(&value.to_be_bytes());
        } else {
            self.0.push(major | 27);
            self.0.extend_from_slice(&value.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_take_the_shortest_form() {
        for value in [
            0i64,
            23,
            24,
            255,
            256,
            65_535,
            65_536,
            4_294_967_295,
            4_294_967_296,
            i64::MAX,
            -1,
            -24,
            -25,
            i64::MIN,
        ] {
            let mut ours = Writer::new();
            ours.integer(value);
            let mut theirs = Vec::new();
            ciborium::into_writer(&value, &mut theirs).unwrap();
            let ours = ours.into_bytes();
            assert_eq!(ours, theirs, "{value}");
            let mut reader = Reader::new(&ours, 0);
            reader.exactly(value, "it").unwrap();
            reader.finish().unwrap();
        }
    }

    #[test]
    fn other_encodings_of_the_same_value_are_refused_where_they_begin() {
        let table: [(&[u8], Fault); 7] = [
            (&[0x18, 23], Fault::NotDeterministic),
            (&[0x19, 0, 255], Fault::NotDeterministic),
            (&[0x1a, 0, 0, 255, 255], Fault::NotDeterministic),
            (&[0x1b, 0, 0, 0, 0, 255, 255, 255, 255], Fault::NotDeterministic),
            (&[0x1f], Fault::NotDeterministic),
            (&[0x1c], Fault::NotDeterministic),
            (&[0x20], Fault::Unexpected { expected: "an unsigned integer" }),
        ];
        for (bytes, fault) in table {
            assert_eq!(
                Reader::new(bytes, 7).unsigned(u64::MAX),
                Err(Malformed { offset: 7, fault }),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn lengths_are_compared_before_anything_is_taken() {
        // A byte string that claims 2^64 - 1 bytes.
        let huge = [0x5b, 255, 255, 255, 255, 255, 255, 255, 255];
        let too_long = Reader::new(&huge, 0).bytes(100).unwrap_err();
        assert_eq!(too_long, Malformed { offset: 0, fault: Fault::TooLong { limit: 100 } });
        let cut = Reader::new(&huge, 0).bytes(u64::MAX).unwrap_err();
        assert_eq!(cut, Malformed { offset: 9, fault: Fault::Truncated });
        assert_eq!(
            Reader::new(&[], 3).array(1).unwrap_err(),
            Malformed { offset: 3, fault: Fault::Truncated }
        );
    }

    #[test]
    fn text_is_utf_8_and_not_empty() {
        for bytes in [&[0x60u8][..], &[0x61, 0xff]] {
            let error = Reader::new(bytes, 0).text(10).unwrap_err();
            assert_eq!(error.fault, Fault::Unexpected { expected: "text in UTF-8, not empty," });
        }
    }
}
