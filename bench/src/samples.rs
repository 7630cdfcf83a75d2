//! A few measurements, and their statistics.

use std::{fmt, time::Duration};

/// Measurements, sorted by size.
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn of(durations: &[Duration]) -> Self {
        Self::sorted(durations.iter().map(Duration::as_secs_f64).collect())
    }

    pub(crate) fn of_seconds(seconds: &[f64]) -> Self {
        Self::sorted(seconds.to_vec())
    }

    /// Returns how much longer `these` took than `those`, run by run, because a temporary
    /// disturbance of the machine slows down both.
    pub(crate) fn difference(these: &[Duration], those: &[Duration]) -> Self {
        let pairs = these.iter().zip(those);
        Self::sorted(pairs.map(|(a, b)| a.as_secs_f64() - b.as_secs_f64()).collect())
    }

    /// Returns how many times as long `these` took as `those`, run by run.
    pub(crate) fn ratio(these: &[f64], those: &[f64]) -> Self {
        Self::sorted(these.iter().zip(those).map(|(a, b)| a / b).collect())
    }

    fn sorted(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.len() % 2 {
            0 => f64::midpoint(self.0[middle - 1], self.0[middle]),
            _ => self.0[middle],
        }
    }

    /// Returns the two values that enclose the middle half, or somewhat more of a few values.
    pub(crate) fn quartiles(&self) -> (f64, f64) {
        let last = self.0.len() - 1;
        (self.0[last / 4], self.0[last - last / 4])
    }
}

/// Shows the median and the quartiles, in seconds.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.0[0], self.0[self.0.len() - 1]);
        write!(f, "{:.3} ({first:.3} to {last:.3})", self.median())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quartiles_enclose_at_least_the_middle_half() {
        let quartiles = |many: u32| {
            let seconds: Vec<f64> = (0..many).map(f64::from).collect();
            Samples::of_seconds(&seconds).quartiles()
        };
        assert_eq!(quartiles(1), (0.0, 0.0));
        assert_eq!(quartiles(3), (0.0, 2.0));
        assert_eq!(quartiles(9), (2.0, 6.0));
    }
}
