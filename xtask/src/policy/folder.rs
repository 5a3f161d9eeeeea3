//! A policy folder on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pforte_gate::{Finding, PolicySource};

pub struct Folder {
    path: PathBuf,
    /// The folder's own name.
    pub name: String,
    pub source: PolicySource,
}

impl Folder {
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = |file: &Path| {
            fs::read_to_string(file).map_err(|error| format!("{} can't be read: {error}", file.display()))
        };
        let policy_toml = text(&path.join("policy.toml"))?;
        let folder = path.join("texts");
        let files =
            fs::read_dir(&folder).map_err(|error| format!("{} can't be read: {error}", folder.display()))?;
        let mut texts = BTreeMap::new();
        for file in files.filter_map(Result::ok).map(|entry| entry.path()) {
            if let (Some(locale), Some("toml")) = (
                file.file_stem().and_then(|stem| stem.to_str()),
                file.extension().and_then(|end| end.to_str()),
            ) {
                texts.insert(locale.to_owned(), text(&file)?);
            }
        }
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name =
            whole.file_name().map_or_else(|| "policy".to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self { path: path.to_owned(), name, source: PolicySource { policy_toml, texts } })
    }

    /// Where a file of the policy lies, as the caller would open it.
    pub fn file(&self, file: &str) -> String {
        self.path.join(file).display().to_string()
    }

    /// `FOLDER/policy.toml:12:5: sentence [rule]`
    pub fn line(&self, finding: &Finding) -> String {
        let Finding { file, line, column, rule, sentence } = finding;
        format!("{}:{line}:{column}: {sentence} [{rule}]", self.file(file))
    }
}
