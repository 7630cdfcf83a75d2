//! The minimum of work for many tasks: raw connections of tokio, one for each task or one for all.

use std::{collections::VecDeque, io, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex, mpsc, oneshot},
};

use crate::Outcome;

/// A value and its version, or nothing.
type Found = Option<(Vec<u8>, u64)>;

/// A connection that one task uses.
pub(crate) struct Alone {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    request: Vec<u8>,
    line: Vec<u8>,
}

impl Alone {
    pub(crate) async fn connect(address: &str) -> Outcome<Arc<Mutex<Self>>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        let (request, line) = (Vec::new(), Vec::new());
        let this = Self { read: BufReader::with_capacity(64 << 10, read), write, request, line };
        Ok(Arc::new(Mutex::new(this)))
    }

    pub(crate) async fn get(&mut self, key: &str) -> Outcome<Found> {
        self.request.clear();
        self.request.extend_from_slice(format!("mg {key} v c\r\n").as_bytes());
        self.write.write_all(&self.request).await?;
        Ok(receive(&mut self.read, &mut self.line).await?)
    }

    /// Stores a value if it still has this version. Returns whether it was stored.
    pub(crate) async fn set(&mut self, key: &str, value: &[u8], cas: u64) -> Outcome<bool> {
        self.request.clear();
        let head = format!("ms {key} {} C{cas}\r\n", value.len());
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(value);
        self.request.extend_from_slice(b"\r\n");
        self.write.write_all(&self.request).await?;
        self.line.clear();
        self.read.read_until(b'\n', &mut self.line).await?;
        Ok(self.line.starts_with(b"HD"))
    }
}

async fn receive(read: &mut BufReader<OwnedReadHalf>, line: &mut Vec<u8>) -> io::Result<Found> {
    line.clear();
    read.read_until(b'\n', line).await?;
    if !line.starts_with(b"VA ") {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(line);
    let mut words = text.split_ascii_whitespace().skip(1);
    let size: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
    let version = words.next().and_then(|word| word.strip_prefix('c')?.parse().ok());
    let mut value = vec![0; size + 2];
    read.read_exact(&mut value).await?;
    value.truncate(size);
    Ok(version.map(|version| (value, version)))
}

/// A connection that all tasks share: their requests leave in one write.
pub(crate) struct Shared(mpsc::UnboundedSender<(String, oneshot::Sender<Found>)>);

impl Shared {
    pub(crate) async fn connect(address: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::with_capacity(64 << 10, read);
        let (ask, mut asked) = mpsc::unbounded_channel::<(String, oneshot::Sender<Found>)>();
        let (owe, mut owed) = mpsc::unbounded_channel::<VecDeque<oneshot::Sender<Found>>>();
        tokio::spawn(async move {
            let (mut batch, mut bytes) = (Vec::new(), Vec::new());
            while asked.recv_many(&mut batch, 1_024).await > 0 {
                bytes.clear();
                let mut waiting = VecDeque::with_capacity(batch.len());
                for (key, answer) in batch.drain(..) {
                    bytes.extend_from_slice(b"mg ");
                    bytes.extend_from_slice(key.as_bytes());
                    bytes.extend_from_slice(b" v c\r\n");
                    waiting.push_back(answer);
                }
                if owe.send(waiting).is_err() || write.write_all(&bytes).await.is_err() {
                    break;
                }
            }
        });
        tokio::spawn(async move {
            let mut line = Vec::new();
            while let Some(waiting) = owed.recv().await {
                for answer in waiting {
                    let Ok(found) = receive(&mut read, &mut line).await else { return };
                    let _ = answer.send(found);
                }
            }
        });
        Ok(Self(ask))
    }

    pub(crate) async fn get(&self, key: &str) -> Outcome<Found> {
        let (answer, found) = oneshot::channel();
        self.0.send((key.to_owned(), answer))?;
        Ok(found.await?)
    }
}
