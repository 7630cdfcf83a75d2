//! A few durations, and what is said of them.

use std::{fmt, time::Duration};

/// What was measured, in order of size.
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn of(durations: &[Duration]) -> Self {
        Self::sorted(durations.iter().map(Duration::as_secs_f64).collect())
    }

    /// How much longer `these` took than `those`, run by run: what slowed the machine down for a
    /// while slowed both.
    pub(crate) fn difference(these: &[Duration], those: &[Duration]) -> Self {
        let pairs = these.iter().zip(those);
        Self::sorted(pairs.map(|(a, b)| a.as_secs_f64() - b.as_secs_f64()).collect())
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
}

/// In seconds: the median, and from where to where.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.0[0], self.0[self.0.len() - 1]);
        write!(f, "{:.3} ({first:.3} to {last:.3})", self.median())
    }
}
