//! A loop that writes on one thread and reads on another, so that changes and loads of any size can
//! be mixed on one connection. It neither copies nor keeps values.

use std::{
    io::{BufRead, BufReader, BufWriter, Read, Write},
    net::TcpStream,
    thread,
};

use crate::Outcome;

/// A request to send.
#[derive(Clone, Copy)]
pub(crate) enum Operation<'a> {
    Load(&'a str),
    Store(&'a str, &'a [u8]),
}

pub(crate) struct Duplex {
    stream: TcpStream,
}

impl Duplex {
    pub(crate) fn connect(address: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// Returns how many operations were done, and how many bytes were loaded.
    pub(crate) fn run(&self, operations: &[Operation<'_>]) -> Outcome<(usize, usize)> {
        thread::scope(|scope| {
            let writer = scope.spawn(|| write(&self.stream, operations));
            let read = read(&self.stream, operations.len());
            writer.join().map_err(|_| "the writer panicked")??;
            Ok(read?)
        })
    }
}

fn write(stream: &TcpStream, operations: &[Operation<'_>]) -> std::io::Result<()> {
    // Values larger than the buffer bypass it.
    let mut stream = BufWriter::with_capacity(64 << 10, stream);
    for operation in operations {
        match operation {
            Operation::Load(key) => write!(stream, "mg {key} v c\r\n")?,
            Operation::Store(key, value) => {
                write!(stream, "ms {key} {} c T100\r\n", value.len())?;
                stream.write_all(value)?;
                stream.write_all(b"\r\n")?;
            }
        }
    }
    stream.flush()
}

fn read(stream: &TcpStream, many: usize) -> std::io::Result<(usize, usize)> {
    let mut stream = BufReader::with_capacity(256 << 10, stream);
    let (mut done, mut bytes) = (0, 0);
    let (mut line, mut value) = (Vec::new(), Vec::new());
    for _ in 0..many {
        line.clear();
        stream.read_until(b'\n', &mut line)?;
        if let Some(rest) = line.strip_prefix(b"VA ") {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
            let length = digits.fold(0, |sum, digit| 10 * sum + usize::from(digit - b'0'));
            value.resize(length + 2, 0);
            stream.read_exact(&mut value)?;
            done += 1;
            bytes += length;
        } else {
            done += usize::from(line.starts_with(b"HD"));
        }
    }
    Ok((done, bytes))
}
