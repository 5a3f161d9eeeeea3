//! Everything that one running provider holds, shared by its requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::browser::Browser;
use crate::clock::Clock;
use crate::consent::Consents;
use crate::device::DeviceGrants;
use crate::endpoint::Endpoint;
use crate::keys::Keys;
use crate::misbehaviour::{Act, Misbehaviour, Times};
use crate::par::Pushed;
use crate::portal::PortalData;
use crate::proof::Proofs;
use crate::receivers::Received;
use crate::request_log::RequestLog;
use crate::sessions::Sessions;
use crate::settings::{Person, RegisteredClient, Settings};
use crate::vendor::VendorSteps;

#[derive(Debug)]
pub(crate) struct World {
    pub settings: Settings,
    pub issuer: String,
    pub keys: Keys,
    pub clock: Clock,
    state: Mutex<State>,
}

/// What changes. The lock is never held while anything is awaited.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub log: RequestLog,
    pub misbehaviours: Vec<Misbehaviour>,
    pub automatic: Option<String>,
    pub sessions: Sessions,
    pub browser: Browser,
    pub portal: PortalData,
    pub received: Received,
    pub consents: Consents,
    pub proofs: Proofs,
    pub pushed: Pushed,
    pub device_grants: DeviceGrants,
    pub vendor_steps: VendorSteps,
}

impl World {
    pub(crate) fn new(settings: Settings, issuer: String, keys: Keys) -> Self {
        let state = State { automatic: settings.automatic.clone(), ..State::default() };
        Self { settings, issuer, keys, clock: Clock::default(), state: Mutex::new(state) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The acts that are due now at an endpoint; each is counted down.
    pub(crate) fn take_acts(&self, endpoint: Endpoint) -> Vec<Act> {
        let mut due = Vec::new();
        self.state().misbehaviours.retain_mut(|misbehaviour| {
            if misbehaviour.on != endpoint {
                return true;
            }
            let Times::Count(left) = &mut misbehaviour.times else {
                due.push(misbehaviour.act.clone());
                return true;
            };
            if *left > 0 {
                due.push(misbehaviour.act.clone());
                *left -= 1;
            }
            *left > 0
        });
        due
    }

    pub(crate) fn client(&self, client_id: &str) -> Option<&RegisteredClient> {
        self.settings.clients.iter().find(|client| client.client_id == client_id)
    }

    pub(crate) fn person(&self, subject: &str) -> Option<&Person> {
        self.settings.people.iter().find(|person| person.subject == subject)
    }

    pub(crate) fn portal_audience(&self) -> String {
        self.settings.portal_audience.clone().unwrap_or_else(|| format!("{}/portal", self.issuer))
    }
}
