//! The status an app shows.

/// The four things a session can be. Offline, a device not yet unlocked and a lost key are never `SignedOut`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nobody is signed in.
    SignedOut,
    /// Somebody is signed in; finger or face opens it.
    Locked {
        /// Whose session it is, if the person chose to be remembered.
        login_hint: Option<String>,
    },
    /// Signed in and open.
    Unlocked {
        /// What is known about the person.
        profile: Vec<ProfileField>,
    },
    /// Not to be known or not to be opened now.
    Unavailable {
        /// What an app tells apart, for its own words and whether to offer a sign-in.
        cause: UnavailableCause,
        /// Why, in words for a support screen.
        why: String,
    },
}

/// Why a session is [`Status::Unavailable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnavailableCause {
    /// The device's storage or its keys do not answer, for instance before the device was unlocked for the first time. What
    /// is kept is still there.
    NotNow,
    /// The key behind finger or face is gone, for instance because a new finger was enrolled. A new sign-in helps.
    KeyLost,
    /// What was kept can't be read, and was set aside. A new sign-in helps.
    Unreadable,
}

/// One detail about the person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProfileField {
    /// The policy's name for it, such as `display_name`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it comes from: `id_token`, `userinfo` or `self`.
    pub source: String,
}

/// What signing out achieved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOutReport {
    /// The provider could not be told; its session may live until it expires.
    pub remote_session_may_live: bool,
}
