//! What an entry is to state, and the rules under which it may.

use pforte_host::Act;

use crate::entry::{BodyAct, LONGEST_PURPOSE};
use crate::payload::{Evidence, LONGEST_LOCALE, LONGEST_PLACE, LONGEST_TEXT_ID};
use crate::{Digest, Payload, Salt, State};

/// What is to be recorded about one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The policy's name for the purpose.
    pub purpose: String,
    /// What happened: any state but [`State::Unknown`].
    pub state: State,
    /// The text that was shown. A grant, an ask and an information need it; what restricts may do without, so that
    /// nothing stands in the way of a refusal.
    pub text: Option<ShownText>,
    /// How the person did it. A grant needs a genuine one.
    pub act: Option<Act>,
    /// What is known about the person's age.
    pub age: Age,
    /// The digest of the policy in force.
    pub policy_hash: Digest,
    /// The digest of the purpose's basis, recipient and fields, where the caller wants a change of these to be noticed
    /// ([`crate::Rule::terms`]).
    pub terms: Option<Digest>,
    /// When, in milliseconds since 1970 by the device's clock; a time before 1970 is recorded as 1970.
    pub wall_ms: i64,
}

/// The text that was handed to the presenter; no more than that is evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownText {
    /// Which text: `id@revision`.
    pub id: String,
    /// SHA-256 of the text as shown.
    pub hash: Digest,
    /// In which language (BCP 47).
    pub locale: String,
    /// Whether the text says that what was agreed to anonymously will be linked to the account. Only then may an
    /// anonymous grant be carried over.
    pub mentions_linking: bool,
}

/// What is known about the person's age, against the policy's consent age. Nothing more is ever stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Age {
    /// The person has not said.
    #[default]
    Unknown,
    /// Old enough.
    Over,
    /// Too young: consent is neither asked nor granted.
    Under,
}

impl Statement {
    /// Holds the statement against the rules: what it becomes in the entry, and the payload beside it.
    pub(crate) fn check(&self, salt: &Salt) -> Result<(BodyAct, Payload), Refused> {
        match self.state {
            State::Unknown => return Err(Refused::Unknown),
            State::Asked | State::Granted if self.age == Age::Under => return Err(Refused::UnderAge),
            State::Granted => self.check_grant()?,
            State::Informed | State::Asked if self.text.is_none() => {
                return Err(Refused::Evidence { what: "the text shown", limit: LONGEST_TEXT_ID });
            }
            _ => {}
        }
        within("the purpose", Some(&self.purpose), LONGEST_PURPOSE)?;
        let text = self.text.as_ref();
        let act = self.act.as_ref();
        let evidence = Evidence {
            text_id: within("the text's id", text.map(|text| &text.id), LONGEST_TEXT_ID)?,
            locale: within("the locale", text.map(|text| &text.locale), LONGEST_LOCALE)?,
            surface: within("the surface", act.map(|act| &act.surface), LONGEST_PLACE)?,
            control: within("the control", act.map(|act| &act.control), LONGEST_PLACE)?,
            genuine: act.is_some_and(|act| act.genuine),
        };
        let payload = Payload::new(evidence, salt);
        let entry = BodyAct::State {
            state: self.state,
            purpose: self.purpose.clone(),
            text_hash: text.map(|text| text.hash),
            commitment: payload.commitment(),
            terms: self.terms,
            mentions_linking: self.state == State::Granted && text.is_some_and(|text| text.mentions_linking),
            origin: None,
        };
        Ok((entry, payload))
    }

    fn check_grant(&self) -> Result<(), Refused> {
        match (&self.act, &self.text) {
            (Some(act), Some(_)) if act.genuine => Ok(()),
            (Some(act), None) if act.genuine => {
                Err(Refused::Evidence { what: "the text shown", limit: LONGEST_TEXT_ID })
            }
            _ => Err(Refused::NoGenuineAct),
        }
    }
}

