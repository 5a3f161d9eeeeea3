//! A JSON object whose members' values are kept as text, so that anything can be written into it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::misbehaviour::{Edit, Edits};

/// Members in the order in which they are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawObject(Vec<(String, String)>);

impl RawObject {
    /// Takes the members of `value`; nothing where it is no object.
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        Some(Self(members.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()))
    }

    /// Reads text; nothing where it holds no JSON object.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        Self::from_value(&serde_json::from_slice(text).ok()?)
    }

    pub(crate) fn set(&mut self, name: &str, text: String) {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, value)) => *value = text,
            None => self.0.push((name.to_owned(), text)),
        }
    }

    pub(crate) fn push_first(&mut self, name: &str, text: String) {
        self.0.insert(0, (name.to_owned(), text));
    }

    pub(crate) fn push_last(&mut self, name: &str, text: String) {
        self.0.push((name.to_owned(), text));
    }

    pub(crate) fn edit(&mut self, edits: &Edits) {
        for (name, edit) in edits {
            match edit {
                Edit::Set(value) => self.set(name, value.to_string()),
                Edit::Raw(text) => self.set(name, text.clone()),
                Edit::Remove => self.0.retain(|(other, _)| other != name),
            }
        }
    }

    pub(crate) fn to_text(&self) -> String {
        let members: Vec<String> =
            self.0.iter().map(|(name, text)| format!("{}:{text}", Value::from(name.as_str()))).collect();
        format!("{{{}}}", members.join(","))
    }

    /// The text in base64url, as it stands in a JWS (RFC 7515, section 3.1).
    pub(crate) fn to_base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.to_text())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn edits_write_what_json_values_can_not_hold() {
        let mut object = RawObject::from_value(&json!({"aud": "app", "exp": 1, "nonce": "n"})).unwrap();
        object.edit(&Edits::from([
            ("aud".to_owned(), Edit::Set(json!(["app", 5]))),
            ("exp".to_owned(), Edit::Raw("18446744073709551616".to_owned())),
            ("nonce".to_owned(), Edit::Remove),
            ("new".to_owned(), Edit::Set(json!("\u{7}"))),
        ]));
        assert_eq!(object.to_text(), r#"{"aud":["app",5],"exp":18446744073709551616,"new":"\u0007"}"#);
        assert!(RawObject::parse(b"[1]").is_none());
    }
}
