//! A touchpoint in words.

use crate::names::similar;
use crate::{BiometricsOffer, FieldSource, GateRequirement, Policy, StepKind, Touchpoint};

/// The touchpoint is not in the policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy has no touchpoint {touchpoint}{}", did_you_mean.as_ref().map(|name| format!(" (did you mean {name}?)")).unwrap_or_default())]
pub struct UnknownTouchpoint {
    /// The name that was asked for.
    pub touchpoint: String,
    /// The policy's name that looks most like it.
    pub did_you_mean: Option<String>,
}

/// What a touchpoint asks for, in which order and why, for people who do not write code.
///
/// The frame is in English; what a person will read stands in quotes, in `locale`.
///
/// # Errors
///
/// [`UnknownTouchpoint`], with the name that was probably meant.
pub fn explain(policy: &Policy, touchpoint: &str, locale: &str) -> Result<String, UnknownTouchpoint> {
    let Some(found) = policy.touchpoint(touchpoint) else {
        let did_you_mean = similar(touchpoint, policy.touchpoints().iter().map(|known| known.id.as_str()));
        let did_you_mean = did_you_mean.map(str::to_owned);
        return Err(UnknownTouchpoint { touchpoint: touchpoint.to_owned(), did_you_mean });
    };
    let mut lines = vec![heading(policy, found, locale)];
    let steps: Vec<String> =
        policy.ask_order().iter().filter_map(|kind| step(policy, found, *kind, locale)).collect();
    if steps.is_empty() {
        lines.push("Nothing is asked; it always goes ahead.".to_owned());
    } else {
        lines.push("In this order, each only where it is missing:".to_owned());
        lines.extend(steps.iter().enumerate().map(|(n, step)| format!("{}. {step}", n + 1)));
    }
    Ok(lines.join("\n") + "\n")
}

fn heading(policy: &Policy, touchpoint: &Touchpoint, locale: &str) -> String {
    let name = policy.words("touchpoint", &touchpoint.id, locale);
    let level = policy.words("level", &touchpoint.level, locale);
    format!("{} (“{name}”) needs the level {} (“{level}”).", touchpoint.id, touchpoint.level)
}

/// What one kind of ask does at a touchpoint, if it can come at all.
fn step(policy: &Policy, touchpoint: &Touchpoint, kind: StepKind, locale: &str) -> Option<String> {
    let above_lowest = policy.level_rank(&touchpoint.level) > Some(0);
    match kind {
        StepKind::Inform => {
            let told = titles(policy, &touchpoint.inform, locale);
            (!told.is_empty()).then(|| format!("Tell the person about {told}."))
        }
        StepKind::Unlock => unlock(touchpoint, above_lowest),
        StepKind::SignIn => above_lowest
            .then(|| format!("Sign in, by the first of {} that works.", policy.routes().join(", "))),
        StepKind::StepUp => step_up(policy, touchpoint),
        StepKind::EnrolBiometrics => enrol_biometrics(policy, touchpoint, above_lowest),
        StepKind::Profile => {
            let fields = labels(policy, touchpoint, FieldSource::Person, locale);
            (!fields.is_empty()).then(|| format!("Ask for {fields}."))
        }
        StepKind::Consent => consent(policy, touchpoint, locale),
        StepKind::EnrolPasskey => {
            touchpoint.offer_passkey.then(|| "Offer to make a passkey; declining passes.".to_owned())
        }
    }
}

fn unlock(touchpoint: &Touchpoint, above_lowest: bool) -> Option<String> {
    let always = above_lowest.then(|| "Unlock, if the session is locked.".to_owned())?;
    Some(match touchpoint.unlock {
        None => always,
        Some(rule) => {
            let otherwise = if rule.or_step_up {
                "without finger or face set up, sign in again"
            } else {
                "without finger or face set up, it stops"
            };
            format!("Unlock, if that was more than {} ago; {otherwise}.", duration(rule.within_s))
        }
    })
}

fn step_up(policy: &Policy, touchpoint: &Touchpoint) -> Option<String> {
    let mut reasons = Vec::new();
    if policy.level_rank(&touchpoint.level) > Some(1) {
        reasons.push(format!("the level is below {}", touchpoint.level));
    }
    if let Some(age_s) = touchpoint.max_auth_age_s {
        reasons.push(format!("the sign-in is older than {}", duration(age_s)));
    }
    let withheld = touchpoint
        .profile
        .iter()
        .filter(|name| policy.field(name).is_some_and(|field| field.source == FieldSource::Provider));
    reasons.extend(withheld.map(|name| format!("the provider has not told {name}")));
    (!reasons.is_empty()).then(|| format!("Sign in again, if {}.", reasons.join(", or ")))
}

fn enrol_biometrics(policy: &Policy, touchpoint: &Touchpoint, above_lowest: bool) -> Option<String> {
    if !above_lowest {
        return None;
    }
    if policy.lock().gate == GateRequirement::Required {
        return Some(
            "Put the session behind finger or face, where the device can; declining stops.".to_owned(),
        );
    }
    let offered = match policy.biometrics().offer {
        BiometricsOffer::Never => false,
        BiometricsOffer::AfterFirstSignIn => true,
        BiometricsOffer::WhereAsked => touchpoint.offer_biometrics,
    };
    offered.then(|| "Offer to put the session behind finger or face; declining passes.".to_owned())
}

fn consent(policy: &Policy, touchpoint: &Touchpoint, locale: &str) -> Option<String> {
    let required = titles(policy, &policy.with_all_they_require(&touchpoint.require), locale);
    let offered = titles(policy, &touchpoint.offer, locale);
    let mut parts = Vec::new();
    if !required.is_empty() {
        parts.push(format!("Ask for consent to {required}; refusing stops."));
    }
    if !offered.is_empty() {
        parts.push(format!("Ask for consent to {offered}; refusing passes."));
    }
    if let (Some(age), false) = (policy.consent_from_age(), parts.is_empty()) {
        parts.push(format!("Nobody known to be under {age} is asked."));
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn titles(policy: &Policy, purposes: &[String], locale: &str) -> String {
    let title = |id: &String| {
        let text = policy.purpose(id).and_then(|purpose| policy.text(&purpose.text_id, locale));
        text.map_or_else(|| id.clone(), |text| format!("{id} (“{}”)", text.title))
    };
    purposes.iter().map(title).collect::<Vec<_>>().join(", ")
}

fn labels(policy: &Policy, touchpoint: &Touchpoint, source: FieldSource, locale: &str) -> String {
    let from_source = |name: &&String| policy.field(name).is_some_and(|field| field.source == source);
    let label = |name: &String| format!("{name} (“{}”)", policy.field_label(name, locale));
    touchpoint.profile.iter().filter(from_source).map(label).collect::<Vec<_>>().join(", ")
}

fn duration(seconds: u64) -> String {
    let (count, unit) = match seconds {
        s if s % 3600 == 0 => (s / 3600, "hour"),
        s if s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