fn within(what: &'static str, text: Option<&String>, limit: usize) -> Result<Option<String>, Refused> {
    match text {
        Some(text) if text.is_empty() || text.len() > limit => Err(Refused::Evidence { what, limit }),
        text => Ok(text.cloned()),
    }
}

/// Why something is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A grant without an explicit, genuine act of the person.
    #[error("nothing is granted without a genuine act: pass the act of a real, uncovered input event")]
    NoGenuineAct,
    /// Evidence is missing or out of bounds.
    #[error("the evidence is incomplete: {what} must be given, at most {limit} bytes long")]
    Evidence {
        /// Which part.
        what: &'static str,
        /// The longest it may be, in bytes.
        limit: usize,
    },
    /// The person is too young to be asked or to agree.
    #[error("the person is under the policy's consent age: neither ask nor grant")]
    UnderAge,
    /// [`State::Unknown`] is the absence of entries.
    #[error("'unknown' can't be recorded: it is the absence of entries")]
    Unknown,
    /// The subject was erased; nothing is added any more.
    #[error("this subject was erased: begin a new ledger under a new subject")]
    Erased,
    /// There is no room for another entry or another device.
    #[error("the ledger is full: {what}")]
    Full {
        /// What there are too many of.
        what: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Statement {
        Statement {
            purpose: "analytics".to_owned(),
            state: State::Granted,
            text: Some(ShownText {
                id: "analytics@2".to_owned(),
                hash: Digest::of(b"text"),
                locale: "de".to_owned(),
                mentions_linking: false,
            }),
            act: Some(Act { surface: "sheet".to_owned(), control: "accept-all".to_owned(), genuine: true }),
            age: Age::Over,
            policy_hash: Digest::of(b"policy"),
            terms: None,
            wall_ms: 1,
        }
    }

    fn check(change: impl FnOnce(&mut Statement)) -> Result<(BodyAct, Payload), Refused> {
        let mut statement = grant();
        change(&mut statement);
        statement.check(&Salt::new([1; 32]))
    }

    #[test]
    fn a_grant_needs_a_genuine_act_and_every_piece_of_evidence() {
        assert!(check(|_| {}).is_ok());
        assert_eq!(check(|grant| grant.act = None).unwrap_err(), Refused::NoGenuineAct);
        let act = |change: fn(&mut Act)| move |grant: &mut Statement| grant.act.iter_mut().for_each(change);
        assert_eq!(check(act(|act| act.genuine = false)).unwrap_err(), Refused::NoGenuineAct);
        let text =
            |change: fn(&mut ShownText)| move |grant: &mut Statement| grant.text.iter_mut().for_each(change);
        for (refused, what) in [
            (check(|grant| grant.text = None), "the text shown"),
            (check(act(|act| act.surface.clear())), "the surface"),
            (check(act(|act| act.control.clear())), "the control"),
            (check(act(|act| act.control = "x".repeat(129))), "the control"),
            (check(text(|text| text.id.clear())), "the text's id"),
            (check(text(|text| text.locale.clear())), "the locale"),
            (check(|grant| grant.purpose.clear()), "the purpose"),
            (check(|grant| grant.purpose = "x".repeat(65)), "the purpose"),
        ] {
            assert!(matches!(refused, Err(Refused::Evidence { what: found, .. }) if found == what), "{what}");
        }
    }

    #[test]
    fn under_age_nothing_is_asked_or_granted_and_everything_can_be_refused() {
        for state in [State::Asked, State::Granted] {
            let refused = check(|statement| (statement.state, statement.age) = (state, Age::Under));
            assert_eq!(refused.unwrap_err(), Refused::UnderAge);
        }
        for state in [State::Denied, State::Withdrawn, State::Objected, State::Expired] {
            let bare = check(|statement| {
                (statement.state, statement.age) = (state, Age::Under);
                (statement.text, statement.act) = (None, None);
            });
            assert!(bare.is_ok(), "{state:?}");
        }
        assert_eq!(check(|statement| statement.state = State::Unknown).unwrap_err(), Refused::Unknown);
    }
}
