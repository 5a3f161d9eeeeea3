//! The rings: what is tested, from the inside out.

mod android;
pub mod android_sample;
mod apple;
pub mod cross;
mod faults;
mod fuzz;
mod hygiene;
pub mod interop;
mod journeys;
mod keycloak;
mod keyring;
mod kotlin;
mod kotlin_style;
mod rust;
mod swift;
mod verifier;

use std::time::Duration;

use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// One group of tests with its own tools.
pub struct Ring {
    pub name: &'static str,
    pub what: &'static str,
    /// What it takes to run, in words.
    pub needs: &'static str,
    /// How long it may take on two cores with empty caches.
    pub budget: Duration,
    /// Fewer passed tests than this is a failure: a runner that silently runs nothing must not look green.
    pub floor: u64,
    pub run: fn(&Workspace, &mut Run) -> Result<(), Stop>,
}

/// All rings, in the order in which they run: cheap before dear, and the comparison after what it compares.
pub const RINGS: [Ring; 16] = [
    Ring {
        name: "hygiene",
        what: "format, lints, licences, the rooms' direction",
        needs: "cargo with rustfmt and clippy; builds cargo-deny once",
        budget: minutes(8),
        floor: 30,
        run: hygiene::run,
    },
    Ring {
        name: "rust",
        what: "all Rust tests and documentation examples",
        needs: "cargo and a C compiler",
        budget: minutes(12),
        floor: 400,
        run: rust::run,
    },
    Ring {
        name: "faults",
        what: "processes killed a thousand times, stopped and raced, while they refresh",
        needs: "Unix, for SIGKILL, SIGSTOP and SIGCONT",
        budget: minutes(6),
        floor: 4,
        run: faults::run,
    },
    Ring {
        name: "fuzz",
        what: "every parser of bytes from outside under a fuzzer",
        needs: "Unix with a C++ compiler; builds cargo-fuzz once",
        budget: minutes(10),
        floor: 17,
        run: fuzz::run,
    },
    Ring {
        name: "keyring",
        what: "the Secret Service and the kernel's keyring",
        needs: "Linux with gnome-keyring, D-Bus and keyutils (installed by apt-get as root)",
        budget: minutes(2),
        floor: 6,
        run: keyring::run,
    },
    Ring {
        name: "interop",
        what: "the journey and every feature against a certified OpenID provider, and verdicts beside jose",
        needs: "Node 20 or later with npm",
        budget: minutes(4),
        floor: 5,
        run: interop::run,
    },
    Ring {
        name: "keycloak",
        what: "every feature of Keycloak, the certified provider and our own, in one table; a whole session at Keycloak",
        needs: "what interop needs; a JDK from 17 on, Maven and unzip (installed by apt-get as root); Linux or macOS",
        budget: minutes(4),
        floor: 2,
        run: keycloak::run,
    },
    Ring {
        name: "verifier",
        what: "the independent verifier of exported ledgers",
        needs: "Python 3.11 or later with venv (installed by apt-get as root)",
        budget: minutes(1),
        floor: 6,
        run: verifier::run,
    },
    Ring {
        name: "kotlin-style",
        what: "ktlint and detekt over all Kotlin",
        needs: "a JDK from 17 on and Maven (installed by apt-get as root); downloads 140 MB once",
        budget: minutes(2),
        floor: 3,
        run: kotlin_style::run,
    },
    Ring {
        name: "cross",
        what: "everything an app links, checked for Android and iOS",
        needs: "root on Debian, where a root folder with another Rust is made below target",
        budget: minutes(8),
        floor: 2,
        run: cross::run,
    },
    Ring {
        name: "kotlin",
        what: "the Kotlin library on the JVM",
        needs: "a JDK from 17 on and Maven (installed by apt-get as root)",
        budget: minutes(4),
        floor: 12,
        run: kotlin::run,
    },
    Ring {
        name: "android",
        what: "the Android library under Robolectric, with a fake Keystore, and its package",
        needs: "a JDK from 17 on, Maven and aapt2 (installed by apt-get as root); downloads 600 MB once",
        budget: minutes(12),
        floor: 120,
        run: android::run,
    },
    Ring {
        name: "android-sample",
        what: "the portal for Android: its journey by taps on its screens, and what goes wrong",
        needs: "what android needs, and unzip; downloads 30 MB more",
        budget: minutes(6),
        floor: 20,
        run: android_sample::run,
    },
    Ring {
        name: "swift",
        what: "the Swift package",
        needs: "swift 6 on the PATH, or root on Debian, where a root folder with it is made below target",
        budget: minutes(6),
        floor: 10,
        run: swift::run,
    },
    Ring {
        name: "apple",
        what: "the Apple adapters and the portal for iOS over stand-ins, Swift's style, and the Swift libraries' public names",
        needs: "what swift needs, on Linux",
        budget: minutes(6),
        floor: 75,
        run: apple::run,
    },
    Ring {
        name: "journeys",
        what: "the same journey in Rust, Kotlin, Swift and on the portal's screens, compared",
        needs: "what the rings rust, kotlin, android-sample and swift wrote into target/journeys",
        budget: minutes(1),
        floor: 12,
        run: journeys::run,
    },
];

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}
