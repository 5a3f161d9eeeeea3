//! What this device's clock said, entry by entry: the floor under a clock that was set back.

/// For every place in this device's chain, the latest time from there to the end: kept as the entries that no later one
/// outdoes, so that adding one takes constant time on average.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnTimes(Vec<(u64, i64)>);

impl OwnTimes {
    pub fn push(&mut self, seq: u64, wall_ms: i64) {
        while self.0.last().is_some_and(|(_, earlier)| *earlier <= wall_ms) {
            self.0.pop();
        }
        self.0.push((seq, wall_ms));
    }

    /// The latest time of entry `seq` and those after it; 0 where there is none.
    pub fn latest_from(&self, seq: u64) -> i64 {
        let at = self.0.partition_point(|(place, _)| *place < seq);
        self.0.get(at).map_or(0, |(_, wall_ms)| *wall_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_largest_of_the_rest() {
        let walls = [5, 9, 2, 9, 1, 4, 3, 3, 0];
        let mut times = OwnTimes::default();
        for (seq, wall_ms) in (0..).zip(walls) {
            times.push(seq, wall_ms);
        }
        for from in 0..=walls.len() {
            let expected = walls.iter().skip(from).max().copied().unwrap_or(0);
            assert_eq!(times.latest_from(from as u64), expected, "from {from}");
        }
    }
}
