//! Decides when a value is loaded before its lifetime is over, by chance.
//!
//! This is XFetch (Vattani, Chierichetti and Lowenstein, 2015): each call draws how much earlier than
//! at its end a value counts as due: `-delta * beta * ln u`, with `u` evenly distributed between 0
//! and 1, and `delta` the time that a load takes. So a value that is asked for often is loaded
//! before it is missed, and callers seldom meet. The server makes sure that one of them wins.

use std::{cell::Cell, collections::HashMap, time::Duration};

use parking_lot::Mutex;

use crate::random;

/// How long the loaders of each dictionary take.
#[derive(Debug, Default)]
pub(crate) struct LoadTimes(Mutex<HashMap<String, f64>>);

/// The weight of a new load in the moving average.
const WEIGHT: f64 = 0.25;

impl LoadTimes {
    /// Records that a load took this long.
    pub(super) fn record(&self, dict: &str, took: Duration) {
        let took = took.as_secs_f64();
        let mut times = self.0.lock();
        match times.get_mut(dict) {
            Some(average) => *average += WEIGHT * (took - *average),
            None => {
                times.insert(dict.to_owned(), took);
            }
        }
    }

    /// Returns how long a load takes on average, in seconds, or 0 if there was none yet.
    fn average(&self, dict: &str) -> f64 {
        self.0.lock().get(dict).copied().unwrap_or_default()
    }

    /// Draws how much earlier than at its end a value of the dictionary counts as due.
    pub(super) fn early(&self, dict: &str, beta: Option<f64>) -> Duration {
        let Some(beta) = beta else { return Duration::ZERO };
        early(self.average(dict), beta, fraction(next()))
    }
}

fn early(delta: f64, beta: f64, u: f64) -> Duration {
    let seconds = -delta * beta * u.ln();
    // Larger than any lifetime, or no number.
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// Converts random bits into a number above 0, of at most 1.
fn fraction(bits: u64) -> f64 {
    ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// Returns the next random number of this thread. Chance decides here, and nothing secret, so the
/// system is asked only once for each thread.
fn next() -> u64 {
    thread_local! { static STATE: Cell<u64> = Cell::new(random::bits()); }
    STATE.with(|state| {
        // SplitMix64.
        let seed = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(seed);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// Returns a random part of a pause, from half to all of it.
pub(super) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fraction(next()) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_due_earlier_the_longer_its_load_takes_and_the_eagerer_its_dictionary_is() {
        let half = std::f64::consts::LN_2;
        assert_eq!(early(0.2, 1.0, 1.0), Duration::ZERO);
        assert!((early(0.2, 1.0, 0.5).as_secs_f64() - 0.2 * half).abs() < 1e-9);
        assert!((early(0.4, 3.0, 0.5).as_secs_f64() - 1.2 * half).abs() < 1e-9);
        assert_eq!(early(0.0, 1.0, 0.5), Duration::ZERO);
        assert_eq!(early(f64::MAX, f64::MAX, 0.5), Duration::MAX);
        assert_eq!(early(1.0, f64::NAN, 0.5), Duration::MAX);
    }

    #[test]
    fn the_time_of_a_load_is_a_moving_average() {
        let times = LoadTimes::default();
        assert_eq!(times.early("d", Some(1.0)), Duration::ZERO, "nothing is known yet");
        times.record("d", Duration::from_secs(4));
        assert!((times.average("d") - 4.0).abs() < 1e-9);
        times.record("d", Duration::from_secs(8));
        assert!((times.average("d") - 5.0).abs() < 1e-9);
        assert_eq!(times.early("d", None), Duration::ZERO);
    }

    #[test]
    fn chance_is_evenly_distributed() {
        let drawn: Vec<f64> = (0..10_000).map(|_| fraction(next())).collect();
        assert!(drawn.iter().all(|u| *u > 0.0 && *u <= 1.0));
        let below = drawn.iter().filter(|u| **u < 0.25).count();
        assert!((2_000..3_000).contains(&below), "{below}");
        assert_eq!((fraction(0), fraction(u64::MAX)), (1.0 / (1_u64 << 53) as f64, 1.0));
    }
}
