//! A connection that many tasks share: their requests leave together, and the answers arrive
//! together.
//!
//! A [driver](super::driver) of the connection's own reads and writes, so that it goes on whatever
//! becomes of the tasks that posted on it.

use std::{
    collections::VecDeque,
    fmt,
    io::IoSlice,
    mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Instant,
};

use super::{
    super::{
        connection::Connection,
        flow::broken,
        inbox::Inbox,
        proto::{answer::Parsed, dialect, greeting::Facts, window::Window},
        socket::{Moved, Socket},
        talk::Awaited,
        watch::Watched,
        wire::Callers,
    },
    clock::now,
    post::Post,
    socket::TaskSocket,
};
use crate::{health::Exchanged, store::queue::lock};

/// A shared connection.
pub(in crate::store::memcached) struct Shared {
    pub(in crate::store::memcached) facts: Facts,
    socket: Socket,
    /// What is known of the server.
    watched: Arc<Watched>,
    /// How many requests were posted, for their marks.
    requests: AtomicU32,
    /// How many posts wait for answers.
    waiting: AtomicUsize,
    /// Whether nothing more may be posted.
    is_closing: AtomicBool,
    state: Mutex<State>,
}

struct State {
    /// What was posted and is not sent.
    unsent: Vec<u8>,
    /// How many bytes of it come before the last request.
    before_last: usize,
    /// Whether some of it is being sent just now.
    is_sending: bool,
    /// How many bytes were posted, and how many of them may have been sent.
    posted: u64,
    sent: u64,
    /// The posts whose answers have not all come, in order.
    posts: VecDeque<Arc<Post>>,
    /// Why the connection ended.
    why: Option<Arc<str>>,
    heard: Instant,
    /// Wakes the driver, unless it was woken since it last looked.
    driver: Option<Waker>,
}

impl Shared {
    /// Shares a connection that is idle. Its buffer is for the driver.
    pub(super) fn of(connection: Connection, watched: Arc<Watched>) -> (Self, Inbox) {
        let Connection { socket, facts, inbox, requests, .. } = connection;
        let state = State {
            unsent: Vec::new(),
            before_last: 0,
            is_sending: false,
            posted: 0,
            sent: 0,
            posts: VecDeque::new(),
            why: None,
            heard: now(),
            driver: None,
        };
        let this = Self {
            facts,
            socket,
            watched,
            requests: AtomicU32::new(requests),
            waiting: AtomicUsize::new(0),
            is_closing: AtomicBool::new(false),
            state: Mutex::new(state),
        };
        (this, inbox)
    }

    /// Returns whether these callers can use it.
    pub(in crate::store::memcached) fn is_for(&self, callers: Callers) -> bool {
        self.socket.is_for(callers)
    }

    /// Returns how many tasks wait for answers.
    pub(in crate::store::memcached) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Returns whether more can be posted. The system is asked whether a connection that was idle
    /// is still open, because the driver may notice it late.
    pub(in crate::store::memcached) fn is_alive(&self) -> bool {
        let state = lock(&self.state);
        self.is_open() && (!state.posts.is_empty() || self.socket.is_quiet_for_others())
    }

    /// Returns whether more can be posted, as far as is known.
    pub(in crate::store::memcached) fn is_open(&self) -> bool {
        !self.is_closing.load(Ordering::Acquire)
    }

    /// Returns the numbers of so many requests: the first one.
    pub(super) fn number(&self, requests: usize) -> u32 {
        self.requests.fetch_add(requests as u32, Ordering::Relaxed)
    }

    /// Posts the requests of a window, whose task is woken by `waker`. `awaited` says how its answers
    /// end, and which of the requests carry a value that may be left unread. Returns `None` if the
    /// connection has ended.
    pub(super) fn post(
        &self,
        window: &Window<'_>,
        awaited: (Awaited, u64),
        waker: Waker,
    ) -> Option<Arc<Post>> {
        let mut state = lock(&self.state);
        if !self.is_open() {
            return None;
        }
        let before = state.unsent.len();
        window.copy_to(&mut state.unsent);
        state.before_last = before + window.unsent_before_last();
        let post = Arc::new(Post::new(state.posted, awaited, waker));
        state.posted += (state.unsent.len() - before) as u64;
        state.posts.push_back(Arc::clone(&post));
        self.waiting.store(state.posts.len(), Ordering::Relaxed);
        let is_alone = state.posts.len() == 1 && !state.is_sending;
        let driver = if is_alone { None } else { state.driver.take() };
        drop(state);
        if is_alone {
            // There is nothing to leave together with.
            self.send();
        }
        if let Some(driver) = driver {
            driver.wake();
        }
        Some(post)
    }

