//! What came of it, feature by feature.

use std::fmt;

use crate::Miss;

/// One feature at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// It works.
    Yes,
    /// It was tried, and this came of it.
    No(String),
    /// The provider's metadata does not offer it.
    NotOffered,
}

impl Cell {
    /// A result in words; where the server gave a reason, that is the one told.
    pub fn of(result: Result<(), Miss>, server_said: Option<&str>) -> Self {
        match (result, server_said) {
            (Ok(()), _) => Self::Yes,
            (Err(Miss::NotOffered), _) => Self::NotOffered,
            (Err(Miss::No(ours)), Some(theirs)) => Self::No(format!("{theirs} ({ours})")),
            (Err(Miss::No(ours)), None) => Self::No(ours),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => f.write_str("yes"),
            Self::No(reason) => write!(f, "no: {reason}"),
            Self::NotOffered => f.write_str("not offered"),
        }
    }
}

/// Features by provider.
#[derive(Debug, Default)]
pub struct Table {
    columns: Vec<(&'static str, Vec<Cell>)>,
    features: Vec<&'static str>,
}

impl Table {
    /// Adds a provider; its cells come in the order of the features.
    pub fn add(&mut self, provider: &'static str, cells: Vec<(&'static str, Cell)>) {
        self.features = cells.iter().map(|(feature, _)| *feature).collect();
        self.columns.push((provider, cells.into_iter().map(|(_, cell)| cell).collect()));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let providers: Vec<&str> = self.columns.iter().map(|(provider, _)| *provider).collect();
        writeln!(f, "| feature | {} |", providers.join(" | "))?;
        writeln!(f, "|---|{}", "---|".repeat(providers.len()))?;
        for (row, feature) in self.features.iter().enumerate() {
            let cells: Vec<String> =
                self.columns.iter().filter_map(|(_, cells)| cells.get(row)).map(Cell::to_string).collect();
            writeln!(f, "| {feature} | {} |", cells.join(" | "))?;
        }
        Ok(())
    }
}
