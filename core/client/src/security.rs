//! How the session is kept and what opens it: for the app's security screen.

use std::sync::Arc;

use pforte_gate::PromptUse;
use pforte_host::{GateAvailability, Prompt};
use pforte_session::Kept;

use crate::{Client, Error};

/// The gate before the session, turned on and off by the person.
///
/// What changes the gate prompts, because the person agrees to it with the key it concerns. Refused or broken off, the gate
/// is as it was.
#[derive(Debug, Clone)]
pub struct Security {
    client: Arc<Client>,
}

/// What a security screen shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityView {
    /// How the session is kept on this device.
    pub kept: Kept,
    /// Whether it is kept without a gate only because nobody's finger or face was enrolled: once somebody's is, offer to
    /// turn the gate on.
    pub awaits_enrolment: bool,
    /// What the device offers as a gate, now.
    pub gate: GateAvailability,
}

impl Security {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    /// How the session is kept, and what the device offers. Prompts nobody.
    pub async fn view(&self) -> Result<SecurityView, Error> {
        let view = self.client.session.view();
        let gate = self.client.session.gate_availability().await?;
        Ok(SecurityView { kept: view.kept, awaits_enrolment: view.awaits_enrolment, gate })
    }

    /// Puts the open session behind finger or face. What could open it before opens nothing any more.
    pub async fn turn_gate_on(&self) -> Result<(), Error> {
        Ok(self.client.session.seal_behind_gate(self.prompt(PromptUse::Enrol)).await?)
    }

    /// Takes the gate away from the open session, after the person has opened it once more.
    ///
    /// Errors: [`Error::FixConfiguration`] where the policy requires the gate; do not offer it there.
    pub async fn turn_gate_off(&self) -> Result<(), Error> {
        if self.client.policy.lock().gate == pforte_gate::GateRequirement::Required {
            return Err(Error::FixConfiguration {
                hint: "The policy requires the gate (`gate = \"required\"` in [lock]); do not offer to turn it off."
                    .to_owned(),
            });
        }
        Ok(self.client.session.turn_gate_off(self.prompt(PromptUse::Unlock)).await?)
    }

    /// Puts another key in the place of the one behind finger or face, as after a new finger was enrolled and the device's
    /// credential opened the session.
    pub async fn renew_gate_key(&self) -> Result<(), Error> {
        Ok(self.client.session.renew_gate_key(self.prompt(PromptUse::Enrol)).await?)
    }

    /// Lets the device's own PIN, pattern or password open the session, too. It survives a new enrolment, and opens where
    /// the sensor is locked out.
    pub async fn add_device_credential(&self) -> Result<(), Error> {
        Ok(self.client.session.add_device_credential(self.prompt(PromptUse::Enrol)).await?)
    }

    /// Takes that away again; prompts nobody.
    pub async fn remove_device_credential(&self) -> Result<(), Error> {
        Ok(self.client.session.remove_device_credential().await?)
    }

    /// Whether this device shows whose session it is while it is locked, and fills that in when the person has to sign in
    /// again. Off until the person chooses it; signing out forgets it.
    pub async fn remember_person(&self, remembers: bool) -> Result<(), Error> {
        Ok(self.client.session.remember_person(remembers).await?)
    }

    fn prompt(&self, for_use: PromptUse) -> Prompt {
        self.client.policy.prompt(for_use, &self.client.config.locale)
    }
}
