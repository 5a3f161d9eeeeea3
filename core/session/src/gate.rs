//! The gate's own steps: they may wait for a finger, so they run beside the keeper.

use pforte_host::{GateError, GateKind, GateReadiness, Prompt, Secret};
use pforte_vault::{NewSlot, SlotInfo, SlotKind};

use crate::context::Context;

/// Makes the key and wraps the slot's secret under it.
///
/// Turning the gate on is one visible, accepted act on both platforms: where wrapping shows no prompt, the secret is
/// unwrapped once, before anything depends on it.
pub(crate) async fn wrap(context: &Context, slot: &NewSlot, prompt: Prompt) -> Result<Vec<u8>, GateError> {
    let gate_key = &context.host.gate_key;
    let (Some(alias), Some(secret)) = (slot.alias(), slot.secret()) else {
        return Err(GateError::Failed { reason: "this slot has no gate".to_owned() });
    };
    let available = gate_key.availability().await?;
    match available.biometric {
        GateReadiness::Ready => {}
        GateReadiness::NotEnrolled => return Err(GateError::NotEnrolled),
        GateReadiness::NoHardware => return Err(GateError::NoHardware),
        GateReadiness::NotNow => return Err(GateError::LockedOut),
    }
    gate_key.create_key(alias.clone(), GateKind::Biometric).await?;
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
        // Best effort: a key that wraps nothing harms nobody.
        drop(gate_key.delete_key(alias).await);
    }
    wrapped
}

/// Asks the gate for a slot's secret; a slot without a gate has none.
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
