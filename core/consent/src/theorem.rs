//! The theorem, tried on thousands of random histories and on every history of a small model.
//!
//! The expectation is written down a second time here, from the words alone and as slowly as it likes: an entry has
//! *seen* what its device held when it was made; a purpose may be granted only by a grant of a certified device that has
//! seen every restriction. Entries are made by `Ledger::draft` and not signed; `tests/` signs.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::LazyLock;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use pforte_host::Act;
use proptest::prelude::*;

use crate::chains::Node;
use crate::ledger::{Batch, Revocation};
use crate::{
    Age, Digest, Identity, Ledger, PublicKey, Rule, Salt, ShownText, Standing, State, Statement, Subject,
};

const PURPOSES: [&str; 2] = ["analytics", "crm.link"];

static KEYS: LazyLock<Vec<PublicKey>> = LazyLock::new(|| {
    let key = |_| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    (0..4).map(key).map(|pair| PublicKey::from_sec1(pair.public_key().as_ref()).unwrap()).collect()
});

/// Something that happens on one of the devices. Device 3 is never certified.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Between drafting and appending, everything that `meanwhile` holds comes in (nothing where it is no device).
    State {
        device: usize,
        purpose: usize,
        state: State,
        wall_ms: i64,
        meanwhile: usize,
    },
    Erase {
        device: usize,
    },
    /// One device sends some of what it holds to another: every entry whose number modulo `drop` is not zero.
    Send {
        from: usize,
        to: usize,
        drop: usize,
    },
    /// The account service takes a device's certificate back, from a number of its chain on; the news reaches one device.
    Revoke {
        device: usize,
        from: u64,
        reaches: usize,
    },
    /// A device is put back to an older copy of its own file and goes on from there: its chain forks.
    RollBack {
        device: usize,
        to: usize,
    },
}

/// An entry, and what its device really held when it was made.
#[derive(Debug, Clone)]
struct Witness {
    device: usize,
    purpose: Option<usize>,
    state: Option<State>,
    node: Node,
    held: BTreeSet<Digest>,
}

struct World {
    ledgers: Vec<Ledger>,
    all: Vec<Witness>,
}

fn ledger(device: usize) -> Ledger {
    let identity =
        Identity { subject: Subject::new([1; 32]), device_key: KEYS[device].clone(), services: vec![] };
    let mut ledger = Ledger::new(identity);
    (0..3).for_each(|device| _ = ledger.chains.certify(KEYS[device].thumbprint()));
    ledger
}

/// Takes in nodes as a merge does; whatever the ledger refuses (a fork of its own chain) is left out.
fn take(ledger: &mut Ledger, nodes: &[Node]) {
    let mut entries: Vec<(usize, Node)> = nodes.iter().map(|node| (0, node.clone())).collect();
    entries.sort_by_key(|(_, node)| node.body.seq);
    let own: Vec<_> = entries.extract_if(.., |(_, node)| ledger.chains.is_own(node)).collect();
    _ = ledger.admit(Batch { entries: own, ..Batch::default() });
    ledger.admit(Batch { entries, ..Batch::default() }).unwrap();
}

fn revocation(from: u64) -> Revocation {
    Revocation { from, record: from.to_be_bytes().to_vec() }
}

fn held(ledger: &Ledger) -> BTreeSet<Digest> {
    ledger.chains.nodes().iter().map(|node| node.hash).collect()
}

fn statement(purpose: usize, state: State, wall_ms: i64) -> Statement {
    let text = ShownText {
        id: "t@1".into(),
        hash: Digest::of(b"text"),
        locale: "de".into(),
        mentions_linking: true,
    };
    Statement {
        purpose: PURPOSES[purpose].to_owned(),
        state,
        text: Some(text),
        act: Some(Act { surface: "sheet".into(), control: "switch".into(), genuine: true }),
        age: Age::Over,
        policy_hash: Digest::of(b"policy"),
        terms: None,
        wall_ms,
    }
}

impl World {
    fn new() -> Self {
        Self { ledgers: (0..4).map(ledger).collect(), all: Vec::new() }
    }

