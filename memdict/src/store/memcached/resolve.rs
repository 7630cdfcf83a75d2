//! The look-up of a server's name. It runs on a thread of its own, so that a slow name server
//! delays no call beyond the connect timeout.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    process,
    sync::Arc,
    thread,
    time::Instant,
};

use parking_lot::{Condvar, Mutex};

/// Where a connection goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Target {
    /// The path of a unix socket.
    Path(String),
    /// Addresses, tried in this order.
    Addresses(Vec<SocketAddr>),
}

/// How to find the addresses of a server.
#[derive(Debug)]
pub(in crate::store) enum Lookup {
    /// The name is an address or a path.
    Known(Target),
    /// The name has to be resolved by the system, which may take a while.
    Named(Arc<Named>),
}

/// A name to look up. Callers that ask during a look-up wait for that one, so a name server that
/// does not answer costs one thread for each name, and no more.
#[derive(Debug)]
pub(in crate::store) struct Named {
    name: String,
    asked: Mutex<Asked>,
    answered: Condvar,
}

#[derive(Debug, Default)]
struct Asked {
    /// The process whose thread is looking the name up. A forked child has no such thread.
    by: Option<u32>,
    /// How many look-ups have ended.
    rounds: u64,
    /// The result of the last one.
    last: Option<Answer>,
}

type Answer = Result<Vec<SocketAddr>, String>;

/// A look-up under way.
#[derive(Debug)]
pub(in crate::store) struct Pending<'l> {
    lookup: &'l Lookup,
    /// How many look-ups had ended when it began.
    rounds: u64,
    failed: Option<String>,
}

impl Lookup {
    /// Makes the look-up of `host:port`, or of the path of a unix socket.
    pub(in crate::store) fn of(name: &str) -> Self {
        if name.starts_with('/') {
            return Self::Known(Target::Path(name.to_owned()));
        }
        match name.parse() {
            Ok(address) => Self::Known(Target::Addresses(vec![address])),
            Err(_) => Self::Named(Arc::new(Named {
                name: name.to_owned(),
                asked: Mutex::default(),
                answered: Condvar::new(),
            })),
        }
    }

    /// Begins to look the name up. Never waits.
    pub(in crate::store) fn begin(&self) -> Pending<'_> {
        let mut pending = Pending { lookup: self, rounds: 0, failed: None };
        if let Self::Named(named) = self {
            let mut asked = named.asked.lock();
            pending.rounds = asked.rounds;
            if asked.by != Some(process::id()) {
                match Named::ask(named) {
                    Ok(()) => asked.by = Some(process::id()),
                    Err(error) => pending.failed = Some(format!("cannot start a thread: {error}")),
                }
            }
        }
        pending
    }
}

impl Named {
    /// Starts the thread that looks the name up.
    fn ask(this: &Arc<Self>) -> std::io::Result<()> {
        let named = Arc::clone(this);
        let look = move || {
            let found = named.name.to_socket_addrs();
            let answer = match found.map(Iterator::collect::<Vec<_>>) {
                Ok(none) if none.is_empty() => Err("the name has no address".to_owned()),
                Ok(addresses) => Ok(addresses),
                Err(error) => Err(error.to_string()),
            };
            let mut asked = named.asked.lock();
            (asked.by, asked.last) = (None, Some(answer));
            asked.rounds += 1;
            named.answered.notify_all();
        };
        thread::Builder::new().name("memdict-lookup".to_owned()).spawn(look).map(drop)
    }
}

impl Pending<'_> {
    /// Waits for the addresses until `deadline`.
    ///
    /// # Errors
    /// The reason why there are none, as a text that follows the server's name.
    pub(in crate::store) fn wait(self, deadline: Instant) -> Result<Target, String> {
        let cannot = |why: &str| format!("cannot be looked up: {why}");
        let named = match self.lookup {
            Lookup::Known(target) => return Ok(target.clone()),
            Lookup::Named(named) => named,
        };
        if let Some(why) = self.failed {
            return Err(cannot(&why));
        }
        let mut asked = named.asked.lock();
        while asked.rounds == self.rounds {
            if named.answered.wait_until(&mut asked, deadline).timed_out() {
                return Err(cannot("timed out"));
            }
        }
        match &asked.last {
            Some(Ok(addresses)) => Ok(Target::Addresses(addresses.clone())),
            Some(Err(why)) => Err(cannot(why)),
            None => Err(cannot("no answer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn a_path_and_an_address_need_no_look_up() {
        let path = Lookup::of("/run/m.sock");
        assert_eq!(path.begin().wait(soon()), Ok(Target::Path("/run/m.sock".to_owned())));
        for name in ["127.0.0.1:11211", "[::1]:11211"] {
            let lookup = Lookup::of(name);
            assert!(matches!(lookup, Lookup::Known(_)), "{name}");
            let address = name.parse().expect("it is an address");
            assert_eq!(lookup.begin().wait(soon()), Ok(Target::Addresses(vec![address])));
        }
    }

    #[test]
    fn names_are_looked_up_side_by_side_and_again_each_time() {
        let names = [Lookup::of("localhost:7"), Lookup::of("localhost:8")];
        for _ in 0..2 {
            let pending: Vec<_> = names.iter().map(Lookup::begin).collect();
            for (one, port) in pending.into_iter().zip([7, 8]) {
                let Ok(Target::Addresses(found)) = one.wait(soon()) else { panic!("no address") };
                assert!(found.iter().all(|address| address.port() == port), "{found:?}");
            }
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_that_says_so() {
        let error = Lookup::of("no-such-host.invalid:1").begin().wait(soon());
        assert!(error.is_err_and(|why| why.starts_with("cannot be looked up: ")));
    }

    #[test]
    fn an_endless_look_up_costs_one_thread_and_fails_at_the_deadline() {
        let lookup = Lookup::of("silent:1");
        let Lookup::Named(named) = &lookup else { panic!("it is a name") };
        // As if a thread of this process were looking it up for ever.
        named.asked.lock().by = Some(process::id());
        for _ in 0..2 {
            let deadline = Instant::now() + Duration::from_millis(5);
            let why = lookup.begin().wait(deadline).expect_err("the look-up does not end");
            assert_eq!(why, "cannot be looked up: timed out");
        }
        // A child forked in the meantime has no such thread, and looks the name up itself.
        named.asked.lock().by = Some(process::id() + 1);
        assert!(lookup.begin().wait(soon()).is_err_and(|why| !why.contains("timed out")));
    }
}
