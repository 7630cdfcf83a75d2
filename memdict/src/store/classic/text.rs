//! The classic text protocol, spoken over a connection that one batch uses at a time.
//!
//! No number of the server is believed: a line has a largest length, a value that is announced as
//! longer than the largest item ends the connection before it is read, memory is taken as bytes
//! arrive, and only keys that were asked for, each once, have a value.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
};

/// The longest line. memcached's are much shorter, except an error that quotes a request.
const MAX_LINE: usize = 2_048;

/// How many bytes are received at once.
const ROOM: usize = 16 << 10;

/// Values up to this length are sent in one piece with their request line.
const MAX_COPIED: usize = 4 << 10;

/// Why an answer cannot be used.
#[derive(Debug)]
pub(super) enum Broken {
    /// The connection broke, or was too slow.
    Io(io::Error),
    /// The server sent another line than it could, for example an error.
    Line(Vec<u8>),
    /// The server does not follow the protocol: it sent this.
    Strange(&'static str),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A change that has no usable answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    /// Whether the server may have all of the request.
    pub(super) sent: bool,
    pub(super) broken: Broken,
}

/// A loaded value and its version.
pub(super) type Value = (Vec<u8>, u64);

/// One end of a conversation in the text protocol.
pub(super) struct Text<S> {
    stream: S,
    /// Received bytes, of which those before `start` were read.
    received: Vec<u8>,
    start: usize,
}

impl<S: Read + Write> Text<S> {
    pub(super) fn over(stream: S) -> Self {
        Self { stream, received: Vec::new(), start: 0 }
    }

    /// Returns whether every received byte was read. Else the next answer would be another one's.
    pub(super) fn is_in_step(&self) -> bool {
        self.start == self.received.len()
    }

    /// Returns whether the server tells its version.
    pub(super) fn tells_its_version(&mut self) -> Result<bool, Broken> {
        self.send(b"version\r\n")?;
        let line = self.line()?;
        Ok(line.starts_with(b"VERSION") && self.is_in_step())
    }

    /// Loads the values of keys, none of them longer than `max_value` bytes.
    pub(super) fn values<'k>(
        &mut self,
        keys: &[&'k str],
        max_value: usize,
    ) -> Result<HashMap<&'k str, Value>, Broken> {
        let mut due: HashMap<&[u8], &'k str> = HashMap::with_capacity(keys.len());
        let mut request = b"gets".to_vec();
        for key in keys {
            if due.insert(key.as_bytes(), key).is_none() {
                request.push(b' ');
                request.extend_from_slice(key.as_bytes());
            }
        }
        request.extend_from_slice(b"\r\n");
        self.send(&request)?;
        let mut found = HashMap::with_capacity(due.len());
        loop {
            let line = self.line()?;
            if line == b"END" {
                return Ok(found);
            }
            let Some(head) = line.strip_prefix(b"VALUE ") else {
                return Err(Broken::Line(line));
            };
            let (key, length, version) =
                head_of_value(head).ok_or(Broken::Strange("a value whose line cannot be read"))?;
            // Taken away, so that a key has one value at most and the answer has an end.
            let key = due.remove(key).ok_or(Broken::Strange("a value that was not asked for"))?;
            if length > max_value as u64 {
                return Err(Broken::Strange("a value that is larger than the largest item"));
            }
            // It fits, because it is not above a `usize`.
            found.insert(key, (self.body(length as usize)?, version));
        }
    }

    /// Sends requests that are answered by this many lines in all, and reads those.
    pub(super) fn lines(&mut self, requests: &[u8], lines: usize) -> Result<(), Broken> {
        if lines == 0 {
            return Ok(());
        }
        self.send(requests)?;
        for _ in 0..lines {
            self.line()?;
        }
        Ok(())
    }

    /// Sends a change and returns the line that answers it.
    pub(super) fn change(
        &mut self,
        head: &[u8],
        value: Option<&[u8]>,
    ) -> Result<Vec<u8>, Unanswered> {
        if let Err(broken) = self.send_change(head, value) {
            return Err(Unanswered { sent: false, broken });
        }
        let line = match self.line() {
            Ok(_) if !self.is_in_step() => Err(Broken::Strange("more than one answer")),
            line => line,
        };
        line.map_err(|broken| Unanswered { sent: true, broken })
    }

    fn send_change(&mut self, head: &[u8], value: Option<&[u8]>) -> Result<(), Broken> {
        match value {
            None => self.send(head),
            Some(value) if value.len() <= MAX_COPIED => self.send(&[head, value, b"\r\n"].concat()),
            Some(value) => {
                self.send(head)?;
                self.stream.write_all(value)?;
                self.stream.write_all(b"\r\n")?;
                Ok(self.stream.flush()?)
            }
        }
    }

