//! What the keeper does with consent ledgers: recording, erasing, and whose turn it is.
//!
//! ```text
//!             a choice                 sign-in                    the account service answers
//!  nothing ─────────────► visitor's ─────────────► person's ───────────────────────────────► account's
//!                            │   refusals, and grants whose     │  everything, for it is the
//!                            │   text mentions linking          │  same person
//!                            └── then it is gone                └── then it is gone
//!
//!  any of them ── erase ──► tombstone, payloads gone ── proof time over, service told ──► gone
//! ```
//!
//! A grant that is made while nobody is signed in never enters a known person's ledger.

use pforte_consent::{
    Bond, Digest, Draft, Imported, Ledger, Payload, PublicKey, Salt, Sealed, State, Statement, Subject,
};
use pforte_vault::{Log, Vault, VaultError};
use tokio::sync::oneshot;

use crate::consent_book::{Begin, ConsentBook, KeyId, NOBODY, Section, Whose, sealed_to_log, split};
use crate::consent_sync::{Incoming, Outgoing, Plan};
use crate::keeper::{Keeper, Reply};
use crate::lock::LockState;
use crate::{SessionError, random};

/// What is asked of the keeper about consent, beside recording and reading.
pub(crate) enum ConsentCommand {
    /// Erases the ledger in use.
    Erase { policy_hash: Digest, retain_proof_ms: Option<i64>, reply: Reply<Erased> },
    /// Takes an exported ledger in.
    Import { document: String, reply: Reply<u64> },
    /// Says what there is to sync.
    Plan { reply: Reply<Plan> },
    /// The account service gave the person's ledger: it takes the place of the one that this device began.
    Adopt { adopted: Box<Adopted>, reply: Reply<()> },
    /// What the service lacks that holds `theirs`.
    Outgoing { subject: Subject, theirs: Vec<pforte_consent::Head>, most: usize, reply: Reply<Outgoing> },
    /// What the service sent.
    Incoming { subject: Subject, incoming: Incoming, reply: Reply<u64> },
}

/// A ledger from the account service, before this device has said anything in it.
#[derive(Debug)]
pub(crate) struct Adopted {
    pub key: KeyId,
    pub ledger: Ledger,
    pub payloads: Vec<Payload>,
}

/// What an erasure did here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    /// How many pieces of evidence were destroyed.
    pub destroyed: u64,
    /// How many signed entries remain, the erasure's own included; they hold no evidence.
    pub remaining: u64,
    /// Until when they remain, in milliseconds since 1970.
    pub keep_until_ms: Option<i64>,
    /// Whether the account service has still to be told; until then entries remain in any case.
    pub service_to_be_told: bool,
}

impl ConsentCommand {
    /// Nothing is known of the ledgers yet: the caller is told why.
    pub(crate) fn refuse(self, error: SessionError) {
        match self {
            Self::Erase { reply, .. } => answer(reply, Err(error)),
            Self::Import { reply, .. } | Self::Incoming { reply, .. } => answer(reply, Err(error)),
            Self::Plan { reply } => answer(reply, Err(error)),
            Self::Adopt { reply, .. } => answer(reply, Err(error)),
            Self::Outgoing { reply, .. } => answer(reply, Err(error)),
        }
    }
}

impl Keeper {
    pub(crate) async fn consent(&mut self, command: ConsentCommand) {
        match command {
            ConsentCommand::Erase { policy_hash, retain_proof_ms, reply } => {
                answer(reply, self.erase(policy_hash, retain_proof_ms).await);
            }
            ConsentCommand::Import { document, reply } => answer(reply, self.import(&document).await),
            ConsentCommand::Plan { reply } => answer(reply, self.plan().await),
            ConsentCommand::Adopt { adopted, reply } => answer(reply, self.adopt(*adopted).await),
            ConsentCommand::Outgoing { subject, theirs, most, reply } => {
                answer(reply, self.outgoing(subject, &theirs, most));
            }
            ConsentCommand::Incoming { subject, incoming, reply } => {
                answer(reply, self.incoming(subject, incoming).await);
            }
        }
    }

