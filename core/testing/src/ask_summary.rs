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

#[cfg(test)]
mod tests {
    use pforte_host::{FieldKind, FieldQuestion, Notice, Route};

    use super::*;

    #[test]
    fn every_kind_has_its_word_and_what_it_is_about() {
        let empty = String::new;
        let notice = |purpose: &str| Notice {
            purpose: purpose.to_owned(),
            title: empty(),
            text: empty(),
            text_id: empty(),
            text_hash: empty(),
        };
        let route = |id: &str| Route { id: id.to_owned(), label: empty() };
        let field = FieldQuestion { name: "age".to_owned(), label: empty(), kind: FieldKind::OverAge };
        let level = "verified".to_owned();
        for (kind, line) in [
            (AskKind::Inform { notices: vec![notice("review.publish")] }, "inform review.publish"),
            (AskKind::Unlock { login_hint: Some("alice".to_owned()) }, "unlock"),
            (AskKind::SignIn { routes: vec![route("passkey"), route("page")] }, "sign-in passkey page"),
            (AskKind::StepUp { level, max_auth_age_seconds: Some(300) }, "step-up verified"),
            (AskKind::Profile { fields: vec![field] }, "profile age"),
            (AskKind::Consent { questions: Vec::new() }, "consent"),
            (AskKind::EnrolBiometrics, "enrol-biometrics"),
            (AskKind::EnrolPasskey, "enrol-passkey"),
        ] {
            assert_eq!(ask_summary(&kind), line);
        }
    }
}
