//! Why a port did not do what it was asked, as Kotlin and Swift say it.
//!
//! Each is the host's error of the same name, once more: whatever a port throws that is not declared has to become
//! one of its errors too, and that rule (`From<UnexpectedUniFFICallbackError>`) can only be given to a type of this
//! crate. A variant the host does not know fails to compile.

use std::fmt;

use pforte_client::host;
use uniffi::UnexpectedUniFFICallbackError;

/// Declares a port's error, its way into the host's error of the same name, and what an undeclared exception becomes.
macro_rules! port_errors {
    ($( $(#[$about:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident $({ $field:ident })? ),* $(,)? } )*) => { $(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, uniffi::Error)]
        pub enum $name {
            $( $(#[$doc])* $variant $({
                /// What the platform said, without a secret and without personal data.
                $field: String,
            })?, )*
        }

        impl From<$name> for host::$name {
            fn from(error: $name) -> Self {
                match error {
                    $( $name::$variant $({ $field })? => Self::$variant $({ $field })?, )*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                host::$name::from(self.clone()).fmt(f)
            }
        }

        impl std::error::Error for $name {}

        impl From<UnexpectedUniFFICallbackError> for $name {
            fn from(error: UnexpectedUniFFICallbackError) -> Self {
                Self::Failed { reason: undeclared(&error.reason) }
            }
        }
    )* };
}

port_errors! {
    /// Why a gate operation did not happen.
    GateError {
        /// The person closed the prompt, or it was dismissed. The key is intact.
        Cancelled,
        /// The finger or face was not recognised, and the prompt has ended. The key is intact.
        NotRecognised,
        /// Too many failed attempts; the device's own credential, or time, ends it. The key is intact.
        LockedOut,
        /// Nobody's finger or face is enrolled.
        NotEnrolled,
        /// The device has no hardware for this.
        NoHardware,
        /// Not at this moment: before the first unlock since start, app not in front, system busy. The key is intact.
        NotNow { reason },
        /// The key is gone or was invalidated, for instance by a newly enrolled finger. It can't come back.
        KeyLost,
        /// Anything else the platform said.
        Failed { reason },
    }

    /// Why a signing key could not be used.
    DeviceKeyError {
        /// Not at this moment, for instance before the first unlock since start.
        NotNow { reason },
        /// The key is gone or was invalidated.
        KeyLost,
        /// Anything else the platform said.
        Failed { reason },
    }

    /// Why the store did not answer. The two first must never be mistaken for each other: one waits, one starts anew.
    StoreError {
        /// Not at this moment: device locked since start, keyring locked, service not running.
        NotNow { reason },
        /// What was stored can't be read again, for good: its key is gone.
        Lost,
        /// Anything else the platform said.
        Failed { reason },
    }

    /// Why there was no redirect back.
    UserAgentError {
        /// The person closed the browser.
        Closed,
        /// There is no browser, or it could not be opened.
        NoBrowser { reason },
        /// The redirect URI can't reach this app; `reason` names the missing manifest or plist line.
        RedirectNotRegistered { reason },
        /// Anything else the platform said.
        Failed { reason },
    }

    /// Why there was no passkey.
    PasskeyError {
        /// The person closed the sheet.
        Cancelled,
        /// The person has no passkey for this site on this device.
        NoCredential,
        /// The device or app can't use passkeys; the route is left out.
        NotSupported { reason },
        /// Anything else the platform said.
        Failed { reason },
    }

    /// Why an ask could not be shown.
    PresenterError {
        /// There is no window in front to show it over.
        NoWindow,
        /// The ask went away without an act of the person: the app left the front, the screen was destroyed.
        Interrupted,
        /// Anything else.
        Failed { reason },
    }

    /// Why no time was granted.
    BackgroundError {
        /// The system gives none now; the work waits until the app is in front.
        NotGranted,
        /// Anything else the platform said.
        Failed { reason },
    }
}

/// Why a clock could not be read. The machine's own clocks are read in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ClockError {
    /// Whatever the platform said.
    #[error("the clock could not be read: {reason}")]
    Failed {
        /// What the platform said.
        reason: String,
    },
}

impl From<UnexpectedUniFFICallbackError> for ClockError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: undeclared(&error.reason) }
    }
}

/// The first line of what was thrown, of bounded length: enough to find the place, too short for a dump.
pub(crate) fn undeclared(thrown: &str) -> String {
    let line = thrown.lines().next().unwrap_or_default();
    format!("the adapter threw an undeclared error: {}", line.chars().take(200).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undeclared_error_becomes_failed_with_one_bounded_line() {
        let thrown =
            format!("java.lang.IllegalStateException: {}\n\tat com.example.Adapter", "x".repeat(1000));
        let GateError::Failed { reason } = GateError::from(UnexpectedUniFFICallbackError::new(thrown)) else {
            panic!("not Failed");
        };
        assert!(
            reason.starts_with("the adapter threw an undeclared error: java.lang.IllegalStateException: xxx")
        );
        assert!(!reason.contains("com.example") && reason.len() < 300);
    }

    #[test]
    fn a_declared_error_stays_what_it_is() {
        assert_eq!(host::GateError::from(GateError::KeyLost), host::GateError::KeyLost);
        assert_eq!(
            host::StoreError::from(StoreError::NotNow { reason: "locked".to_owned() }),
            host::StoreError::NotNow { reason: "locked".to_owned() },
        );
    }
}