    /// Reads the log, every signature and link checked; what an erasure left beyond its time is removed.
    pub(crate) async fn open_book(&mut self) -> Result<(), SessionError> {
        let read = |vault: &Vault| match vault.read_log(Log::Ledger) {
            // Its end, or all of it, is gone. Nobody's way in: what it said is asked anew, and no grant comes of that.
            Err(VaultError::Rollback { .. }) => vault.clear_log(Log::Ledger).map(|()| None),
            records => records.map(Some),
        };
        let records = self.context.vault(read).await?;
        if records.is_none() {
            self.note("the consent ledger on this device was cut short and is begun anew");
        }
        let records = records.unwrap_or_default();
        let mut book = ConsentBook::default();
        for (begin, records, payloads) in split(&records)? {
            let device_key = self.ledger_key(begin.key).await?;
            let services = self.services(begin.whose);
            book.sections.push(Section::read(begin, device_key, services, &records, payloads)?);
        }
        book.resting = self.book.resting;
        self.book = book;
        self.drop_what_is_over().await
    }

    /// Somebody signed in: what a visitor chose on this device comes along as far as it may.
    pub(crate) async fn person_arrived(&mut self, sub: &str) -> Result<(), SessionError> {
        let issuer = &self.context.settings.provider.issuer;
        let owner = Digest::of(format!("{}:{issuer}{sub}", issuer.len()).as_bytes());
        self.owner = Some(owner);
        let in_use = self.book.current();
        if in_use.is_some_and(|section| section.begin.owner != owner) {
            self.switch_to(owner).await?;
        }
        // What a visitor was told a moment ago is told, now that there is somebody to remember it for.
        let notes = std::mem::take(&mut self.book.notes);
        if notes.is_empty() { Ok(()) } else { self.record(notes).await }
    }

    /// Makes the ledger of `owner` the one in use, with what a visitor brings along.
    async fn switch_to(&mut self, owner: Digest) -> Result<(), SessionError> {
        let is_theirs = |one: &Section| one.begin.owner == owner && !one.ledger.is_erased();
        let mut target = match self.book.sections.iter().position(is_theirs) {
            Some(at) => self.read_again(at)?,
            None => self.begin(Whose::Person, owner).await?,
        };
        let subject = target.begin.subject;
        let earlier = self.book.current().filter(|section| section.begin.whose == Whose::Visitor);
        let dropped =
            earlier.filter(|section| !section.ledger.is_erased()).map(|section| section.begin.subject);
        if let Some(visitor) = earlier {
            let drafts = self.carried(&target, visitor, Bond::Visitor)?;
            for sealed in self.signed(target.begin.key, drafts).await? {
                target.append(sealed)?;
            }
        }
        let kept = |one: &&Section| one.begin.subject != subject && Some(one.begin.subject) != dropped;
        let log: Vec<Vec<u8>> =
            self.book.sections.iter().filter(kept).flat_map(Section::to_log).chain(target.to_log()).collect();
        self.context.vault(move |vault| vault.rewrite_log(Log::Ledger, &log)).await?;
        self.book.sections.retain(|one| one.begin.subject != subject && Some(one.begin.subject) != dropped);
        self.book.sections.push(target);
        Ok(())
    }

