//! Names, and the one that was probably meant.

/// The candidate most like `word`, if any is alike enough: at most one letter in three differs.
pub(crate) fn similar<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    // Longer names are certainly wrong, and comparing is quadratic.
    if word.len() > 100 {
        return None;
    }
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 100)
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ` (did you mean NAME?)`, or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    similar(word, candidates).map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}

/// How many letters must be put in, taken out, changed or swapped with their neighbour to turn one into the other.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    let at = |rows: &[Vec<usize>], i: usize, j: usize| {
        rows.get(i).and_then(|row| row.get(j)).copied().unwrap_or(200)
    };
    for (i, x) in a.iter().enumerate() {
        rows.push(vec![i + 1]);
        for (j, y) in b.iter().enumerate() {
            let changed = at(&rows, i, j) + usize::from(x != y);
            let put_in_or_taken_out = (at(&rows, i, j + 1) + 1).min(at(&rows, i + 1, j) + 1);
            let before = |letters: &[char], k: usize| k.checked_sub(1).and_then(|k| letters.get(k)).copied();
            let swapped = if before(&a, i) == Some(*y) && before(&b, j) == Some(*x) {
                at(&rows, i - 1, j - 1) + 1
            } else {
                usize::MAX
            };
            let least = changed.min(put_in_or_taken_out).min(swapped);
            rows.last_mut().into_iter().for_each(|row| row.push(least));
        }
    }
    at(&rows, a.len(), b.len())
}

/// Whether it can name something in a policy: lower-case letters, digits, `.`, `-`, `_` and `:`.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_:".contains(c))
}

/// Splits `id@revision`; the revision is a number from 1.
pub(crate) fn text_id_parts(text_id: &str) -> Option<(&str, u32)> {
    let (id, revision) = text_id.split_once('@')?;
    let number = revision.parse().ok()?;
    let canonical = revision.bytes().all(|b| b.is_ascii_digit()) && !revision.starts_with('0');
    (is_name(id) && canonical).then_some((id, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
        assert_eq!(distance("page", "pgae"), 1);
    }

    #[test]
    fn what_is_meant_is_named_and_what_is_far_off_is_not() {
        let names = ["display_name", "billing_country", "age"];
        assert_eq!(similar("displayname", names), Some("display_name"));
        assert_eq!(similar("Age", names), Some("age"));
        assert_eq!(similar("shoe_size", names), None);
    }

    #[test]
    fn a_text_id_has_a_name_and_a_revision() {
        assert_eq!(text_id_parts("profile.store@4"), Some(("profile.store", 4)));
        for wrong in
            ["analytics", "analytics@", "analytics@0", "analytics@02", "analytics@+2", "@1", "A@1", "a@1@2"]
        {
            assert_eq!(text_id_parts(wrong), None, "{wrong}");
        }
    }
}
