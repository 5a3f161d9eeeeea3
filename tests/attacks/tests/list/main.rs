//! The attack list, number by number. Each attack ends in a typed error that names its reason, in no request that
//! should not be made, and in nothing stored.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and the numbers that are covered are reported"
)]

mod answer_from_the_browser;
mod calls;
mod connection;
mod id_token_claims;
mod id_token_header;
mod metadata;
mod refresh;

use std::collections::BTreeSet;

/// Every test of the list.
const FILES: [&[&str]; 7] = [
    answer_from_the_browser::TESTS,
    calls::TESTS,
    connection::TESTS,
    id_token_claims::TESTS,
    id_token_header::TESTS,
    metadata::TESTS,
    refresh::TESTS,
];

/// The numbers of the list that are about signing in and the session.
fn list() -> BTreeSet<u32> {
    (1..=35).chain([37, 38, 43, 48]).collect()
}

#[test]
fn every_number_of_the_list_is_tried() {
    let number = |name: &str| name.strip_prefix("attack_")?.get(..2)?.parse::<u32>().ok();
    let mut tried = BTreeSet::new();
    let mut tests = 0;
    for &name in FILES.iter().copied().flatten() {
        tests += 1;
        tried.insert(number(name).unwrap_or_else(|| panic!("{name} has no number")));
    }
    println!("{tests} tests try these numbers of the attack list: {tried:?}");
    let missing: Vec<_> = list().difference(&tried).copied().collect();
    assert_eq!(missing, Vec::<u32>::new(), "nobody tries these");
}
