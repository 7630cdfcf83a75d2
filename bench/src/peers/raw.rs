//! The minimum of work: prepared requests through a blocking socket. They are sent in pieces, of
//! which only a few may be unanswered, so that neither side waits for the other with full buffers.
//! Every answer is read and checked. There is no allocation, poll, timeout or routing.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use workload::TTL;

use super::Ready;
use crate::Outcome;

/// The least length of a piece. A request for a value is short and its answer long; for a change it
/// is the reverse.
const LOADS: usize = 8 << 10;
const CHANGES: usize = 32 << 10;

/// The most pieces that may be unanswered when another one is sent. No other number was measurably
/// faster than these three.
const UNANSWERED: usize = 4;

/// Requests in pieces. Each piece has the end of its bytes, and the number of requests up to there.
#[derive(Default)]
pub(crate) struct Requests {
    bytes: Vec<u8>,
    pieces: Vec<(usize, usize)>,
    many: usize,
}

impl Requests {
    /// Stores each value if it still has its version, and asks for the new version.
    pub(crate) fn sets(ready: &[Ready]) -> Self {
        Self::of(ready, CHANGES, |ready, out| {
            let Ready { key, bytes, cas } = ready;
            write!(out, "ms {key} {} c C{cas} T{TTL}\r\n", bytes.len())?;
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
            Ok(())
        })
    }

    /// Stores the same value under each key unconditionally.
    pub(crate) fn sets_of<K: AsRef<str>>(keys: &[K], value: &[u8]) -> Self {
        Self::of(keys, CHANGES, |key, out| {
            write!(out, "ms {} {} c T{TTL}\r\n", key.as_ref(), value.len())?;
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
            Ok(())
        })
    }

    /// As [`sets`](Self::sets), but only the end of all requests is answered, and not success.
    pub(crate) fn quiet_sets(ready: &[Ready]) -> Self {
        let mut requests = Self::of(ready, CHANGES, |ready, out| {
            let Ready { key, bytes, cas } = ready;
            write!(out, "ms {key} {} q C{cas} T{TTL}\r\n", bytes.len())?;
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
            Ok(())
        });
        requests.bytes.extend_from_slice(b"mn\r\n");
        requests
    }

    /// Loads each value with its version.
    pub(crate) fn gets<K: AsRef<str>>(keys: &[K]) -> Self {
        Self::of(keys, LOADS, |key, out| write!(out, "mg {} v c\r\n", key.as_ref()))
    }

    /// Adds 1 to a number, once.
    pub(crate) fn count_of(key: &str) -> Self {
        Self::of(&[key], LOADS, |key, out| write!(out, "ma {key} v D1 N{TTL} J1\r\n"))
    }

    /// Sets the end of life of each value.
    pub(crate) fn touches<K: AsRef<str>>(keys: &[K]) -> Self {
        Self::of(keys, LOADS, |key, out| write!(out, "mg {} T{TTL}\r\n", key.as_ref()))
    }

    fn of<T>(
        items: &[T],
        piece: usize,
        request: impl Fn(&T, &mut Vec<u8>) -> std::io::Result<()>,
    ) -> Self {
        let mut this = Self::default();
        let mut begun = 0;
        for item in items {
            // Writing to a `Vec` does not fail.
            let _ = request(item, &mut this.bytes);
            this.many += 1;
            if this.bytes.len() - begun >= piece {
                begun = this.bytes.len();
                this.pieces.push((begun, this.many));
            }
        }
        if this.bytes.len() > begun {
            this.pieces.push((this.bytes.len(), this.many));
        }
        this
    }
}

/// A connection with its buffer.
pub(crate) struct Raw<S = TcpStream> {
    stream: S,
    input: Vec<u8>,
    from: usize,
    to: usize,
}

impl Raw {
    pub(crate) fn connect(address: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }
}

