//! The ledger beside the bare signature operations, for short and long ledgers.

use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
};
use pforte_consent::{
    Age, Digest, Identity, Ledger, PublicKey, Rule, Salt, Sealed, ServiceDraft, ShownText, State, Statement,
    Subject,
};
use pforte_host::Act;

use crate::measure::{Contender, in_turns};
use crate::table::Table;

const SIZES: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];
const SUBJECT: Subject = Subject::new([0xA1; 32]);
const PURPOSES: usize = 8;
const WALL_MS: i64 = 1_700_000_000_000;

/// The appends to one copy of a ledger.
const AT_ONCE: usize = 20;

struct Device {
    pair: EcdsaKeyPair,
    key: PublicKey,
}

impl Device {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = PublicKey::from_sec1(pair.public_key().as_ref()).unwrap();
        Self { pair, key }
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec()
    }

    fn ledger(&self, service: &Device) -> Ledger {
        let (device_key, services) = (self.key.clone(), vec![service.key.clone()]);
        Ledger::new(Identity { subject: SUBJECT, device_key, services })
    }

    /// The next entry of `ledger`, signed.
    fn seal(&self, ledger: &Ledger, number: usize) -> Sealed {
        let draft = ledger.draft(&statement(number), Salt::new([7; 32])).unwrap();
        let signature = self.sign(&draft.to_be_signed());
        draft.seal(&signature).unwrap()
    }
}

/// Grants and withdrawals of eight purposes, as a person would in a settings page.
fn statement(number: usize) -> Statement {
    let state = if number.is_multiple_of(2) { State::Granted } else { State::Withdrawn };
    Statement {
        purpose: format!("purpose.{}", number / 2 % PURPOSES),
        state,
        text: Some(ShownText {
            id: "purpose@2".to_owned(),
            hash: Digest::of(b"text"),
            locale: "de".to_owned(),
            mentions_linking: false,
        }),
        act: Some(Act { surface: "sheet".to_owned(), control: "accept".to_owned(), genuine: true }),
        age: Age::Over,
        policy_hash: Digest::of(b"policy"),
        terms: None,
        wall_ms: WALL_MS + number as i64,
    }
}

pub fn run() {
    let (phone, tablet, service) = (Device::new(), Device::new(), Device::new());
    let message = vec![0x5A; 400];
    let signature = phone.sign(&message);
    let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, phone.key.to_sec1()).unwrap();
    let verify = || Contender::new("bare ES256 verify", || parsed.verify_sig(&message, &signature).unwrap());

    let mut table = Table::new("pforte-consent");
    let mut ledger = phone.ledger(&service);
    let mut filled = 0;
    for size in SIZES {
        for number in filled..size {
            let sealed = phone.seal(&ledger, number);
            ledger.append(sealed.entry).unwrap();
        }
        filled = size;
        append(&mut table, &phone, &ledger, size, verify());
        read(&mut table, &ledger, size, verify());
        fold(&mut table, &tablet, &service, &ledger, size, verify());
        let rule = Rule::default();
        let figures = in_turns(vec![
            Contender::new("standing", || ledger.standing("purpose.3", &rule, WALL_MS)),
            verify(),
        ]);
        table.add(&format!("where a purpose stands, {size} entries"), &figures);
    }
    table.print("The ledger. Appends and looks stay flat; reading and folding grow with the ledger.");
}

/// The append alone, and all of recording: draft, sign, seal, append.
fn append(table: &mut Table, phone: &Device, ledger: &Ledger, size: usize, verify: Contender<'_>) {
    let figures = in_turns(vec![appending("append", phone, ledger, false), verify]);
    table.add(&format!("append, {size} entries"), &figures);
    let draft = ledger.draft(&statement(0), Salt::new([7; 32])).unwrap().to_be_signed();
    let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, phone.key.to_sec1()).unwrap();
    let bare = Contender::new("bare ES256 sign and verify", || {
        let signature = phone.sign(&draft);
        parsed.verify_sig(&draft, &signature).unwrap();
    });
    let figures = in_turns(vec![appending("record", phone, ledger, true), bare]);
    table.add(&format!("draft, sign, seal, append, {size} entries"), &figures);
}

/// Appends to a copy, so that the ledger stays as long as it says; what it takes with the rest of recording, or alone.
///
/// A copy has no room to spare, so its first append moves everything, which an app sees only each time the ledger has
/// doubled: that one is not measured.
fn appending<'a>(name: &str, phone: &'a Device, ledger: &'a Ledger, whole: bool) -> Contender<'a> {
    Contender::with_turn(name, move |times| {
        let mut copy = ledger.clone();
        copy.append(phone.seal(&copy, 0).entry).unwrap();
        let mut took = Duration::ZERO;
        for number in 1..=AT_ONCE {
            let started = Instant::now();
            let sealed = phone.seal(&copy, number);
            let sealed_at = Instant::now();
            copy.append(sealed.entry).unwrap();
            took += if whole { started.elapsed() } else { sealed_at.elapsed() };
        }
        scaled(took, times, AT_ONCE)
    })
}

/// What `done` operations took, told as what `times` would have: a copy of a long ledger takes longer than what is
/// measured on it, so a turn has a fixed length.
fn scaled(took: Duration, times: u64, done: usize) -> Duration {
    took.mul_f64(times as f64 / done as f64)
}

/// Reading the stored ledger: every signature is checked.
fn read(table: &mut Table, ledger: &Ledger, size: usize, verify: Contender<'_>) {
    let (identity, records) = (ledger.identity().clone(), ledger.records());
    // The longest is read once a round in any case; it is measured by what one entry takes.
    let figures = in_turns(vec![
        Contender::with_turn("read", move |times| {
            let started = Instant::now();
            let rounds = times.div_ceil(size as u64);
            for _ in 0..rounds {
                std::hint::black_box(Ledger::from_entries(identity.clone(), &records).unwrap());
            }
            scaled(started.elapsed(), times, usize::try_from(rounds).unwrap() * size)
        }),
        verify,
    ]);
    table.add(&format!("read and verify one of {size} entries"), &figures);
}

/// Another device's entry arrives: where every purpose stands is folded anew from all entries.
fn fold(
    table: &mut Table,
    tablet: &Device,
    service: &Device,
    ledger: &Ledger,
    size: usize,
    verify: Contender<'_>,
) {
    let draft = ServiceDraft::certificate(&service.key, SUBJECT, &tablet.key, WALL_MS);
    let signature = service.sign(&draft.to_be_signed());
    let certificate = draft.seal(&signature).unwrap();
    let mut certified = ledger.clone();
    certified.merge(&certificate).unwrap();
    let entry = tablet.seal(&tablet.ledger(service), 1).entry.as_bytes().to_vec();
    let figures = in_turns(vec![
        Contender::with_turn("fold", |times| {
            let mut copy = certified.clone();
            let started = Instant::now();
            copy.merge(&entry).unwrap();
            scaled(started.elapsed(), times, 1)
        }),
        verify,
    ]);
    table.add(&format!("merge one entry, fold {size} anew"), &figures);
}
