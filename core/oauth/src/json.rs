//! Strict JSON: no key twice, nesting bounded, types not bent.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A JSON object in which no key, at any depth, comes twice. `null` counts as absent.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Object(pub Map<String, Value>);

/// The bytes are not one JSON object, or a key comes twice, or it is nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The member is there and has another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mistyped;

impl Object {
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        match serde_json::from_slice::<Strict>(bytes) {
            Ok(Strict(Value::Object(map))) => Ok(Self(map)),
            _ => Err(Malformed),
        }
    }

    /// Whether the member is there at all, even as `null`.
    pub fn holds(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub fn text(&self, name: &str) -> Result<Option<&str>, Mistyped> {
        self.typed(name, Value::as_str)
    }

    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Mistyped> {
        self.typed(name, Value::as_bool)
    }

    /// An integer from 0 to 2^63 - 1. `1.0`, `1e3` and `"1"` are none.
    pub fn seconds(&self, name: &str) -> Result<Option<i64>, Mistyped> {
        self.typed(name, |value| value.as_i64().filter(|seconds| *seconds >= 0))
    }

    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Mistyped> {
        self.typed(name, |value| {
            value.as_array()?.iter().map(|entry| entry.as_str().map(str::to_owned)).collect()
        })
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Mistyped> {
        self.value(name).map(|value| read(value).ok_or(Mistyped)).transpose()
    }
}

/// A JSON value that was read with the rules above. The nesting limit is `serde_json`'s own, 128.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value without duplicate keys")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(value)) = seq.next_element()? {
            array.push(value);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a key comes twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_duplicate_key_is_refused_at_any_depth() {
        assert!(Object::parse(br#"{"a":1,"b":{"c":[{"d":1}]}}"#).is_ok());
        assert!(Object::parse(br#"{"a":1,"a":1}"#).is_err());
        assert!(Object::parse(br#"{"b":{"c":[{"d":1,"d":2}]}}"#).is_err());
        // The same key, written differently.
        assert!(Object::parse(br#"{"iss":1,"\u0069ss":2}"#).is_err());
    }

    #[test]
    fn deep_nesting_and_other_values_are_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Object::parse(deep.as_bytes()).is_err());
        for other in ["[]", "1", "", "{}{}", "{\"a\":1", "{\"a\":NaN}", "\u{feff}{}"] {
            assert!(Object::parse(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn integers_are_not_bent() {
        let object = Object::parse(
            br#"{"a":1,"b":1.0,"c":"1","d":-1,"e":18446744073709551616,"f":9223372036854775808,"g":null,"h":1e3}"#,
        )
        .unwrap();
        assert_eq!(object.seconds("a"), Ok(Some(1)));
        assert_eq!(object.seconds("g"), Ok(None));
        assert_eq!(object.seconds("none"), Ok(None));
        for mistyped in ["b", "c", "d", "e", "f", "h"] {
            assert_eq!(object.seconds(mistyped), Err(Mistyped), "{mistyped}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let looks_like_one = bytes.trim_ascii().first() == Some(&b'{');
            prop_assert!(looks_like_one || Object::parse(&bytes).is_err());
        }

        #[test]
        fn what_is_accepted_is_read_as_serde_json_reads_it(text in r#"[{}\[\]",:a-c0-9.e-]{0,60}"#) {
            if let Ok(object) = Object::parse(text.as_bytes()) {
                let other: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(Value::Object(object.0), other);
            }
        }
    }
}
