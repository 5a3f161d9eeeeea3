//! What is asked, and what was answered.

/// One question to the person, complete with its texts in their language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The touchpoint the person wants to pass, such as `review.write`.
    pub touchpoint: String,
    /// The language of all texts in it (BCP 47).
    pub locale: String,
    /// A short headline.
    pub title: String,
    /// One or two sentences: why this is asked.
    pub text: String,
    /// What is asked.
    pub kind: AskKind,
}

/// The kinds of question, in the order of the policy's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskKind {
    /// Tells the person something they must have seen; answered with [`Answer::Acknowledged`].
    Inform {
        /// What is told.
        notices: Vec<Notice>,
    },
    /// Opens the locked session; answered with [`Answer::Proceed`].
    Unlock {
        /// Whose session it is, if the person chose to be remembered.
        login_hint: Option<String>,
    },
    /// Signs the person in; answered with [`Answer::Proceed`] and one of the routes.
    SignIn {
        /// The ways that work on this device, best first.
        routes: Vec<Route>,
    },
    /// Signs in again at a higher level, or more recently; answered with [`Answer::Proceed`].
    StepUp {
        /// The level that is needed, as the policy names it.
        level: String,
        /// The oldest sign-in that would do, in seconds, where the policy limits it.
        max_auth_age_seconds: Option<u64>,
    },
    /// Asks for details about the person; answered with [`Answer::Profile`].
    Profile {
        /// Only those that are still missing.
        fields: Vec<FieldQuestion>,
    },
    /// Asks for consent, each purpose by itself; answered with [`Answer::Consent`].
    Consent {
        /// One question for each purpose.
        questions: Vec<ConsentQuestion>,
    },
    /// Offers to put the session behind finger or face; answered with [`Answer::Proceed`] or [`Answer::Skipped`].
    EnrolBiometrics,
    /// Offers to make a passkey; answered with [`Answer::Proceed`] or [`Answer::Skipped`].
    EnrolPasskey,
}

/// A text the person must have seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The purpose it belongs to.
    pub purpose: String,
    /// The purpose's title.
    pub title: String,
    /// The text as it is to be shown.
    pub text: String,
    /// Which text: `id@revision`.
    pub text_id: String,
    /// SHA-256 of the text as shown, in lower-case hex; goes into the evidence.
    pub text_hash: String,
}

/// One way to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The policy's name for it, such as `social:google` or `page`.
    pub id: String,
    /// The label of its button.
    pub label: String,
}

/// One detail to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldQuestion {
    /// The policy's name for it, such as `display_name`.
    pub name: String,
    /// The label, in the person's language.
    pub label: String,
    /// What kind of value is expected.
    pub kind: FieldKind,
}

/// What kind of value a detail has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A line of text.
    Text,
    /// An e-mail address.
    Email,
    /// Whether the person is at least as old as the policy's consent age; answered with `over` or `under`.
    OverAge,
    /// A country (ISO 3166-1 alpha-2).
    Country,
}

/// A detail the person gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldValue {
    /// The policy's name for it.
    pub name: String,
    /// What the person entered.
    pub value: String,
}

/// One purpose the person may agree to or refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentQuestion {
    /// The policy's name for the purpose.
    pub purpose: String,
    /// The purpose's title.
    pub title: String,
    /// The text as it is to be shown.
    pub text: String,
    /// Which text: `id@revision`.
    pub text_id: String,
    /// SHA-256 of the text as shown, in lower-case hex; goes into the evidence.
    pub text_hash: String,
    /// Who receives the data, where the policy names someone.
    pub recipient: Option<String>,
    /// Which data it concerns.
    pub fields: Vec<String>,
    /// Why the service can't be given without it, where it is required; refusing then ends the entry.
    pub required_because: Option<String>,
}

/// The person's choice about one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentChoice {
    /// The policy's name for the purpose.
    pub purpose: String,
    /// Agreed, or refused.
    pub granted: bool,
}

/// How an answer was given: the evidence beside a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Which screen, such as `sheet` or `settings`.
    pub surface: String,
    /// Which control was operated, such as `accept-all` or `switch:analytics`.
    pub control: String,
    /// Whether a real input event of the person was seen, not covered by another window, not made by a script.
    /// Without it nothing is granted.
    pub genuine: bool,
}

/// What the person did with an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Read and went on.
    Acknowledged {
        /// How.
        act: Act,
    },
    /// Wants to go on: sign in, unlock, step up, enrol.
    Proceed {
        /// The route chosen, where routes were offered.
        route: Option<String>,
    },
    /// Gave details.
    Profile {
        /// The details.
        values: Vec<FieldValue>,
    },
    /// Chose about purposes; a purpose without a choice stays as it was.
    Consent {
        /// The choices.
        choices: Vec<ConsentChoice>,
        /// How they were made.
        act: Act,
    },
    /// Declined something optional and wants to go on.
    Skipped,
    /// Closed the ask: gives up on the touchpoint. Never a refusal, never a grant.
    Dismissed,
}