    fn run(events: &[Event]) -> Self {
        let mut world = Self::new();
        events.iter().for_each(|event| world.happen(*event));
        world
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::State { device, purpose, state, wall_ms, meanwhile } => {
                let salt = Salt::new([self.all.len() as u8; 32]);
                if let Ok(draft) = self.ledgers[device].draft(&statement(purpose, state, wall_ms), salt) {
                    self.record(device, Some(purpose), Some(state), draft.unsigned(), meanwhile);
                }
            }
            Event::Erase { device } => {
                if let Ok(draft) = self.ledgers[device].draft_erasure(Digest::of(b"policy"), 5) {
                    self.record(device, None, None, draft.unsigned(), usize::MAX);
                }
            }
            Event::Send { from, to, drop } => {
                let nodes = self.ledgers[from].chains.nodes().iter().enumerate();
                let kept = nodes.filter(|(at, _)| drop == 0 || at % drop != 0).map(|(_, node)| node.clone());
                let kept: Vec<Node> = kept.collect();
                take(&mut self.ledgers[to], &kept);
                self.tell(from, to);
            }
            Event::Revoke { device, from, reaches } => {
                let revoked = (KEYS[device].thumbprint(), revocation(from));
                let batch = Batch { revocations: vec![revoked], ..Batch::default() };
                self.ledgers[reaches].admit(batch).unwrap();
            }
            Event::RollBack { device, to } => {
                let own = self.all.iter().filter(|witness| witness.device == device).take(to);
                let own: Vec<Node> = own.map(|witness| witness.node.clone()).collect();
                self.ledgers[device] = ledger(device);
                take(&mut self.ledgers[device], &own);
            }
        }
    }

    /// What one device knows of revocations goes to another.
    fn tell(&mut self, from: usize, to: usize) {
        let revocations = self.ledgers[from].revocations.clone().into_iter().collect();
        self.ledgers[to].admit(Batch { revocations, ..Batch::default() }).unwrap();
    }

    fn record(
        &mut self,
        device: usize,
        purpose: Option<usize>,
        state: Option<State>,
        node: Node,
        meanwhile: usize,
    ) {
        let witness =
            Witness { device, purpose, state, node: node.clone(), held: held(&self.ledgers[device]) };
        if let Some(other) = self.ledgers.get(meanwhile) {
            let nodes = other.chains.nodes().to_vec();
            take(&mut self.ledgers[device], &nodes);
        }
        take(&mut self.ledgers[device], &[node]);
        self.all.push(witness);
    }

    /// The theorem, for one viewer and whatever it holds.
    fn check(&self, viewer: usize, ledger: &Ledger) {
        let held = held(ledger);
        let here: Vec<&Witness> =
            self.all.iter().filter(|witness| held.contains(&witness.node.hash)).collect();
        let revoked = |witness: &Witness| {
            let revocation = ledger.revocations.get(&KEYS[witness.device].thumbprint());
            revocation.is_some_and(|revocation| witness.node.body.seq >= revocation.from)
        };
        let believed =
            |witness: &Witness| (witness.device == viewer || witness.device < 3) && !revoked(witness);
        for (number, purpose) in PURPOSES.iter().enumerate() {
            let standing = view(ledger, purpose);
            assert_eq!(standing.live, ledger.permit(purpose, &Rule::default(), 0).is_some());
            assert_eq!(standing.live, standing.state == State::Granted);
            if !standing.live {
                continue;
            }
            let grant = here.iter().find(|witness| Some(witness.node.hash) == standing.entry);
            let grant = grant.expect("a grant is an entry that somebody made");
            assert!(believed(grant), "by a certified device");
            assert_eq!((grant.purpose, grant.state), (Some(number), Some(State::Granted)), "that says so");
            for other in &here {
                let erases = other.state.is_none();
                assert!(!(erases && believed(other)), "nothing outlives an erasure");
                let about_it = other.purpose == Some(number) || erases;
                let restricts = !matches!(other.state, Some(State::Granted | State::Informed | State::Asked));
                if about_it && restricts {
                    assert!(self.saw(grant, &other.node.hash), "the grant has seen {:?}", other.state);
                }
            }
        }
    }

    /// Whether `witness` had seen `entry`: its device held it, or held something that had seen it.
    fn saw(&self, witness: &Witness, entry: &Digest) -> bool {
        witness.held.contains(entry)
            || self.all.iter().any(|other| witness.held.contains(&other.node.hash) && self.saw(other, entry))
    }
}

fn view(ledger: &Ledger, purpose: &str) -> Standing {
    ledger.standing(purpose, &Rule::default(), 0)
}

