//! The gate's own steps: they may wait for a finger, so they run beside the keeper.

use std::time::Duration;

use pforte_host::{GateError, GateKind, GateReadiness, Prompt, Secret};
use pforte_vault::{NewSlot, SlotInfo, SlotKind};

use crate::context::Context;
use crate::random;

/// How often a key is made that the platform did not want to make, before anybody is prompted.
const MOST_CREATIONS: u32 = 3;

/// Makes the key and wraps the slot's secret under it.
///
/// Turning the gate on is one visible, accepted act on both platforms: where wrapping shows no prompt, the secret is
/// unwrapped once, before anything depends on it.
pub(crate) async fn wrap(
    context: &Context,
    slot: &NewSlot,
    kind: GateKind,
    prompt: Prompt,
) -> Result<Vec<u8>, GateError> {
    let gate_key = &context.host.gate_key;
    let (Some(alias), Some(secret)) = (slot.alias(), slot.secret()) else {
        return Err(GateError::Failed { reason: "this slot has no gate".to_owned() });
    };
    let available = gate_key.availability().await?;
    match (kind, available.biometric) {
        (GateKind::DeviceCredential, _) if available.device_credential => {}
        (GateKind::DeviceCredential, _) => {
            return Err(GateError::Failed { reason: "this device offers no key behind its PIN".to_owned() });
        }
        (GateKind::Biometric, GateReadiness::Ready) => {}
        (GateKind::Biometric, GateReadiness::NotEnrolled) => return Err(GateError::NotEnrolled),
        (GateKind::Biometric, GateReadiness::NoHardware) => return Err(GateError::NoHardware),
        (GateKind::Biometric, GateReadiness::NotNow) => return Err(GateError::LockedOut),
    }
    create(context, &alias, kind).await?;
    let wrapped = gate_key.wrap_secret(alias.clone(), secret.clone(), prompt.clone()).await;
    let wrapped = match wrapped {
        Ok(wrapped) if available.wrap_prompts => Ok(wrapped),
        Ok(wrapped) => match gate_key.unwrap_secret(alias.clone(), wrapped.clone(), prompt).await {
            Ok(back) if back.expose() == secret.expose() => Ok(wrapped),
            Ok(_) => {
                Err(GateError::Failed { reason: "the key gave back other bytes than it wrapped".to_owned() })
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    if wrapped.is_err() {
        forget(context, vec![alias]).await;
    }
    wrapped
}

/// Making a key prompts nobody, and is the one step that is tried again: a key that needs a person for each use can't be.
async fn create(context: &Context, alias: &str, kind: GateKind) -> Result<(), GateError> {
    let mut tried = 1;
    loop {
        match context.host.gate_key.create_key(alias.to_owned(), kind).await {
            Err(GateError::Failed { .. } | GateError::NotNow { .. }) if tried < MOST_CREATIONS => {
                let jitter = random::bytes::<1>().map_or(0, |[byte]| u64::from(byte));
                tokio::time::sleep(Duration::from_millis(u64::from(tried) * 50 + jitter)).await;
                tried += 1;
            }
            made => return made,
        }
    }
}

/// Asks the gate for a slot's secret; a slot without a gate has none. Nothing is tried twice: each try takes a person.
pub(crate) async fn unwrap(
    context: &Context,
    slot: &SlotInfo,
    prompt: Prompt,
) -> Result<Option<Secret>, GateError> {
    match (slot.kind, &slot.alias, &slot.wrapped) {
        (SlotKind::DeviceOnly, ..) => Ok(None),
        (_, Some(alias), Some(wrapped)) => {
            context.host.gate_key.unwrap_secret(alias.clone(), wrapped.clone(), prompt).await.map(Some)
        }
        _ => Err(GateError::Failed { reason: "the slot names no key".to_owned() }),
    }
}

/// The same for whichever way in can be used: finger or face first, then the device's own credential where the person
/// added it, because it outlives a new enrolment and opens when the sensor is locked out.
pub(crate) async fn unwrap_any(
    context: &Context,
    slots: &[SlotInfo],
    prompt: Prompt,
) -> (String, Result<Option<Secret>, GateError>) {
    let mut ways = slots.to_vec();
    ways.sort_by_key(|slot| slot.kind == SlotKind::DeviceCredential);
    let count = ways.len();
    for (n, slot) in ways.into_iter().enumerate() {
        let unusable = match unwrap(context, &slot, prompt.clone()).await {
            Err(error) => match error {
                GateError::KeyLost
                | GateError::LockedOut
                | GateError::NotEnrolled
                | GateError::NoHardware => error,
                other => return (slot.id, Err(other)),
            },
            opened => return (slot.id, opened),
        };
        if n + 1 == count {
            return (slot.id, Err(unusable));
        }
    }
    (String::new(), Err(GateError::Failed { reason: "the session has no way in".to_owned() }))
}

/// Deletes keys that wrap nothing any more. Best effort: one that stays harms nobody.
pub(crate) async fn forget(context: &Context, aliases: Vec<String>) {
    for alias in aliases {
        drop(context.host.gate_key.delete_key(alias).await);
    }
}
