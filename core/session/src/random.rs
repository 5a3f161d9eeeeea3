//! Random bytes from the system.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::SessionError;

/// `N` fresh random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], SessionError> {
    let mut out = [0; N];
    SystemRandom::new().fill(&mut out).map_err(|_| SessionError::Internal { what: "system random" })?;
    Ok(out)
}
