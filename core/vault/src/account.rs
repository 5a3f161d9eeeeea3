//! Accounts, and the names of what belongs to one.

use crate::VaultError;

/// Names one account on this device; every file and secret of it begins with this name and a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// 1 to 40 of `a`-`z`, `0`-`9`, `-` and `_`. It is visible in file names: not an e-mail address, not a real name.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] for anything else.
    pub fn new(name: &str) -> Result<Self, VaultError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if name.is_empty() || name.len() > 40 || !name.bytes().all(allowed) {
            return Err(VaultError::Invalid {
                what: "an account is named by 1 to 40 of a-z, 0-9, '-' and '_'",
            });
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of one of the account's files or secrets.
    pub(crate) fn name(&self, part: &str) -> String {
        format!("{}.{part}", self.0)
    }

    /// Whether a file belongs to this account.
    pub(crate) fn owns(&self, name: &str) -> bool {
        name.strip_prefix(self.0.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_every_file_system_takes() {
        assert!(AccountId::new("default").is_ok());
        assert!(AccountId::new("anna_2-b").is_ok());
        for bad in ["", "A", "a.b", "../a", "a/b", "ä", "a b", &"a".repeat(41)] {
            assert!(matches!(AccountId::new(bad), Err(VaultError::Invalid { .. })), "{bad}");
        }
    }

    #[test]
    fn one_account_does_not_own_the_files_of_another_with_a_longer_name() {
        let account = AccountId::new("a").unwrap();
        assert!(account.owns("a.open"));
        assert!(!account.owns("a-b.open"));
        assert!(!account.owns("ab.open"));
        assert!(!account.owns("a"));
    }
}
