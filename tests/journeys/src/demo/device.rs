//! This computer in the place of a phone.

use std::path::Path;
use std::sync::Arc;

use pforte_host::{Host, Secret, SecretStore, UserAgent};
use pforte_platform::{
    FolderFiles, FolderSecrets, Keyring, KeyringStore, NoBackgroundLimits, NoPasskeys, SoftwareDeviceKey,
    SoftwareGateKey, SystemClock,
};

use crate::narrator::Narrator;
use crate::presenter::Visitor;

/// The name under which secrets lie in a keyring.
const SERVICE: &str = "pforte-demo";

/// The ports of the demo. Sealed files go below `folder`.
pub fn host(
    narrator: &Narrator,
    visitor: Visitor,
    user_agent: Arc<dyn UserAgent>,
    folder: &Path,
) -> Result<Host, String> {
    let secrets = secret_store(narrator, &folder.join("secrets"))?;
    let files = FolderFiles::open(folder.join("sealed")).map_err(|error| error.to_string())?;
    Ok(Host {
        gate_key: Arc::new(SoftwareGateKey::new(secrets.clone(), Arc::new(visitor))),
        device_key: Arc::new(SoftwareDeviceKey::new(secrets.clone())),
        secret_store: secrets,
        files: Arc::new(files),
        user_agent,
        passkeys: Arc::new(NoPasskeys),
        presenter: Arc::new(visitor),
        clock: Arc::new(SystemClock),
        background_time: Arc::new(NoBackgroundLimits::default()),
    })
}

/// This machine's keyring; where there is none, a folder of the demo's own.
fn secret_store(narrator: &Narrator, folder: &Path) -> Result<Arc<dyn SecretStore>, String> {
    for (name, keyring) in keyrings() {
        if let Some(store) = KeyringStore::open(SERVICE, keyring).ok().filter(works) {
            narrator.say(&format!("Small secrets go to this machine's keyring: {name}."));
            return Ok(Arc::new(store));
        }
    }
    narrator.say(
        "This machine has no keyring that answers. Small secrets go to a temporary folder of this demo instead, \
         which is NOT secure and is removed at the end.",
    );
    Ok(Arc::new(FolderSecrets::open(folder).map_err(|error| error.to_string())?))
}

fn works(store: &KeyringStore) -> bool {
    let name = || "probe".to_owned();
    store.write(name(), Secret::new(vec![1])).is_ok()
        && matches!(store.read(name()), Ok(Some(_)))
        && store.remove(name()).is_ok()
}

#[cfg(target_os = "linux")]
fn keyrings() -> Vec<(&'static str, Keyring)> {
    vec![("the Secret Service", Keyring::SecretService), ("the kernel's keyutils", Keyring::Keyutils)]
}

#[cfg(target_os = "macos")]
fn keyrings() -> Vec<(&'static str, Keyring)> {
    vec![("the Keychain", Keyring::Keychain)]
}

#[cfg(windows)]
fn keyrings() -> Vec<(&'static str, Keyring)> {
    vec![("the Credential Manager", Keyring::CredentialManager)]
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn keyrings() -> Vec<(&'static str, Keyring)> {
    Vec::new()
}
