//! The exchange of a batch with all its servers at once. One thread waits for whichever can go on.

use std::time::{Duration, Instant};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{interest::Interest, lane::Lane, work::Work};

/// Runs lanes until each of them is over. Every operation then has its outcome, except those of a
/// lane that needs a connection.
pub(super) fn run<'a>(lanes: &mut [Lane<'_, 'a>], work: &mut dyn Work<'a>) {
    loop {
        let now = Instant::now();
        let mut patience = Duration::MAX;
        let mut polled = Vec::with_capacity(lanes.len());
        let mut waiting = Vec::with_capacity(lanes.len());
        for (place, lane) in lanes.iter_mut().enumerate() {
            let left = lane.patience(now);
            if let Some((fd, interest)) = lane.interest(work) {
                patience = patience.min(left);
                polled.push(PollFd::from_borrowed_fd(fd, flags(interest)));
                waiting.push(place);
            }
        }
        if polled.is_empty() {
            return;
        }
        let ready = match wait(&mut polled, patience) {
            Ok(()) => polled.iter().map(|polled| interest(polled.revents())).collect(),
            // The system does not say what is ready, so every lane tries while it has time.
            Err(_) => vec![Interest { to_receive: true, to_send: true }; waiting.len()],
        };
        drop(polled);
        let now = Instant::now();
        for (place, ready) in waiting.into_iter().zip::<Vec<_>>(ready) {
            let lane = &mut lanes[place];
            if ready.to_receive || ready.to_send {
                lane.go(ready, work);
            }
            if lane.patience(now).is_zero() {
                lane.time_out(work);
            }
        }
    }
}

/// Waits until something is ready, for at most `patience`.
fn wait(polled: &mut [PollFd<'_>], patience: Duration) -> Result<(), Errno> {
    // Rounded up, so that a wait for the deadline ends after it.
    let patience = patience.saturating_add(Duration::from_micros(1));
    let timeout = Timespec::try_from(patience).ok();
    match poll(polled, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}

fn flags(interest: Interest) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, interest.to_receive);
    flags.set(PollFlags::OUT, interest.to_send);
    flags
}

/// An error or the end of the stream appears when the socket is read or written.
fn interest(ready: PollFlags) -> Interest {
    let ended = ready.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
    Interest {
        to_receive: ended || ready.contains(PollFlags::IN),
        to_send: ended || ready.contains(PollFlags::OUT),
    }
}