fn views(ledger: &Ledger) -> Vec<Standing> {
    PURPOSES.iter().map(|purpose| view(ledger, purpose)).collect()
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let state = prop_oneof![
        4 => Just(State::Granted),
        2 => Just(State::Denied),
        2 => Just(State::Withdrawn),
        1 => Just(State::Objected),
        1 => Just(State::Expired),
        1 => Just(State::Informed),
        1 => Just(State::Asked),
    ];
    let event = prop_oneof![
        8 => (0..4usize, 0..2usize, state, 0..3i64, 0..16usize)
            .prop_map(|(device, purpose, state, wall_ms, meanwhile)| Event::State { device, purpose, state, wall_ms, meanwhile }),
        6 => (0..4usize, 0..4usize, 0..4usize).prop_map(|(from, to, drop)| Event::Send { from, to, drop }),
        1 => (0..4usize, 0..3u64, 0..4usize).prop_map(|(device, from, reaches)| Event::Revoke { device, from, reaches }),
        1 => (0..4usize, 0..4usize).prop_map(|(device, to)| Event::RollBack { device, to }),
        1 => (0..4usize, 0..4usize).prop_filter_map("erasures are rare", |(device, chance)| {
            (chance == 0).then_some(Event::Erase { device })
        }),
    ];
    proptest::collection::vec(event, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_yields_a_grant_nobody_made_or_one_that_outlives_an_unseen_restriction(events in events()) {
        let world = World::run(&events);
        for (viewer, ledger) in world.ledgers.iter().enumerate() {
            world.check(viewer, ledger);
            let anew = crate::fold::Positions::fold(&ledger.chains);
            prop_assert_eq!(&ledger.positions, &anew, "appending gives what folding anew gives");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merge_is_commutative_associative_and_idempotent(events in events(), order in any::<u64>()) {
        let world = World::run(&events);
        let parts: Vec<Vec<Node>> = world.ledgers.iter().map(|ledger| ledger.chains.nodes().to_vec()).collect();
        // Seen by a newcomer, whose own chain is empty: the fold of a union of parts.
        let merged = |order: &[usize]| {
            let mut newcomer = newcomer();
            for part in order {
                take(&mut newcomer, &parts[*part]);
                let revocations = world.ledgers[*part].revocations.clone().into_iter().collect();
                newcomer.admit(Batch { revocations, ..Batch::default() }).unwrap();
            }
            newcomer
        };
        let reference = merged(&[0, 1, 2, 3]);
        let shuffled = [order % 4, order / 4 % 4, order / 16 % 4, 3, 1, 0, 2].map(|part| part as usize);
        let again = merged(&shuffled);
        prop_assert_eq!(views(&again), views(&reference));
        prop_assert_eq!(again.heads(), reference.heads());
        prop_assert_eq!(again.is_erased(), reference.is_erased());
        // ((0 + 1) + 2) + 3 above; here 0 + (1 + (2 + 3)).
        let mut nested = merged(&[2, 3]);
        for part in [1, 0] {
            let inner = nested;
            nested = merged(&[part]);
            take(&mut nested, inner.chains.nodes());
            let revocations = inner.revocations.into_iter().collect();
            nested.admit(Batch { revocations, ..Batch::default() }).unwrap();
        }
        prop_assert_eq!(views(&nested), views(&reference));
        for ledger in [&reference, &again, &nested] {
            world.check(usize::MAX, ledger);
        }
    }
}

fn newcomer() -> Ledger {
    static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        PublicKey::from_sec1(pair.public_key().as_ref()).unwrap()
    });
    let mut ledger = ledger(0);
    ledger.identity.device_key = KEY.clone();
    let mut fresh = Ledger::new(ledger.identity.clone());
    (0..3).for_each(|device| _ = fresh.chains.certify(KEYS[device].thumbprint()));
    fresh
}

/// How long the histories of the small model are.
const DEPTH: u32 = 4;

/// Every history of up to [`DEPTH`] events over two certified devices, one that is not, and one purpose.
#[test]
fn every_small_history_keeps_the_theorem() {
    let mut alphabet = Vec::new();
    for device in [0, 1, 3] {
        for state in [State::Granted, State::Denied] {
            alphabet.push(Event::State { device, purpose: 0, state, wall_ms: 0, meanwhile: usize::MAX });
        }
        for to in [0, 1, 3].into_iter().filter(|to| *to != device) {
            alphabet.push(Event::Send { from: device, to, drop: 0 });
        }
    }
    alphabet.push(Event::Erase { device: 0 });
    alphabet.push(Event::RollBack { device: 1, to: 0 });
    alphabet.push(Event::Revoke { device: 1, from: 0, reaches: 0 });
    let (mut histories, mut grants) = (0u32, 0u32);
    let mut open = vec![(World::new(), 0)];
    while let Some((world, length)) = open.pop() {
        if length == DEPTH {
            continue;
        }
        for event in &alphabet {
            let mut next = World { ledgers: world.ledgers.clone(), all: world.all.clone() };
            next.happen(*event);
            for viewer in [0, 1] {
                next.check(viewer, &next.ledgers[viewer]);
                grants += u32::from(view(&next.ledgers[viewer], PURPOSES[0]).live);
            }
            histories += 1;
            open.push((next, length + 1));
        }
    }
    let letters = alphabet.len() as u32;
    let expected: u32 = (1..=DEPTH).map(|length| letters.pow(length)).sum();
    assert_eq!(histories, expected, "every history of up to {DEPTH} of {letters} events");
    assert!(grants > 0, "and some of them hold a grant");
    let size = format!(
        "{histories} histories of up to {DEPTH} of {letters} events, {grants} live grants among them\n"
    );
    std::io::stdout().write_all(size.as_bytes()).unwrap();
}