    /// Signs and stores one entry for each statement; they count once all are stored. What a visitor was only told or
    /// asked stays in memory until they choose something.
    pub(crate) async fn record(&mut self, statements: Vec<Statement>) -> Result<(), SessionError> {
        let known = self.lock.state != LockState::SignedOut;
        let notes_only = statements.iter().all(is_note);
        if !known && notes_only && self.book.current().is_none() {
            let told: Vec<&str> = statements.iter().map(|note| note.purpose.as_str()).collect();
            self.book.notes.retain(|note| !told.contains(&note.purpose.as_str()));
            self.book.notes.extend(statements);
            return Ok(());
        }
        let grants = statements.iter().any(|statement| statement.state == State::Granted);
        let fits = self.book.current().is_some_and(|section| {
            !section.ledger.is_erased() && (known || !grants || section.begin.whose == Whose::Visitor)
        });
        let begun = if fits {
            None
        } else {
            let (whose, owner) = match (known, self.owner) {
                (true, Some(owner)) => (Whose::Person, owner),
                // A locked session whose person has chosen nothing yet: it becomes theirs at the next unlock.
                _ => (Whose::Visitor, NOBODY),
            };
            Some(self.begin(whose, owner).await?)
        };
        let section = match begun.as_ref().or(self.book.current()) {
            Some(section) => section,
            None => return Err(SessionError::Internal { what: "consent book" }),
        };
        // A note that the rules refuse, such as an ask of somebody too young, is left out; it restricts nothing.
        let notes =
            self.book.notes.iter().filter(|note| section.draft(vec![(*note).clone()]).is_ok()).cloned();
        let drafts = section.draft(notes.chain(statements).collect())?;
        let key = section.begin.key;
        let first = begun.as_ref().map(|section| section.begin.to_record());
        let sealed = self.signed(key, drafts).await?;
        let log: Vec<Vec<u8>> = first.into_iter().chain(sealed.iter().flat_map(sealed_to_log)).collect();
        self.append_to_log(log).await?;
        self.book.sections.extend(begun);
        self.book.notes.clear();
        if let Some(section) = self.book.sections.last_mut() {
            sealed.into_iter().try_for_each(|sealed| section.append(sealed))?;
        }
        Ok(())
    }

    async fn erase(
        &mut self,
        policy_hash: Digest,
        retain_proof_ms: Option<i64>,
    ) -> Result<Erased, SessionError> {
        self.book.notes.clear();
        let now_ms = self.context.host.clock.wall_ms();
        let Some(section) = self.book.current().filter(|section| !section.ledger.is_erased()) else {
            return Ok(Erased::default());
        };
        let draft = section
            .ledger
            .draft_erasure(policy_hash, now_ms)
            .map_err(|refused| SessionError::NotRecorded { reason: refused.to_string() })?;
        let key = section.begin.key;
        let sealed = self.signed(key, vec![draft]).await?;
        let Some(mut section) = self.book.sections.pop() else { return Ok(Erased::default()) };
        let destroyed = section.payloads.len() as u64;
        let before = section.begin;
        section.begin.keep_until_ms = now_ms.saturating_add(retain_proof_ms.unwrap_or(0).max(0));
        let payloads = std::mem::take(&mut section.payloads);
        let ledger = section.ledger.clone();
        let appended = sealed.into_iter().try_for_each(|sealed| section.append(sealed));
        let remaining = section.ledger.erasure().map_or(0, |erasure| erasure.remaining as u64);
        let keep_until_ms = retain_proof_ms.map(|_| section.begin.keep_until_ms);
        let service_to_be_told = section.begin.whose == Whose::Account;
        self.book.sections.push(section);
        let log = self.book.to_log();
        let stored = match appended {
            Ok(()) => self.context.vault(move |vault| vault.rewrite_log(Log::Ledger, &log)).await,
            refused => refused,
        };
        if let Err(error) = stored {
            // Nothing was destroyed on disk, so nothing is in memory.
            if let Some(section) = self.book.sections.last_mut() {
                (section.begin, section.ledger, section.payloads) = (before, ledger, payloads);
            }
            return Err(error);
        }
        self.drop_what_is_over().await?;
        let gone = self.book.current().is_none_or(|section| !section.ledger.is_erased());
        Ok(Erased {
            destroyed,
            remaining: if gone { 0 } else { remaining },
            keep_until_ms: keep_until_ms.filter(|_| !gone),
            service_to_be_told,
        })
    }

