//! Moves the bytes of a conversation between its buffers and its socket.

use std::io::{self, IoSlice};

use super::{
    inbox::Inbox,
    proto::window::{MAX_SLICES, Window},
    socket::{Moved, Socket},
};
use crate::store::deadline::Deadline;

/// How many pieces are sent or received without a look at the clock.
pub(super) const PIECES: usize = 4;

pub(super) fn send(socket: &Socket, window: &mut Window<'_>) -> Result<Moved, String> {
    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
    let count = window.slices(&mut slices);
    let apart = window.unsent_before_last();
    let moved = socket.send(&slices[..count], apart).map_err(|error| broken(&error))?;
    if let Moved::Bytes(bytes) = moved {
        window.sent(bytes);
    }
    Ok(moved)
}

/// Receives the available bytes and lets `listen` read them, until no more come or `listen` says
/// that the conversation is over. The next piece often arrives while one is read, so asking for it
/// costs less than waiting for it first.
pub(super) fn hear(
    socket: &Socket,
    inbox: &mut Inbox,
    moved: &mut usize,
    call: Deadline,
    mut listen: impl FnMut(&mut Inbox) -> Result<bool, &'static str>,
) -> Result<(), String> {
    for pieces in 0_usize.. {
        if pieces > PIECES && call.is_over() {
            break;
        }
        let room = inbox.room();
        let Moved::Bytes(bytes) = socket.receive(room).map_err(|error| broken(&error))? else {
            return Ok(());
        };
        *moved += bytes;
        inbox.received(bytes);
        let over = listen(inbox);
        if over.map_err(|why| format!("does not follow the protocol: it sent {why}"))? {
            break;
        }
    }
    Ok(())
}

pub(super) fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "closed the connection".to_owned(),
        // Of TLS, which says what is wrong.
        io::ErrorKind::InvalidData => error.to_string(),
        _ => format!("broke the connection: {error}"),
    }
}
