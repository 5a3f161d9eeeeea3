//! What a process left behind, read from a copy, so that reading repairs nothing.

use std::fs;
use std::path::Path;

use pforte_host::{Host, SecretText};
use pforte_vault::{AccountId, GateState, Inbox, Vault};

use crate::phone::{self, ACCOUNT, MovedClock};

/// What the account would go on with after the next unlock.
#[derive(Debug)]
pub struct Kept {
    /// The refresh token.
    pub refresh_token: SecretText,
    /// The access token that came last.
    pub access_token: SecretText,
}

/// What is sealed in `folder`; nothing where no session is. Nobody else may have the folder open.
///
/// # Errors
/// In words, where something is there and can't be opened by its own keys: that must never be.
pub async fn kept(folder: &Path) -> Result<Option<Kept>, String> {
    let copy = tempfile::tempdir().map_err(|error| error.to_string())?;
    for part in ["sealed", "secrets"] {
        let to = copy.path().join(part);
        fs::create_dir_all(&to).map_err(|error| error.to_string())?;
        for entry in fs::read_dir(folder.join(part)).into_iter().flatten() {
            let entry = entry.map_err(|error| error.to_string())?;
            fs::copy(entry.path(), to.join(entry.file_name())).map_err(|error| error.to_string())?;
        }
    }
    let host = phone::host(copy.path(), MovedClock::default())?;
    let Some(content) = content(&host).await? else { return Ok(None) };
    let json: serde_json::Value = serde_json::from_slice(&content).map_err(|error| error.to_string())?;
    let text = |name: &str| {
        let value = json.get(name).and_then(serde_json::Value::as_str);
        value.map(|value| SecretText::new(value.to_owned())).ok_or_else(|| format!("no {name}"))
    };
    Ok(Some(Kept { refresh_token: text("refresh_token")?, access_token: text("access_token")? }))
}

async fn content(host: &Host) -> Result<Option<Vec<u8>>, String> {
    let account = AccountId::new(ACCOUNT).map_err(|error| error.to_string())?;
    let vault = Vault::open(&account, host.files.clone(), host.secret_store.clone())
        .map_err(|error| format!("open: {error}"))?;
    let GateState::Sealed { slots } = vault.gate().map_err(|error| format!("gate: {error}"))? else {
        return Ok(None);
    };
    let slot = slots.into_iter().next().ok_or("no slot")?;
    let secret = match slot.alias.zip(slot.wrapped) {
        Some((alias, wrapped)) => {
            let unwrapped = host.gate_key.unwrap_secret(alias, wrapped, phone::prompt()).await;
            Some(unwrapped.map_err(|error| format!("finger: {error}"))?)
        }
        None => None,
    };
    let (key, content) = vault.unlock(&slot.id, secret).map_err(|error| format!("unlock: {error}"))?;
    match vault.take_inbox(&key).map_err(|error| format!("inbox: {error}"))? {
        Inbox::Arrived { content, .. } => Ok(Some(content.to_vec())),
        Inbox::Empty => Ok(Some(content.to_vec())),
        Inbox::Refused => Err("something foreign lay in the inbox".to_owned()),
    }
}