    async fn import(&mut self, document: &str) -> Result<u64, SessionError> {
        let refused = |reason: String| SessionError::NotRecorded { reason };
        let imported = Imported::from_json(document).map_err(|error| refused(error.to_string()))?;
        let subject = imported.subject();
        let held = self.book.sections.iter().position(|section| section.begin.subject == subject);
        let mut section = match held {
            Some(at) => self.read_again(at)?,
            None if self.book.current().is_none() => {
                let known = self.lock.state != LockState::SignedOut;
                let (whose, owner) = match self.owner.filter(|_| known) {
                    Some(owner) => (Whose::Person, owner),
                    None => (Whose::Visitor, NOBODY),
                };
                let begun = self.begin(whose, owner).await?;
                let begin = Begin { subject, ..begun.begin };
                Section::new(begin, begun.ledger.identity().device_key.clone(), self.all_services())
            }
            None => {
                return Err(refused(
                    "the document is about another subject than the ledgers on this device".to_owned(),
                ));
            }
        };
        let (report, payloads) =
            section.ledger.import(imported).map_err(|error| refused(error.to_string()))?;
        take_payloads(&mut section, payloads);
        self.replace(section).await?;
        Ok(report.records.len() as u64)
    }

    /// The account's ledger takes the place of the one this device began for the person.
    async fn adopt(&mut self, adopted: Adopted) -> Result<(), SessionError> {
        let Some(current) = self.book.current().filter(|one| one.begin.whose == Whose::Person) else {
            return Err(SessionError::Cancelled { what: "the sync; another ledger is in use by now" });
        };
        if current.begin.key != adopted.key {
            return Err(SessionError::Cancelled { what: "the sync; another ledger is in use by now" });
        }
        let begin =
            Begin { whose: Whose::Account, subject: adopted.ledger.identity().subject, ..current.begin };
        let mut target = Section { begin, ledger: adopted.ledger, payloads: adopted.payloads };
        let drafts = self.carried(&target, current, Bond::SamePerson)?;
        let dropped = current.begin.subject;
        for sealed in self.signed(begin.key, drafts).await? {
            target.append(sealed)?;
        }
        let kept = self.book.sections.iter().filter(|one| one.begin.subject != dropped);
        let log: Vec<Vec<u8>> = kept.flat_map(Section::to_log).chain(target.to_log()).collect();
        self.context.vault(move |vault| vault.rewrite_log(Log::Ledger, &log)).await?;
        self.book.sections.retain(|one| one.begin.subject != dropped);
        self.book.sections.push(target);
        Ok(())
    }

    /// Takes in what the service sent: stored, then believed.
    async fn incoming(&mut self, subject: Subject, incoming: Incoming) -> Result<u64, SessionError> {
        let section = self.book.section_mut(subject)?;
        let mut ledger = section.ledger.clone();
        let report = ledger
            .merge(&incoming.records.concat())
            .map_err(|error| SessionError::Refused { reason: error.to_string() })?;
        let held: Vec<Digest> = section.payloads.iter().map(Payload::commitment).collect();
        let new: Vec<Payload> = incoming
            .payloads
            .into_iter()
            .filter(|payload| !held.contains(&payload.commitment()) && ledger.check_payload(payload).is_ok())
            .collect();
        let count = report.records.len() as u64;
        if report.records.is_empty() && new.is_empty() {
            return Ok(0);
        }
        let in_use = self.book.current().is_some_and(|one| one.begin.subject == subject);
        if in_use && report.destroy.is_empty() {
            self.append_to_log(Section::merged_to_log(&report, &new)).await?;
            let section = self.book.section_mut(subject)?;
            section.ledger = ledger;
            section.payloads.extend(new);
            return Ok(count);
        }
        let section = self.book.section_mut(subject)?;
        section.ledger = ledger;
        if section.ledger.is_erased() {
            section.payloads.clear();
        } else {
            section.payloads.extend(new);
        }
        let log = self.book.to_log();
        self.context.vault(move |vault| vault.rewrite_log(Log::Ledger, &log)).await?;
        self.drop_what_is_over().await?;
        Ok(count)
    }

