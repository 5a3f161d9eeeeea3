//! Looks for what must not be there.

/// Those of the needles that are in the hay, byte by byte, in the order they were given.
pub fn found<'a>(hay: &[u8], needles: &[&'a str]) -> Vec<&'a str> {
    let holds = |needle: &str| {
        !needle.is_empty() && hay.windows(needle.len()).any(|window| window == needle.as_bytes())
    };
    needles.iter().copied().filter(|needle| holds(needle)).collect()
}
