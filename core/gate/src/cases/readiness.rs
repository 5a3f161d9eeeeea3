//! How the device's readiness is written; `host` knows no JSON.

use pforte_host::GateReadiness;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

const WORDS: [(&str, GateReadiness); 4] = [
    ("ready", GateReadiness::Ready),
    ("not-enrolled", GateReadiness::NotEnrolled),
    ("no-hardware", GateReadiness::NoHardware),
    ("not-now", GateReadiness::NotNow),
];

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(crate) fn serialize<S: Serializer>(readiness: &GateReadiness, serializer: S) -> Result<S::Ok, S::Error> {
    let word = WORDS.iter().find(|(_, known)| known == readiness).map_or("no-hardware", |(word, _)| word);
    serializer.serialize_str(word)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<GateReadiness, D::Error> {
    let word = String::deserialize(deserializer)?;
    let known = WORDS.iter().find(|(known, _)| *known == word);
    known
        .map(|(_, readiness)| *readiness)
        .ok_or_else(|| D::Error::custom(format!("no readiness is called {word:?}")))
}