    async fn plan(&mut self) -> Result<Plan, SessionError> {
        let (Some(owner), false) = (self.owner, self.lock.state == LockState::SignedOut) else {
            return Err(SessionError::SignedOut);
        };
        let usable = self.book.current().is_some_and(|one| one.begin.whose != Whose::Visitor);
        if !usable {
            let begun = self.begin(Whose::Person, owner).await?;
            self.append_to_log(vec![begun.begin.to_record()]).await?;
            self.book.sections.push(begun);
        }
        let bound = self.book.sections.iter().filter(|one| one.begin.whose == Whose::Account);
        let subjects = bound.map(|one| one.begin.subject).collect();
        let unbound =
            self.book.current().filter(|one| one.begin.whose == Whose::Person && !one.ledger.is_erased());
        Ok(Plan {
            register: unbound.map(|one| (one.begin.key, one.ledger.identity().device_key.clone())),
            subjects,
        })
    }

    fn outgoing(
        &mut self,
        subject: Subject,
        theirs: &[pforte_consent::Head],
        most: usize,
    ) -> Result<Outgoing, SessionError> {
        let section = self.book.section_mut(subject)?;
        let lacking = section.ledger.entries_after(theirs);
        let (records, commitments): (Vec<_>, Vec<_>) = lacking.into_iter().take(most).unzip();
        let payloads = section.payloads.iter().filter(|one| commitments.contains(&Some(one.commitment())));
        Ok(Outgoing {
            heads: section.ledger.whole_heads(),
            payloads: payloads.map(|one| one.as_bytes().to_vec()).collect(),
            records,
            confirmed: section.ledger.receipted().map(|anchor| anchor.seq),
            complete: section.ledger.is_complete(),
        })
    }

    // What all of them need.

    /// A section that nobody has written in; its key is made.
    async fn begin(&self, whose: Whose, owner: Digest) -> Result<Section, SessionError> {
        let begin = Begin {
            whose,
            subject: Subject::new(random::bytes()?),
            owner,
            key: KeyId(random::bytes()?),
            keep_until_ms: i64::MAX,
        };
        let device_key = self.ledger_key(begin.key).await?;
        Ok(Section::new(begin, device_key, self.services(whose)))
    }

    /// A copy of a section, to be changed and then to take its place.
    fn read_again(&self, at: usize) -> Result<Section, SessionError> {
        let section = self.book.sections.get(at).ok_or(SessionError::Internal { what: "consent book" })?;
        Ok(Section {
            begin: section.begin,
            ledger: section.ledger.clone(),
            payloads: section.payloads.clone(),
        })
    }

    /// Stores a changed section, or a new one as the one in use.
    async fn replace(&mut self, section: Section) -> Result<(), SessionError> {
        let subject = section.begin.subject;
        let at = self.book.sections.iter().position(|one| one.begin.subject == subject);
        let mut log = Vec::new();
        for (n, one) in self.book.sections.iter().enumerate() {
            log.extend(if Some(n) == at { section.to_log() } else { one.to_log() });
        }
        if at.is_none() {
            log.extend(section.to_log());
        }
        self.context.vault(move |vault| vault.rewrite_log(Log::Ledger, &log)).await?;
        match at.and_then(|at| self.book.sections.get_mut(at)) {
            Some(place) => *place = section,
            None => self.book.sections.push(section),
        }
        Ok(())
    }

    /// Removes erased sections whose time as proof is over and whose erasure the service knows, with their keys.
    async fn drop_what_is_over(&mut self) -> Result<(), SessionError> {
        let now_ms = self.context.host.clock.wall_ms();
        let over = |section: &Section| {
            let told = section.begin.whose != Whose::Account || section.ledger.is_complete();
            section.ledger.is_erased() && told && section.begin.keep_until_ms <= now_ms
        };
        if !self.book.sections.iter().any(over) {
            return Ok(());
        }
        let aliases: Vec<String> = self
            .book
            .sections
            .iter()
            .filter(|one| over(one))
            .map(|one| one.begin.key.alias(&self.context.settings.account))
            .collect();
        let log: Vec<Vec<u8>> =
            self.book.sections.iter().filter(|one| !over(one)).flat_map(Section::to_log).collect();
        self.context.vault(move |vault| vault.rewrite_log(Log::Ledger, &log)).await?;
        self.book.sections.retain(|one| !over(one));
        self.delete_ledger_keys(aliases).await;
        Ok(())
    }

