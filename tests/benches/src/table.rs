//! What came out, as a table: median and quartiles, and the ratio of the two.

use crate::measure::{Figure, Spread};

pub struct Table(Vec<[String; 4]>);

impl Table {
    pub fn new(ours: &str) -> Self {
        Self(vec![["what", ours, "peer", "ratio"].map(str::to_owned)])
    }

    /// The first figure is ours; every other is a peer, in a line of its own.
    pub fn add(&mut self, what: &str, figures: &[Figure]) {
        let Some((ours, peers)) = figures.split_first() else { return };
        for peer in peers {
            let theirs = format!("{} {}", peer.name, time(peer.spread()));
            self.0.push([what.to_owned(), time(ours.spread()), theirs, ratio(ours.to(peer))]);
        }
        if peers.is_empty() {
            self.0.push([what.to_owned(), time(ours.spread()), String::new(), String::new()]);
        }
    }

    pub fn print(&self, title: &str) {
        println!("\n{title}\n");
        let width = |column: usize| self.0.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..4).map(width).collect();
        for (number, row) in self.0.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
            if number == 0 {
                let rules = widths.iter().map(|width| "-".repeat(width + 2));
                println!("|{}|", rules.collect::<Vec<_>>().join("|"));
            }
        }
    }
}

fn time(spread: Spread) -> String {
    let (unit, name) = match spread.median {
        median if median < 1e3 => (1.0, "ns"),
        median if median < 1e6 => (1e3, "us"),
        median if median < 1e9 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    let [low, median, high] = [spread.low, spread.median, spread.high].map(|value| digits(value / unit));
    format!("{median} {name} ({low} to {high})")
}

fn ratio(spread: Spread) -> String {
    let [low, median, high] = [spread.low, spread.median, spread.high].map(digits);
    format!("{median} ({low} to {high})")
}

/// Three digits that count.
fn digits(value: f64) -> String {
    match value {
        value if value >= 99.95 => format!("{value:.0}"),
        value if value >= 9.995 => format!("{value:.1}"),
        value if value >= 0.0995 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