    /// Sends what was posted, as far as the system takes it. The rest is left to the driver.
    pub(super) fn send(&self) {
        let mut state = lock(&self.state);
        let has_unsent = !state.unsent.is_empty() || self.socket.has_unsent();
        if state.is_sending || !has_unsent || state.why.is_some() {
            return;
        }
        let mut bytes = mem::take(&mut state.unsent);
        let before_last = mem::take(&mut state.before_last);
        state.is_sending = true;
        // Until the system says how many bytes it took, it may have taken all of them.
        state.sent += bytes.len() as u64;
        drop(state);
        let moved = self.socket.send(&[IoSlice::new(&bytes)], before_last);
        let taken = match moved {
            Ok(Moved::Bytes(taken)) => taken,
            Ok(Moved::Nothing) | Err(_) => 0,
        };
        self.watched.add(&Exchanged { bytes_out: taken as u64, ..Exchanged::default() });
        let mut state = lock(&self.state);
        state.is_sending = false;
        state.sent -= (bytes.len() - taken) as u64;
        bytes.drain(..taken);
        match state.unsent.is_empty() {
            true => state.before_last = before_last.saturating_sub(taken),
            false => state.before_last += bytes.len(),
        }
        bytes.append(&mut state.unsent);
        state.unsent = bytes;
        if let Err(error) = moved {
            // Answers that the server sent before it closed the connection still count: the driver
            // ends it.
            state.why.get_or_insert_with(|| broken(&error).into());
            self.is_closing.store(true, Ordering::Release);
        }
        let needs_driver = !state.unsent.is_empty() || self.socket.has_unsent();
        let driver = if needs_driver { state.driver.take() } else { None };
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// Returns whether something is left to send. The driver is woken when there is more.
    pub(super) fn has_unsent(&self, driver: &Waker) -> bool {
        let mut state = lock(&self.state);
        match &mut state.driver {
            Some(waker) => waker.clone_from(driver),
            waker => *waker = Some(driver.clone()),
        }
        let has_unsent = !state.unsent.is_empty() || self.socket.has_unsent();
        has_unsent && !state.is_sending && state.why.is_none()
    }

    /// Returns the stream.
    fn stream(&self) -> Option<&TaskSocket> {
        self.socket.of_task()
    }

    /// Returns whether more can be sent now. If not, the driver is woken when it can.
    pub(super) fn can_send(&self, context: &mut Context<'_>) -> bool {
        self.stream().is_none_or(|stream| stream.poll_ready(false, true, context).is_ready())
    }

    /// Receives what is available and hands it out. Returns whether the connection has ended.
    pub(super) fn receive(&self, inbox: &mut Inbox, context: &mut Context<'_>) -> bool {
        loop {
            let ready = self.stream().map(|stream| stream.poll_ready(true, false, context));
            match ready {
                _ if self.socket.holds_received() => {}
                Some(Poll::Pending) if self.is_open() => return false,
                None | Some(Poll::Pending) => break self.end("closed the connection"),
                Some(Poll::Ready(Err(error))) => break self.end(&broken(&error)),
                Some(Poll::Ready(Ok(_))) => {}
            }
            match self.socket.receive(inbox.room()) {
                Ok(Moved::Nothing) => continue,
                Ok(Moved::Bytes(bytes)) => {
                    inbox.received(bytes);
                    let counted = Exchanged { bytes_in: bytes as u64, ..Exchanged::default() };
                    self.watched.add(&counted);
                }
                Err(error) => break self.end(&broken(&error)),
            }
            let mut woken = Vec::new();
            let handed = self.hand_out(inbox, &mut woken);
            woken.into_iter().for_each(Waker::wake);
            if let Err(why) = handed {
                break self.end(&format!("does not follow the protocol: it sent {why}"));
            }
        }
        true
    }

    /// Hands the received answers to the posts that they belong to.
    fn hand_out(&self, inbox: &mut Inbox, woken: &mut Vec<Waker>) -> Result<(), &'static str> {
        let mut state = lock(&self.state);
        state.heard = now();
        while let Some(unread) = inbox.unread() {
            match dialect::parse(self.facts.dialect, unread, self.facts.item_size_max) {
                Parsed::Answer(answer, used) => {
                    let post = state.posts.front().filter(|post| post.starts < state.sent);
                    let post = post.ok_or("an answer without a request")?;
                    if post.take(&unread[..used], &answer, woken)? {
                        state.posts.pop_front();
                    }
                    inbox.read(used);
                }
                Parsed::Partial { needed } => {
                    inbox.needs(needed);
                    break;
                }
                Parsed::Broken(why) => return Err(why),
            }
        }
        self.waiting.store(state.posts.len(), Ordering::Relaxed);
        Ok(())
    }

    /// Returns when bytes were last received.
    pub(super) fn heard(&self) -> Instant {
        lock(&self.state).heard
    }

    /// Ends the connection for all tasks, for this reason unless there is an earlier one. If any of
    /// them waited for answers, it broke.
    pub(in crate::store::memcached) fn end(&self, why: &str) {
        if let Some(why) = self.close(why) {
            self.watched.failed(&why);
        }
    }

    /// Closes the connection for all tasks, for this reason unless there is an earlier one. Returns
    /// the reason if any of them waited for answers.
    pub(super) fn close(&self, why: &str) -> Option<Arc<str>> {
        let mut woken = Vec::new();
        let mut state = lock(&self.state);
        let broke = !state.posts.is_empty();
        self.is_closing.store(true, Ordering::Release);
        let why = Arc::clone(state.why.get_or_insert_with(|| why.into()));
        let sent = state.sent;
        state.posts.drain(..).for_each(|post| post.break_off(&why, sent, &mut woken));
        self.waiting.store(0, Ordering::Relaxed);
        woken.extend(state.driver.take());
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        broke.then_some(why)
    }
}

/// Ends the driver, which has nothing more to do.
impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(driver) = lock(&self.state).driver.take() {
            driver.wake();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}
