//! Makes a connection in a task: the look-up of a name, then one address after the other.

use std::{io, time::Duration};

use tokio::{
    net::{TcpStream, UnixStream, lookup_host},
    runtime, time,
};

use super::{
    super::wire::Wire,
    socket::{Stream, TaskSocket},
};

/// Connects to the server with this name, within `limit`.
///
/// # Errors
/// The reason why there is no connection, as a text that follows the server's name.
pub(super) async fn connect(
    name: &str,
    runtime: runtime::Id,
    limit: Duration,
) -> Result<Wire, String> {
    let mut looked_up = false;
    match time::timeout(limit, dial(name, &mut looked_up)).await {
        Ok(Ok(stream)) => Ok(Wire::Task(TaskSocket::new(stream, runtime))),
        Ok(Err(error)) if looked_up => Err(format!("cannot be reached: {error}")),
        Ok(Err(error)) => Err(format!("cannot be looked up: {error}")),
        Err(_) if looked_up => Err("cannot be reached: timed out".to_owned()),
        Err(_) => Err("cannot be looked up: timed out".to_owned()),
    }
}

async fn dial(name: &str, looked_up: &mut bool) -> io::Result<Stream> {
    if name.starts_with('/') {
        *looked_up = true;
        return UnixStream::connect(name).await.map(Stream::Unix);
    }
    let addresses = lookup_host(name).await?;
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        *looked_up = true;
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(Stream::Tcp(stream));
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
