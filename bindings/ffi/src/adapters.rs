//! From the traits Kotlin and Swift implement to the host's ports: one thin wrapper each.

use std::sync::Arc;

use async_trait::async_trait;
use pforte_client::host::{self, Answer, Ask, GateAvailability, GateKind, Grant, Prompt, Secret};
use pforte_platform::{FolderFiles, NoPasskeys, SystemClock};

use crate::ports::{
    BackgroundTime, Clock, DeviceKey, GateKey, PasskeyProvider, Ports, Presenter, SecretStore, UserAgent,
};

impl Ports {
    /// The host these ports make, with the sealed files in `files`.
    pub(crate) fn into_host(self, files: FolderFiles) -> host::Host {
        host::Host {
            gate_key: Arc::new(Adapter(self.gate_key)),
            device_key: Arc::new(Adapter(self.device_key)),
            secret_store: Arc::new(Adapter(self.secret_store)),
            files: Arc::new(files),
            user_agent: Arc::new(Adapter(self.user_agent)),
            passkeys: match self.passkeys {
                Some(passkeys) => Arc::new(Adapter(passkeys)),
                None => Arc::new(NoPasskeys),
            },
            presenter: Arc::new(Adapter(self.presenter)),
            clock: match self.clock {
                Some(clock) => Arc::new(Adapter(clock)),
                None => Arc::new(SystemClock),
            },
            background_time: Arc::new(Adapter(self.background_time)),
        }
    }
}

/// A foreign port seen as the host's.
struct Adapter<P: ?Sized>(Arc<P>);

#[async_trait]
impl host::GateKey for Adapter<dyn GateKey> {
    async fn availability(&self) -> Result<GateAvailability, host::GateError> {
        Ok(self.0.availability().await?)
    }

    async fn create_key(&self, alias: String, kind: GateKind) -> Result<(), host::GateError> {
        Ok(self.0.create_key(alias, kind).await?)
    }

    async fn wrap_secret(
        &self,
        alias: String,
        secret: Secret,
        prompt: Prompt,
    ) -> Result<Vec<u8>, host::GateError> {
        Ok(self.0.wrap_secret(alias, secret.expose().to_vec(), prompt).await?)
    }

    async fn unwrap_secret(
        &self,
        alias: String,
        wrapped: Vec<u8>,
        prompt: Prompt,
    ) -> Result<Secret, host::GateError> {
        Ok(Secret::new(self.0.unwrap_secret(alias, wrapped, prompt).await?))
    }

    async fn delete_key(&self, alias: String) -> Result<(), host::GateError> {
        Ok(self.0.delete_key(alias).await?)
    }

    fn dismiss_prompt(&self) -> Result<(), host::GateError> {
        Ok(self.0.dismiss_prompt()?)
    }
}

impl host::DeviceKey for Adapter<dyn DeviceKey> {
    fn public_key(&self, alias: String) -> Result<Vec<u8>, host::DeviceKeyError> {
        Ok(self.0.public_key(alias)?)
    }

    fn sign_es256(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, host::DeviceKeyError> {
        Ok(self.0.sign_es256(alias, data)?)
    }

    fn delete_key(&self, alias: String) -> Result<(), host::DeviceKeyError> {
        Ok(self.0.delete_key(alias)?)
    }
}

impl host::SecretStore for Adapter<dyn SecretStore> {
    fn read(&self, name: String) -> Result<Option<Secret>, host::StoreError> {
        Ok(self.0.read(name)?.map(Secret::new))
    }

    fn write(&self, name: String, secret: Secret) -> Result<(), host::StoreError> {
        Ok(self.0.write(name, secret.expose().to_vec())?)
    }

    fn remove(&self, name: String) -> Result<(), host::StoreError> {
        Ok(self.0.remove(name)?)
    }
}

#[async_trait]
impl host::UserAgent for Adapter<dyn UserAgent> {
    async fn browse(&self, url: String, redirect_uri: String) -> Result<String, host::UserAgentError> {
        Ok(self.0.browse(url, redirect_uri).await?)
    }
}

#[async_trait]
impl host::PasskeyProvider for Adapter<dyn PasskeyProvider> {
    async fn register_passkey(&self, options_json: String) -> Result<String, host::PasskeyError> {
        Ok(self.0.register_passkey(options_json).await?)
    }

    async fn use_passkey(&self, options_json: String) -> Result<String, host::PasskeyError> {
        Ok(self.0.use_passkey(options_json).await?)
    }
}

#[async_trait]
impl host::Presenter for Adapter<dyn Presenter> {
    async fn present(&self, ask: Ask) -> Result<Answer, host::PresenterError> {
        Ok(self.0.present(ask).await?)
    }

    fn withdraw_ask(&self) -> Result<(), host::PresenterError> {
        Ok(self.0.withdraw_ask()?)
    }
}

impl host::BackgroundTime for Adapter<dyn BackgroundTime> {
    fn begin(&self, task: String) -> Result<Grant, host::BackgroundError> {
        Ok(self.0.begin(task)?)
    }

