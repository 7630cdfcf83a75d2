//! Runs a server's share of a batch on a thread of its own, and leaves it there at the deadline. The
//! `memcache` crate waits as long as some byte comes in each timeout, and cannot be interrupted.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Instant,
};

use crate::store::{
    deadline::Deadline,
    operation::{Reason, StoreError},
    queue::lock,
};

/// How far a share has come.
#[derive(Debug, Default)]
pub(super) struct Steps(Mutex<Begun>);

#[derive(Debug, Default)]
struct Begun {
    operations: usize,
    /// Whether the caller has gone. Nothing more is begun then.
    is_left: bool,
}

impl Steps {
    /// Returns whether the next operation may begin.
    pub(super) fn begin(&self) -> bool {
        let mut begun = lock(&self.0);
        begun.operations += usize::from(!begun.is_left);
        !begun.is_left
    }

    /// Returns how many operations have begun. No more will.
    fn leave(&self) -> usize {
        let mut begun = lock(&self.0);
        begun.is_left = true;
        begun.operations
    }
}

/// Whether an operation without an outcome was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    Begun,
    Unbegun,
}

/// The shares of a batch, each on its thread. `O` is the outcome of an operation.
pub(super) struct Shares<O> {
    call: Deadline,
    running: Vec<Share>,
    tell: Sender<(usize, usize, O)>,
    told: Receiver<(usize, usize, O)>,
}

struct Share {
    server: String,
    /// The operations, by their places in the batch.
    places: Vec<usize>,
    settled: Vec<bool>,
    steps: Arc<Steps>,
}

impl<O: Send + 'static> Shares<O> {
    pub(super) fn of(call: Deadline) -> Self {
        let (tell, told) = channel();
        Self { call, running: Vec::new(), tell, told }
    }

    /// Starts a share: `run` reports the outcome of each operation by its place in the share.
    pub(super) fn start(
        &mut self,
        server: &str,
        places: Vec<usize>,
        run: impl FnOnce(&Steps, &mut dyn FnMut(usize, O)) + Send + 'static,
    ) {
        let (number, tell) = (self.running.len(), self.tell.clone());
        let steps = Arc::<Steps>::default();
        let seen = Arc::clone(&steps);
        // The receiver is gone after the deadline.
        let work =
            move || run(&seen, &mut |place, outcome| drop(tell.send((number, place, outcome))));
        // Without a thread the share has no outcome, as if it had failed at once.
        let _ = thread::Builder::new().name("memdict-classic".to_owned()).spawn(work);
        let settled = vec![false; places.len()];
        self.running.push(Share { server: server.to_owned(), places, settled, steps });
    }

    /// Passes the outcomes on, until the deadline. `missed` makes those of the operations that have
    /// none then.
    pub(super) fn finish(
        self,
        mut out: impl FnMut(usize, O),
        missed: impl Fn(Reached, StoreError) -> O,
    ) {
        let Self { call, mut running, tell, told } = self;
        drop(tell);
        let mut pass = |running: &mut [Share], (number, place, outcome): (usize, usize, O)| {
            let share: &mut Share = &mut running[number];
            share.settled[place] = true;
            out(share.places[place], outcome);
        };
        // Ends without a time-out when all threads have ended.
        while let Ok(outcome) =
            told.recv_timeout(call.ends.saturating_duration_since(Instant::now()))
        {
            pass(&mut running, outcome);
        }
        let is_over = call.is_over();
        let begun: Vec<_> = running.iter().map(|share| share.steps.leave()).collect();
        told.try_iter().for_each(|outcome| pass(&mut running, outcome));
        for (share, begun) in running.iter().zip(begun) {
            let why = match is_over {
                true => call.missed(),
                false => "was not used: the thread for it could not start, or failed".to_owned(),
            };
            let why = Reason::new(format!("memcached {} {why}", share.server));
            let why = StoreError::Down(why.at(&*share.server));
            for place in (0..share.places.len()).filter(|&place| !share.settled[place]) {
                let reached = if place < begun { Reached::Begun } else { Reached::Unbegun };
                out(share.places[place], missed(reached, why.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_share_is_left_at_the_deadline_and_begins_nothing_more() {
        let (go_on, may_go_on) = channel::<()>();
        let (second, second_began) = channel();
        let (ended, has_ended) = channel();
        let mut shares = Shares::of(Deadline::begin(Duration::from_millis(30)));
        shares.start("s:1", vec![7, 8, 9], move |steps, tell| {
            assert!(steps.begin());
            tell(0, "done");
            assert!(steps.begin());
            let _ = second.send(());
            let _ = may_go_on.recv();
            let _ = ended.send(steps.begin());
        });
        assert_eq!(second_began.recv(), Ok(()));
        let mut outcomes = Vec::new();
        shares.finish(
            |place, outcome| outcomes.push((place, outcome)),
            |reached, why| {
                assert!(why.to_string().contains("deadline"), "{why}");
                if reached == Reached::Begun { "unknown" } else { "down" }
            },
        );
        assert_eq!(outcomes, [(7, "done"), (8, "unknown"), (9, "down")]);
        drop(go_on);
        assert_eq!(has_ended.recv(), Ok(false));
    }

    #[test]
    fn a_share_that_panics_has_no_outcome() {
        let mut shares = Shares::of(Deadline::begin(Duration::from_secs(60)));
        shares.start("s:1", vec![0], |steps, _| {
            steps.begin();
            panic!("as the crate may");
        });
        let mut outcomes = Vec::new();
        shares.finish(|place, outcome| outcomes.push((place, outcome)), |reached, _| reached);
        assert_eq!(outcomes, [(0, Reached::Begun)]);
    }
}
