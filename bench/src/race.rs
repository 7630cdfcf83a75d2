//! Measures several ways of doing the same work, in turn.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    Outcome,
    allocations::{self, Allocated},
};

/// One way of doing the work. Each run sets up what it needs, and runs the watch only during the
/// measured work.
pub(crate) struct Entrant<'a> {
    name: &'static str,
    run: Box<Run<'a>>,
}

type Run<'a> = dyn FnMut(&Watch) -> Outcome<()> + 'a;

impl<'a> Entrant<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut(&Watch) -> Outcome<()> + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }

    pub(crate) fn run(&mut self, watch: &Watch) -> Outcome<()> {
        (self.run)(watch)
    }
}

/// The measurements of an entrant, one for each run.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) seconds: Vec<f64>,
    /// The allocations of one more run, because counting them costs time.
    pub(crate) allocated: Allocated,
}

/// Lets each entrant do the work once in each of `runs` runs. Each run begins with another entrant,
/// so that a temporary disturbance of the machine affects all of them. Two runs before warm up, and
/// in one run after them allocations are counted.
pub(crate) fn race(mut entrants: Vec<Entrant<'_>>, runs: usize) -> Outcome<Vec<Measured>> {
    const WARM_UP: usize = 2;
    let watch = Watch::default();
    let mut times: Vec<Vec<f64>> = entrants.iter().map(|_| Vec::with_capacity(runs)).collect();
    let many = entrants.len();
    for run in 0..WARM_UP + runs {
        for index in (0..many).map(|n| (n + run) % many) {
            let (seconds, _) = watch.take(&mut entrants[index], false)?;
            if run >= WARM_UP {
                times[index].push(seconds);
            }
        }
    }
    let mut measured = Vec::new();
    for (mut entrant, seconds) in entrants.into_iter().zip(times) {
        let (_, allocated) = watch.take(&mut entrant, true)?;
        measured.push(Measured { name: entrant.name, seconds, allocated });
    }
    Ok(measured)
}

/// Measures the time between [`start`](Self::start) and the first [`stop`](Self::stop) after it, or
/// counts allocations instead.
#[derive(Debug, Default, Clone)]
pub(crate) struct Watch(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    counts: bool,
    repeats: u32,
    started: Option<Instant>,
    taken: Option<(Duration, Allocated)>,
}

impl Watch {
    pub(crate) fn start(&self) {
        self.start_repeated(1);
    }

    /// Starts for work that is repeated this many times until the stop. The time is that of one
    /// repetition.
    pub(crate) fn start_repeated(&self, repeats: u32) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.repeats = repeats;
        state.taken = None;
        if state.counts {
            allocations::begin();
        }
        state.started = Some(Instant::now());
    }

    pub(crate) fn stop(&self) {
        let now = Instant::now();
        let allocated = allocations::end();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = state.started.take() {
            state.taken = Some((now - started, allocated));
        }
    }

    /// Runs an entrant once. Returns the seconds, and the allocations if they are to be counted.
    fn take(&self, entrant: &mut Entrant<'_>, counts: bool) -> Outcome<(f64, Allocated)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).counts = counts;
        entrant.run(self).map_err(|error| format!("{}: {error}", entrant.name))?;
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let repeats = f64::from(state.repeats);
        let (time, allocated) =
            state.taken.take().ok_or_else(|| format!("{}: nothing was measured", entrant.name))?;
        Ok((time.as_secs_f64() / repeats, allocated))
    }
}
