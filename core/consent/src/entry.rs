//! One entry of a ledger, byte by byte.
//!
//! ```text
//! COSE_Sign1( protected {alg ES256, kid, typ}, {}, body, signature )
//! body = { 1 version: 1,
//!          2 seq: uint,                       from 0, without gaps
//!          3 prev: bstr .size 32,             hash of the entry before; zeros for the first
//!          4 subject: bstr .size 32,
//!          5 device key: COSE_Key,            its thumbprint is the kid
//!          6 state: 1..7, or 0 for a tombstone,
//!        ? 7 purpose: tstr,                   every entry but a tombstone
//!        ? 8 text hash: bstr .size 32,        every grant
//!          9 seen: [* [device, seq, head]],   sorted; the end of every other chain that was held
//!         10 wall time: uint,                 milliseconds since 1970
//!         11 policy hash: bstr .size 32,
//!        ? 12 commitment: bstr .size 32,      every entry but a tombstone
//!        ? 13 terms: bstr .size 32,
//!        ? 14 text mentions linking: true,    grants only
//!        ? 15 origin: bstr .size 32 }         grants only: the anonymous entry it was carried over from
//! ```

use crate::cbor::{Reader, Slice, Writer};
use crate::cose::{Content, Kind};
use crate::{Digest, Fault, Head, Malformed, PublicKey, State, Subject};

/// The most chains an entry can have seen.
pub(crate) const MOST_SEEN: usize = 64;
/// The longest name of a purpose, in bytes.
pub(crate) const LONGEST_PURPOSE: usize = 64;
/// The latest wall time: 2^53 - 1, so that every reader of JSON gets it right and sums can't overflow.
pub(crate) const LATEST_MS: i64 = (1 << 53) - 1;

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    pub seq: u64,
    pub prev: Digest,
    pub subject: Subject,
    pub device_key: PublicKey,
    pub act: BodyAct,
    /// Sorted, without duplicates, never of the device itself.
    pub seen: Vec<Head>,
    pub wall_ms: i64,
    pub policy_hash: Digest,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyAct {
    /// Everything about the subject is erased.
    Erase,
    /// A purpose got a state.
    State {
        state: State,
        purpose: String,
        text_hash: Option<Digest>,
        commitment: Digest,
        terms: Option<Digest>,
        mentions_linking: bool,
        origin: Option<Digest>,
    },
}

impl Body {
    pub fn content(&self) -> Content {
        Content { kind: Kind::Entry, signer: self.device_key.thumbprint(), body: self.write() }
    }

    pub fn purpose(&self) -> Option<&str> {
        match &self.act {
            BodyAct::Erase => None,
            BodyAct::State { purpose, .. } => Some(purpose),
        }
    }

    pub fn state(&self) -> Option<State> {
        match &self.act {
            BodyAct::Erase => None,
            BodyAct::State { state, .. } => Some(*state),
        }
    }

    pub fn commitment(&self) -> Option<Digest> {
        match &self.act {
            BodyAct::Erase => None,
            BodyAct::State { commitment, .. } => Some(*commitment),
        }
    }

