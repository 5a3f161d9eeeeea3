//! The text of a policy folder, and what can be said about it.

use std::collections::BTreeMap;
use std::fmt;

/// The files of a policy folder, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicySource {
    /// The content of `policy.toml`.
    pub policy_toml: String,
    /// The content of each `texts/LOCALE.toml`, by locale (BCP 47).
    pub texts: BTreeMap<String, String>,
}

/// One remark about a policy folder, for the people who write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, such as `policy.toml` or `texts/en.toml`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The rule's name, such as `unknown-key`.
    pub rule: &'static str,
    /// What is wrong and what to do, in one or two plain sentences.
    pub sentence: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.sentence)
    }
}

/// Why a policy folder can't be used: every mistake that was found, in the order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors {
    /// At least one.
    pub findings: Vec<Finding>,
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, finding) in self.findings.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}