    fn send(&mut self, request: &[u8]) -> Result<(), Broken> {
        if !self.is_in_step() {
            return Err(Broken::Strange("an answer without a request"));
        }
        (self.start, _) = (0, self.received.clear());
        self.stream.write_all(request)?;
        Ok(self.stream.flush()?)
    }

    /// Reads a line, and returns it without its end.
    fn line(&mut self) -> Result<Vec<u8>, Broken> {
        let mut looked = self.start;
        loop {
            let within = self.received.len().min(self.start + MAX_LINE);
            if let Some(end) = memchr::memchr(b'\n', &self.received[looked..within]) {
                let line = &self.received[self.start..looked + end];
                let line = line.strip_suffix(b"\r").ok_or(Broken::Strange("half a line end"))?;
                let line = line.to_vec();
                self.start = looked + end + 1;
                return Ok(line);
            }
            if within - self.start == MAX_LINE {
                return Err(Broken::Strange("a line without an end"));
            }
            looked = within;
            self.receive()?;
        }
    }

    /// Reads a value of this length and the line end after it.
    fn body(&mut self, length: usize) -> Result<Vec<u8>, Broken> {
        let mut value = Vec::with_capacity(length.min(ROOM));
        while value.len() < length {
            if self.is_in_step() {
                (self.start, _) = (0, self.received.clear());
                self.receive()?;
            }
            let unread = &self.received[self.start..];
            let taken = unread.len().min(length - value.len());
            value.extend_from_slice(&unread[..taken]);
            self.start += taken;
        }
        while self.received.len() - self.start < 2 {
            self.receive()?;
        }
        if !self.received[self.start..].starts_with(b"\r\n") {
            return Err(Broken::Strange("a value that is longer than it says"));
        }
        self.start += 2;
        Ok(value)
    }

    /// Receives more bytes, at least one.
    fn receive(&mut self) -> Result<(), Broken> {
        let length = self.received.len();
        self.received.resize(length + ROOM, 0);
        let received = loop {
            match self.stream.read(&mut self.received[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.received.truncate(length + *received.as_ref().unwrap_or(&0));
        match received {
            Ok(0) => Err(Broken::Io(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => Ok(()),
            Err(error) => Err(Broken::Io(error)),
        }
    }
}

/// Reads `key flags length version`. Another word ends the line's meaning.
fn head_of_value(head: &[u8]) -> Option<(&[u8], u64, u64)> {
    let mut words = head.split(|&byte| byte == b' ');
    let (key, flags, length) = (words.next()?, words.next()?, words.next()?);
    let version = words.next()?;
    u32::try_from(number(flags)?).ok()?;
    words.next().is_none().then_some((key, number(length)?, number(version)?))
}

/// Reads decimal digits, without a sign.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    text.parse().ok()
}

/// Gives a reader what a server said, in pieces, and checks what it makes of it.
#[cfg(any(test, fuzzing))]
pub(crate) fn check(keys: usize, said: &[u8], pieces: &[&[u8]]) {
    const MAX_VALUE: usize = 1_000;

    /// Answers with the pieces, one by one, whatever is sent.
    struct Pieces<'p>(std::collections::VecDeque<&'p [u8]>);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.0.front_mut().map_or(Ok(0), |piece| piece.read(buffer));
            if self.0.front().is_some_and(|piece| piece.is_empty()) {
                self.0.pop_front();
            }
            piece
        }
    }

    impl Write for Pieces<'_> {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            Ok(buffer.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn over<'p>(pieces: &[&'p [u8]]) -> Text<Pieces<'p>> {
        Text::over(Pieces(pieces.iter().copied().collect()))
    }

    let names: Vec<_> = (0..keys).map(|n| format!("k{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut text = over(pieces);
    let found = text.values(&names, MAX_VALUE);
    assert!(text.received.capacity() <= 4 * said.len() + 8 * ROOM, "{}", text.received.capacity());
    let whole = over(&[said]).values(&names, MAX_VALUE);
    assert_eq!(found.is_ok(), whole.is_ok(), "cuts change the outcome");
    for (key, (value, version)) in found.unwrap_or_default() {
        let head = format!("VALUE {key} ");
        let end = [value.as_slice(), b"\r\n"].concat();
        let mut places = (0..said.len()).filter(|&at| said[at..].starts_with(head.as_bytes()));
        let says = |at: usize| said[at..].windows(end.len()).any(|part| part == end);
        assert!(names.contains(&key) && value.len() <= MAX_VALUE, "{key}");
        assert!(places.any(says), "{key} has a value that was not sent, version {version}");
    }
    let line = |mut text: Text<_>| text.change(b"delete k\r\n", None).ok();
    assert!(line(over(pieces)).is_none_or(|line| said.starts_with(&line)));
}