    pub fn text_hash(&self) -> Option<Digest> {
        match &self.act {
            BodyAct::Erase => None,
            BodyAct::State { text_hash, .. } => *text_hash,
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(self.members());
        out.integer(1);
        out.integer(1);
        out.integer(2);
        out.unsigned(self.seq);
        write_digest(&mut out, 3, &self.prev);
        out.integer(4);
        out.bytes(self.subject.as_bytes());
        out.integer(5);
        self.device_key.write(&mut out);
        out.integer(6);
        out.unsigned(self.state().map_or(0, state_code));
        if let BodyAct::State { purpose, text_hash, .. } = &self.act {
            out.integer(7);
            out.text(purpose);
            if let Some(hash) = text_hash {
                write_digest(&mut out, 8, hash);
            }
        }
        out.integer(9);
        out.array(self.seen.len());
        for head in &self.seen {
            out.array(3);
            out.bytes(head.device.as_bytes());
            out.unsigned(head.seq);
            out.bytes(head.hash.as_bytes());
        }
        out.integer(10);
        out.integer(self.wall_ms);
        write_digest(&mut out, 11, &self.policy_hash);
        if let BodyAct::State { commitment, terms, mentions_linking, origin, .. } = &self.act {
            write_digest(&mut out, 12, commitment);
            if let Some(terms) = terms {
                write_digest(&mut out, 13, terms);
            }
            if *mentions_linking {
                out.integer(14);
                out.yes();
            }
            if let Some(origin) = origin {
                write_digest(&mut out, 15, origin);
            }
        }
        out.into_bytes()
    }

    /// Reads a body; `signer` is the `kid` of its header, which must be the key's thumbprint.
    pub fn read(slice: Slice<'_>, signer: Digest) -> Result<Self, Malformed> {
        let mut reader = Reader::new(slice.bytes, slice.offset);
        let members = reader.map(15)?;
        reader.exactly(1, "the version (1)")?;
        let version = reader.offset();
        if reader.unsigned(u64::MAX)? != 1 {
            return Err(Malformed { offset: version, fault: Fault::UnknownVersion });
        }
        reader.exactly(2, "the number (2)")?;
        let seq = reader.unsigned(LATEST_MS.unsigned_abs())?;
        reader.exactly(3, "the hash before (3)")?;
        let prev = read_digest(&mut reader)?;
        reader.exactly(4, "the subject (4)")?;
        let subject = Subject::new(reader.fixed("a subject of 32 bytes")?);
        reader.exactly(5, "the device key (5)")?;
        let key_offset = reader.offset();
        let device_key = PublicKey::read(&mut reader)?;
        if device_key.thumbprint() != signer {
            let expected = "the key that the header's kid names";
            return Err(Malformed { offset: key_offset, fault: Fault::Unexpected { expected } });
        }
        reader.exactly(6, "the state (6)")?;
        let state = state_from_code(reader.unsigned(7)?);
        let named = match state {
            Some(state) => Some((state, read_purpose(&mut reader)?, read_optional_digest(&mut reader, 8)?)),
            None => None,
        };
        reader.exactly(9, "the heads seen (9)")?;
        let seen = read_seen(&mut reader, signer)?;
        reader.exactly(10, "the wall time (10)")?;
        // Cannot be cut: the limit is an i64.
        let wall_ms = reader.unsigned(LATEST_MS.unsigned_abs())?.cast_signed();
        reader.exactly(11, "the policy hash (11)")?;
        let policy_hash = read_digest(&mut reader)?;
        let act = match named {
            Some(named) => read_rest(&mut reader, named)?,
            None => BodyAct::Erase,
        };
        reader.finish()?;
        let body = Self { seq, prev, subject, device_key, act, seen, wall_ms, policy_hash };
        // Every member was read in order; only the count that the map announced is left to compare.
        if body.members() as u64 != members {
            let expected = "a map that announces as many members as it has";
            return Err(Malformed { offset: slice.offset, fault: Fault::Unexpected { expected } });
        }
        Ok(body)
    }

    fn members(&self) -> usize {
        match &self.act {
            BodyAct::Erase => 9,
            BodyAct::State { text_hash, terms, mentions_linking, origin, .. } => {
                11 + usize::from(text_hash.is_some())
                    + usize::from(terms.is_some())
                    + usize::from(*mentions_linking)
                    + usize::from(origin.is_some())
            }
        }
    }
}

fn read_rest(
    reader: &mut Reader<'_>,
    (state, purpose, text_hash): (State, String, Option<Digest>),
) -> Result<BodyAct, Malformed> {
    let granted = state == State::Granted;
    if granted && text_hash.is_none() {
        return Err(reader.fault(Fault::Unexpected { expected: "a grant with its text hash (8)" }));
    }
    reader.exactly(12, "the commitment (12)")?;
    let commitment = read_digest(reader)?;
    let terms = read_optional_digest(reader, 13)?;
    let before = reader.clone();
    let mentions_linking = reader.optional_key(14)?;
    if mentions_linking {
        reader.yes()?;
    }
    let origin = read_optional_digest(reader, 15)?;
    if !granted && (mentions_linking || origin.is_some()) {
        return Err(
            before.fault(Fault::Unexpected { expected: "linking and origin on grants only: the end" })
        );
    }
    Ok(BodyAct::State { state, purpose, text_hash, commitment, terms, mentions_linking, origin })
}

fn read_purpose(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    reader.exactly(7, "the purpose (7)")?;
    Ok(reader.text(LONGEST_PURPOSE as u64)?.to_owned())
}

fn read_seen(reader: &mut Reader<'_>, own: Digest) -> Result<Vec<Head>, Malformed> {
    let count = reader.array(MOST_SEEN as u64)?;
    let mut seen: Vec<Head> = Vec::new();
    for _ in 0..count {
        let before = reader.clone();
        if reader.array(3)? != 3 {
            return Err(before.fault(Fault::Unexpected { expected: "a head: [device, seq, hash]" }));
        }
        let device = read_digest(reader)?;
        let seq = reader.unsigned(LATEST_MS.unsigned_abs())?;
        let head = Head { device, seq, hash: read_digest(reader)? };
        if device == own || seen.last().is_some_and(|last| *last >= head) {
            return Err(before.fault(Fault::NotDeterministic));
        }
        seen.push(head);
    }
    Ok(seen)
}

fn write_digest(out: &mut Writer, key: i64, digest: &Digest) {
    out.integer(key);
    out.bytes(digest.as_bytes());
}

fn read_digest(reader: &mut Reader<'_>) -> Result<Digest, Malformed> {
    Ok(Digest::new(reader.fixed("a digest of 32 bytes")?))
}

fn read_optional_digest(reader: &mut Reader<'_>, key: u64) -> Result<Option<Digest>, Malformed> {
    if reader.optional_key(key)? { Ok(Some(read_digest(reader)?)) } else { Ok(None) }
}

fn state_code(state: State) -> u64 {
    match state {
        // Never written: a statement refuses it.
        State::Unknown => 0,
        State::Informed => 1,
        State::Asked => 2,
        State::Granted => 3,
        State::Denied => 4,
        State::Withdrawn => 5,
        State::Objected => 6,
        State::Expired => 7,
    }
}

fn state_from_code(code: u64) -> Option<State> {
    match code {
        1 => Some(State::Informed),
        2 => Some(State::Asked),
        3 => Some(State::Granted),
        4 => Some(State::Denied),
        5 => Some(State::Withdrawn),
        6 => Some(State::Objected),
        7 => Some(State::Expired),
        _ => None,
    }
}
