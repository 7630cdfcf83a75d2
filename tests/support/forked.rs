//! Processes that are forked from a test, as application servers fork their workers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Waits until no other test of this process forks or starts threads. A child has only the thread
/// that forked it, and would wait for ever for a lock that another one held.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child of this process. It shares the parent's open sockets, and has a copy of its memory.
#[derive(Debug)]
pub struct Forked(libc::pid_t);

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code: 101 after a panic.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Forked {
    /// Forks. The child runs `run` and exits with the code that it returns.
    ///
    /// # Panics
    ///
    /// If the system cannot fork.
    pub fn run(run: impl FnOnce() -> i32) -> Self {
        // SAFETY: no other thread of this program is inside a lock that the child could need: tests
        // that fork are `alone`, and glibc's allocator can be used after a fork.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0, "the system forks");
        if pid > 0 {
            return Self(pid);
        }
        let code = catch_unwind(AssertUnwindSafe(run)).unwrap_or(101);
        // SAFETY: this ends the process at once. Nothing of the parent is dropped here, such as a
        // server that the parent still uses.
        unsafe { libc::_exit(code) }
    }

    /// Waits until the child has ended.
    ///
    /// # Panics
    ///
    /// If the system does not know the child.
    pub fn wait(self) -> Ended {
        let mut status = 0;
        // SAFETY: `status` outlives the call.
        let pid = unsafe { libc::waitpid(self.0, &raw mut status, 0) };
        assert_eq!(pid, self.0, "it is a child of this process");
        match libc::WIFEXITED(status) {
            true => Ended::Code(libc::WEXITSTATUS(status)),
            false => Ended::Signal(libc::WTERMSIG(status)),
        }
    }
}

/// Gives SIGPIPE its default disposition in this process: to end it. Rust's runtime ignores it, but
/// a library's process may not be Rust's.
pub fn end_by_sigpipe() {
    // SAFETY: the default disposition runs no code of this program.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Makes this process open no more files than it has open now.
///
/// # Panics
///
/// If the system does not set the limit.
pub fn open_no_more_files() {
    let next = std::fs::File::open("/dev/null").expect("it opens");
    let limit = std::os::fd::AsRawFd::as_raw_fd(&next) as libc::rlim_t;
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: the structure outlives the call.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(set, 0, "the limit is set");
}
