//! Servers that say what no memcached says: lengths, numbers, flags and lines that a reader must not
//! believe, in the engine and in the classic client.

mod lines;
mod numbers;

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use memdict::{ClassicStore, MemcachedStore};
use memdict_tests::memcached_on;

/// Answers the first request after the greeting with `said`, and then with `more`, again and again,
/// until the client goes away. Counts the bytes that the client let it send.
struct Endless {
    address: String,
    sent: Arc<AtomicUsize>,
}

impl Endless {
    fn start(greeting: &'static str, said: &'static [u8], more: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let sent = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sent);
        // The thread ends with the process.
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (count, more) = (Arc::clone(&count), more.clone());
                thread::spawn(move || -> std::io::Result<()> {
                    let mut asked = vec![0; 64 << 10];
                    if !greeting.is_empty() {
                        let _ = stream.read(&mut asked)?;
                        stream.write_all(greeting.as_bytes())?;
                    }
                    let _ = stream.read(&mut asked)?;
                    stream.write_all(said)?;
                    loop {
                        stream.write_all(&more)?;
                        count.fetch_add(more.len(), Ordering::Relaxed);
                    }
                });
            }
        });
        Self { address, sent }
    }

    /// Returns how many bytes were sent, once no more are.
    fn sent(&self) -> usize {
        thread::sleep(Duration::from_millis(50));
        self.sent.load(Ordering::Relaxed)
    }
}

const GREETING: &str = "VERSION 1.6.18\r\nSTAT item_size_max 1048576\r\nEND\r\n\
                        STAT pid 7\r\nSTAT uptime 10\r\nSTAT time 1700000010\r\nEND\r\nMN\r\n";

/// What a client's and a server's system may hold without anybody reading it.
const IN_BUFFERS: usize = 32 << 20;

fn engine(address: &str) -> MemcachedStore {
    memcached_on([address.to_owned()])
}

fn classic(address: &str) -> ClassicStore {
    let store = ClassicStore::new([address.to_owned()]).expect("the name is well formed");
    store.timeout(Duration::from_secs(2))
}
