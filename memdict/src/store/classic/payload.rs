//! A value that is being sent, and the reply to it.
//!
//! In the text protocol, the crate reports success for `add` whether or not the value was stored,
//! and does not distinguish "another version" from "no value" for `cas`. But it lets the value
//! write itself to the connection. So the value also reads the reply, and then ends the crate's
//! part with an error, before the crate would read the reply. In the binary protocol none of this
//! is needed, and the value only notes that it was sent.

use std::{
    cell::RefCell,
    io::{self, Read, Write},
};

use memcache::{Stream, ToMemcacheValue};

/// The longest answer to a change.
const LONGEST_REPLY: usize = 2_048;

/// A value and the progress of its change.
pub(super) struct Payload<'a> {
    bytes: &'a [u8],
    reads_reply: bool,
    progress: RefCell<Progress>,
}

/// The progress of a change.
pub(super) enum Progress {
    /// The server does not have all of it and therefore does nothing.
    Unsent,
    /// The server may have all of it.
    Sent,
    /// It was sent, and no complete answer came.
    Unanswered(io::Error),
    /// The answer, without its line end.
    Reply(Vec<u8>),
}

impl<'a> Payload<'a> {
    /// Makes a payload for the text protocol, which reads the reply.
    pub(super) fn text(bytes: &'a [u8]) -> Self {
        Self { bytes, reads_reply: true, progress: RefCell::new(Progress::Unsent) }
    }

    /// Makes a payload for the binary protocol, where the crate reads the reply.
    pub(super) fn binary(bytes: &'a [u8]) -> Self {
        Self { reads_reply: false, ..Self::text(bytes) }
    }

    pub(super) fn progress(self) -> Progress {
        self.progress.into_inner()
    }
}

impl ToMemcacheValue<Stream> for &Payload<'_> {
    fn get_flags(&self) -> u32 {
        0
    }

    fn get_length(&self) -> usize {
        self.bytes.len()
    }

    fn write_to(&self, stream: &mut Stream) -> io::Result<()> {
        stream.write_all(self.bytes)?;
        if !self.reads_reply {
            self.progress.replace(Progress::Sent);
            return Ok(());
        }
        stream.write_all(b"\r\n")?;
        self.progress.replace(Progress::Sent);
        let reply = stream.flush().and_then(|()| read_line(stream));
        self.progress.replace(match reply {
            Ok(line) => Progress::Reply(line),
            Err(error) => Progress::Unanswered(error),
        });
        Err(io::Error::other("the reply was read already"))
    }
}

/// Reads the one line that is due. More than one line is out of step.
fn read_line(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut buffer = [0; 128];
    loop {
        let read = match stream.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        line.extend_from_slice(&buffer[..read]);
        match line.iter().position(|&byte| byte == b'\n') {
            Some(end) if end + 1 == line.len() => {
                line.truncate(line.trim_ascii_end().len());
                return Ok(line);
            }
            None if line.len() < LONGEST_REPLY => {}
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "answers out of step")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Returns its parts one by one.
    struct Parts(VecDeque<&'static [u8]>);

    impl Read for Parts {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let part = self.0.pop_front().unwrap_or_default();
            buffer[..part.len()].copy_from_slice(part);
            Ok(part.len())
        }
    }

    fn line(parts: &[&'static [u8]]) -> Result<Vec<u8>, io::ErrorKind> {
        read_line(&mut Parts(parts.iter().copied().collect())).map_err(|error| error.kind())
    }

    #[test]
    fn a_reply_is_one_whole_line_however_it_is_cut() {
        assert_eq!(line(&[b"STORED\r\n"]), Ok(b"STORED".to_vec()));
        assert_eq!(line(&[b"STO", b"RED\r", b"\n"]), Ok(b"STORED".to_vec()));
        assert_eq!(line(&[b"STORED"]), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(line(&[b"STORED\r\nSTORED\r\n"]), Err(io::ErrorKind::InvalidData));
        let long: &'static [u8] = &[b'x'; 128];
        assert_eq!(line(&[long; 20]), Err(io::ErrorKind::InvalidData));
    }
}
