//! A process that does nothing but refresh is killed a thousand times, and answers are lost on the way.
//!
//! `PFORTE_KILLS` says how often, `PFORTE_SEED` repeats a plan. What it prints is its result.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "the table is the result")]

mod lane;
mod table;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lane::{Lane, Rule};
use table::Table;

/// How often in CI.
const KILLS: u64 = 1000;

/// Lanes of each rule: each has a provider, a folder and a child of its own.
const LANES: u64 = 2;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

#[test]
fn killed_processes_lose_no_session_that_the_provider_lets_us_keep() {
    let kills = number("PFORTE_KILLS").unwrap_or(KILLS);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = number("PFORTE_SEED").unwrap_or_else(|| u64::from(now.subsec_nanos()) ^ now.as_secs());
    println!("{kills} kills, seed {seed}");
    let started = Instant::now();
    let runtime = tokio::runtime::Runtime::new().unwrap();

    let lanes = Rule::ALL.len() as u64 * LANES;
    let table = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..lanes)
            .map(|number| {
                let rule = Rule::ALL[(number % Rule::ALL.len() as u64) as usize];
                let share = kills / lanes + u64::from(number < kills % lanes);
                let handle = runtime.handle().clone();
                scope.spawn(move || Lane::start(rule, handle, seed.wrapping_add(number)).run(share))
            })
            .collect();
        let mut table = Table::default();
        for thread in threads {
            table.add(thread.join().unwrap());
        }
        table
    });
    println!("{table}\n{:.0} s", started.elapsed().as_secs_f64());
    table.judge(kills);
}