impl<S: Read + Write> Raw<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, input: vec![0; 256 << 10], from: 0, to: 0 }
    }

    /// Sends changes. Returns how many were made.
    pub(crate) fn set(&mut self, requests: &Requests) -> Outcome<usize> {
        let mut done = 0;
        self.exchange(requests, |raw| {
            let line = raw.line()?;
            done += usize::from(line.starts_with(b"HD"));
            Ok(())
        })?;
        Ok(done)
    }

    /// Sends changes whose success is not answered. Fails if any other answer comes.
    pub(crate) fn set_quietly(&mut self, requests: &Requests) -> Outcome<()> {
        self.stream.write_all(&requests.bytes)?;
        let line = self.line()?;
        if line == b"MN" {
            return Ok(());
        }
        Err(format!("not silent: {}", line.escape_ascii()).into())
    }

    /// Loads values and passes each to `out`, with its version. Returns how many there were.
    pub(crate) fn get(
        &mut self,
        requests: &Requests,
        mut out: impl FnMut(u64, &[u8]) -> Outcome<()>,
    ) -> Outcome<usize> {
        let mut found = 0;
        self.exchange(requests, |raw| {
            if let Some((cas, from, to)) = raw.value()? {
                out(cas, &raw.input[from..to])?;
                found += 1;
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Loads the value of each key, ready to be sent again.
    pub(crate) fn fetch(&mut self, keys: &[String]) -> Outcome<Vec<Ready>> {
        let mut values = Vec::with_capacity(keys.len());
        self.get(&Requests::gets(keys), |cas, bytes| {
            values.push((cas, bytes.to_vec()));
            Ok(())
        })?;
        super::all(values.len(), keys.len())?;
        let ready = keys.iter().zip(values);
        Ok(ready.map(|(key, (cas, bytes))| Ready { key: key.clone(), bytes, cas }).collect())
    }

    fn exchange(
        &mut self,
        requests: &Requests,
        mut answer: impl FnMut(&mut Self) -> Outcome<()>,
    ) -> Outcome<()> {
        let (mut sent, mut answered) = (0, 0);
        for (index, &(end, _)) in requests.pieces.iter().enumerate() {
            self.stream.write_all(&requests.bytes[sent..end])?;
            sent = end;
            let due = index.checked_sub(UNANSWERED).map_or(0, |before| requests.pieces[before].1);
            while answered < due {
                answer(self)?;
                answered += 1;
            }
        }
        while answered < requests.many {
            answer(self)?;
            answered += 1;
        }
        Ok(())
    }

    /// Returns the next line, without its end.
    fn line(&mut self) -> Outcome<&[u8]> {
        let (from, to) = self.next_line()?;
        Ok(&self.input[from..to])
    }

    fn next_line(&mut self) -> Outcome<(usize, usize)> {
        let mut seen = 0;
        loop {
            let unread = &self.input[self.from..self.to];
            if let Some(length) = unread[seen..].iter().position(|&byte| byte == b'\n') {
                let from = self.from;
                let end = from + seen + length;
                self.from = end + 1;
                return Ok((from, end.max(from + 1) - 1));
            }
            seen = unread.len();
            self.receive()?;
        }
    }

    /// Returns the version of the next value and its place in the buffer, or `None` for a miss.
    fn value(&mut self) -> Outcome<Option<(u64, usize, usize)>> {
        let line = self.line()?;
        let Some(rest) = line.strip_prefix(b"VA ") else {
            return Ok(None);
        };
        let (length, digits) = number(rest);
        let (cas, _) = number(rest.get(digits + 2..).unwrap_or_default());
        let length = length as usize;
        while self.to - self.from < length + 2 {
            self.receive()?;
        }
        let from = self.from;
        self.from += length + 2;
        Ok(Some((cas, from, from + length)))
    }

    /// Receives at least one byte.
    fn receive(&mut self) -> Outcome<()> {
        if self.from > 0 {
            self.input.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        if self.to == self.input.len() {
            self.input.resize(2 * self.to, 0);
        }
        match self.stream.read(&mut self.input[self.to..])? {
            0 => Err("the server closed the connection".into()),
            more => {
                self.to += more;
                Ok(())
            }
        }
    }
}

/// Reads the number at the beginning. Returns it and how many digits it has.
fn number(text: &[u8]) -> (u64, usize) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits
        .clone()
        .fold(0, |sum: u64, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    (number, digits.count())
}