    fn finish(&self, grant: Grant) -> Result<(), host::BackgroundError> {
        Ok(self.0.finish(grant)?)
    }
}

/// The host's clock can't fail; where the adapter's does, the machine's own is read.
impl host::Clock for Adapter<dyn Clock> {
    fn wall_ms(&self) -> i64 {
        self.0.wall_ms().unwrap_or_else(|_| SystemClock.wall_ms())
    }

    fn elapsed_ms(&self) -> u64 {
        self.0.elapsed_ms().unwrap_or_else(|_| SystemClock.elapsed_ms())
    }

    fn boot_id(&self) -> String {
        self.0.boot_id().unwrap_or_else(|_| SystemClock.boot_id())
    }
}

#[cfg(test)]
mod tests {
    use pforte_client::host::{Clock as _, GateKey as _, SecretStore as _};

    use super::*;
    use crate::port_errors::{ClockError, GateError, StoreError};

    struct Broken;

    #[async_trait]
    impl GateKey for Broken {
        async fn availability(&self) -> Result<GateAvailability, GateError> {
            Err(GateError::NoHardware)
        }
        async fn create_key(&self, _: String, _: GateKind) -> Result<(), GateError> {
            Err(GateError::NotEnrolled)
        }
        async fn wrap_secret(&self, _: String, secret: Vec<u8>, _: Prompt) -> Result<Vec<u8>, GateError> {
            Ok(secret.into_iter().rev().collect())
        }
        async fn unwrap_secret(&self, _: String, wrapped: Vec<u8>, _: Prompt) -> Result<Vec<u8>, GateError> {
            Ok(wrapped.into_iter().rev().collect())
        }
        async fn delete_key(&self, _: String) -> Result<(), GateError> {
            Err(GateError::LockedOut)
        }
        fn dismiss_prompt(&self) -> Result<(), GateError> {
            Err(GateError::Cancelled)
        }
    }

    impl SecretStore for Broken {
        fn read(&self, name: String) -> Result<Option<Vec<u8>>, StoreError> {
            if name == "there" { Ok(Some(vec![1, 2])) } else { Ok(None) }
        }
        fn write(&self, _: String, secret: Vec<u8>) -> Result<(), StoreError> {
            if secret == [1, 2] { Ok(()) } else { Err(StoreError::Lost) }
        }
        fn remove(&self, _: String) -> Result<(), StoreError> {
            Err(StoreError::NotNow { reason: "locked".to_owned() })
        }
    }

    impl Clock for Broken {
        fn wall_ms(&self) -> Result<i64, ClockError> {
            Err(ClockError::Failed { reason: "stopped".to_owned() })
        }
        fn elapsed_ms(&self) -> Result<u64, ClockError> {
            Err(ClockError::Failed { reason: "stopped".to_owned() })
        }
        fn boot_id(&self) -> Result<String, ClockError> {
            Ok("boot".to_owned())
        }
    }

    #[tokio::test]
    async fn a_gate_key_passes_bytes_and_errors_on() {
        let gate_key = Adapter(Arc::new(Broken) as Arc<dyn GateKey>);
        let prompt = Prompt { title: String::new(), reason: String::new(), cancel: String::new() };
        let wrapped = gate_key.wrap_secret("main".to_owned(), Secret::new(vec![1, 2]), prompt.clone()).await;
        assert_eq!(wrapped, Ok(vec![2, 1]));
        let secret = gate_key.unwrap_secret("main".to_owned(), vec![2, 1], prompt).await.unwrap();
        assert_eq!(secret.expose(), [1, 2]);
        assert_eq!(gate_key.availability().await, Err(host::GateError::NoHardware));
        assert_eq!(
            gate_key.create_key(String::new(), GateKind::Biometric).await,
            Err(host::GateError::NotEnrolled)
        );
        assert_eq!(gate_key.delete_key(String::new()).await, Err(host::GateError::LockedOut));
        assert_eq!(gate_key.dismiss_prompt(), Err(host::GateError::Cancelled));
    }

    #[test]
    fn a_secret_store_tells_absent_from_unreadable() {
        let store = Adapter(Arc::new(Broken) as Arc<dyn SecretStore>);
        assert_eq!(store.read("there".to_owned()).unwrap().unwrap().expose(), [1, 2]);
        assert!(store.read("elsewhere".to_owned()).unwrap().is_none());
        assert_eq!(store.write(String::new(), Secret::new(vec![1, 2])), Ok(()));
        assert_eq!(store.write(String::new(), Secret::new(vec![])), Err(host::StoreError::Lost));
        assert_eq!(
            store.remove(String::new()),
            Err(host::StoreError::NotNow { reason: "locked".to_owned() })
        );
    }

    #[test]
    fn a_clock_that_fails_is_replaced_by_the_machines_own() {
        let clock = Adapter(Arc::new(Broken) as Arc<dyn Clock>);
        let own = SystemClock.wall_ms();
        assert!((own..own + 60_000).contains(&clock.wall_ms()));
        assert!(clock.elapsed_ms() >= SystemClock.elapsed_ms().saturating_sub(60_000));
        assert_eq!(clock.boot_id(), "boot");
    }
}
