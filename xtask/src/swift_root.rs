//! A Swift for Linux machines that have none.

use std::path::PathBuf;

use crate::debian_root::DebianRoot;
pub use crate::debian_root::{SEEN_AT, command};
use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// Debian 13, which has Swift 6.0.
const SWIFT: DebianRoot = DebianRoot {
    name: "swift",
    suite: "trixie",
    made_like: "sid",
    packages: &[
        "swiftlang",
        "libc6-dev",
        "libstdc++-14-dev",
        "libncurses-dev",
        "zlib1g-dev",
        "libxml2-dev",
        // The tests sign with it on Linux, where there is no CryptoKit.
        "libssl-dev",
        "git",
        "ca-certificates",
    ],
    costs: "two minutes and 2.7 GB",
    otherwise: "no `swift` on the PATH; install Swift 6, or run this once as root on Debian, where it makes a root folder with \
                it below target",
};

/// The root folder, made when there is none yet.
pub fn ready(workspace: &Workspace, run: &mut Run) -> Result<PathBuf, Stop> {
    if std::env::consts::OS != "linux" {
        return Err(Stop::Missing("no `swift` on the PATH; install Swift 6 or Xcode 16".to_owned()));
    }
    SWIFT.ready(workspace, run)
}