    /// A key that signs nothing any more harms nobody: trouble here is no error.
    pub(crate) async fn delete_ledger_keys(&self, aliases: Vec<String>) {
        let deleted = self.context.blocking(move |context| {
            for alias in aliases {
                drop(context.host.device_key.delete_key(alias));
            }
            Ok(())
        });
        drop(deleted.await);
    }

    fn carried(&self, target: &Section, from: &Section, bond: Bond) -> Result<Vec<Draft>, SessionError> {
        let mut failed = None;
        let mut salt = || match random::bytes() {
            Ok(bytes) => Salt::new(bytes),
            Err(error) => {
                failed = Some(error);
                Salt::new([0; 32])
            }
        };
        let now_ms = self.context.host.clock.wall_ms();
        let drafts = target.ledger.draft_carried(&from.ledger, bond, &from.payloads, now_ms, &mut salt);
        match failed {
            Some(error) => Err(error),
            None => drafts.map_err(|refused| SessionError::NotRecorded { reason: refused.to_string() }),
        }
    }

    async fn signed(&self, key: KeyId, drafts: Vec<Draft>) -> Result<Vec<Sealed>, SessionError> {
        let alias = key.alias(&self.context.settings.account);
        let sign = move |context: &crate::context::Context| {
            let mut sealed = Vec::with_capacity(drafts.len());
            for draft in drafts {
                let signature = context.host.device_key.sign_es256(alias.clone(), draft.to_be_signed())?;
                sealed.push(draft.seal(&signature).map_err(|_| SessionError::NotRecorded {
                    reason: "the device key's signature does not verify".to_owned(),
                })?);
            }
            Ok(sealed)
        };
        self.context.blocking(sign).await
    }

    async fn append_to_log(&self, records: Vec<Vec<u8>>) -> Result<(), SessionError> {
        self.context
            .vault(move |vault| records.iter().try_for_each(|record| vault.append(Log::Ledger, record)))
            .await
    }

    async fn ledger_key(&self, key: KeyId) -> Result<PublicKey, SessionError> {
        let alias = key.alias(&self.context.settings.account);
        let bytes =
            self.context.blocking(move |context| Ok(context.host.device_key.public_key(alias)?)).await?;
        PublicKey::from_sec1(&bytes).map_err(|error| SessionError::Storage { reason: error.to_string() })
    }

    /// Only the account service certifies, and only for ledgers under a subject that it gave.
    fn services(&self, whose: Whose) -> Vec<PublicKey> {
        if whose == Whose::Account { self.all_services() } else { Vec::new() }
    }

    fn all_services(&self) -> Vec<PublicKey> {
        let service = self.context.settings.consent_service.as_ref();
        service.map(|service| service.keys.clone()).unwrap_or_default()
    }
}

/// Takes payloads in that are not there yet; an erasure has destroyed all.
fn take_payloads(section: &mut Section, payloads: Vec<Payload>) {
    if section.ledger.is_erased() {
        section.payloads.clear();
        return;
    }
    for payload in payloads {
        if section.payloads.iter().all(|held| held.commitment() != payload.commitment()) {
            section.payloads.push(payload);
        }
    }
}

fn is_note(statement: &Statement) -> bool {
    matches!(statement.state, State::Informed | State::Asked)
}

fn answer<T>(reply: oneshot::Sender<Result<T, SessionError>>, result: Result<T, SessionError>) {
    // A caller that went away needs no reply: what was asked for is done all the same.
    drop(reply.send(result));
}
