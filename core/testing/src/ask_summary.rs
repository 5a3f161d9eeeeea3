//! An ask in one line.

use pforte_host::AskKind;

/// The ask's kind in the policy's word, then what it is about: `consent profile.store crm.link`.
pub fn ask_summary(kind: &AskKind) -> String {
    let (word, about): (&str, Vec<&str>) = match kind {
        AskKind::Inform { notices } => {
            ("inform", notices.iter().map(|notice| notice.purpose.as_str()).collect())
        }
        AskKind::Unlock { .. } => ("unlock", Vec::new()),
        AskKind::SignIn { routes } => ("sign-in", routes.iter().map(|route| route.id.as_str()).collect()),
        AskKind::StepUp { level, .. } => ("step-up", vec![level]),
        AskKind::Profile { fields } => ("profile", fields.iter().map(|field| field.name.as_str()).collect()),
        AskKind::Consent { questions } => {
            ("consent", questions.iter().map(|question| question.purpose.as_str()).collect())
        }
        AskKind::EnrolBiometrics => ("enrol-biometrics", Vec::new()),
        AskKind::EnrolPasskey => ("enrol-passkey", Vec::new()),
    };
    [vec![word], about].concat().join(" ")
}
