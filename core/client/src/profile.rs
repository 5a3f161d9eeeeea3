//! Details the person gives, checked before they are kept.

use pforte_gate::{FieldSource, Policy};
use pforte_host::{FieldKind, FieldValue};
use pforte_session::ProfileField;

/// The longest value that is kept, in characters.
const LONGEST: usize = 200;

/// The value as it is kept; nothing where it does not fit the field, so that it is asked for again.
pub(crate) fn accept(policy: &Policy, given: FieldValue) -> Option<ProfileField> {
    let field = policy.field(&given.name).filter(|field| field.source == FieldSource::Person)?;
    let value = given.value.trim();
    let plain = !value.is_empty() && value.chars().count() <= LONGEST && !value.chars().any(char::is_control);
    let fits = plain
        && match field.kind {
            FieldKind::Text => true,
            FieldKind::Email => is_address(value),
            FieldKind::OverAge => value == "over" || value == "under",
            FieldKind::Country => value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase()),
        };
    fits.then(|| ProfileField { name: given.name, value: value.to_owned(), source: "self".to_owned() })
}

/// Something on both sides of one `@`, and no space: the mail server judges the rest.
fn is_address(value: &str) -> bool {
    let mut parts = value.split('@');
    let (name, host, more) = (parts.next(), parts.next(), parts.next());
    let there = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
    there(name) && there(host) && more.is_none() && !value.chars().any(char::is_whitespace)
}
