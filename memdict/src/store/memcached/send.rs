//! Sends bytes on any stream, and never causes the signal SIGPIPE.

use std::{
    io::{self, IoSlice},
    os::fd::BorrowedFd,
};

use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};

/// On Apple's systems, the option of the socket says the same.
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: SendFlags = SendFlags::empty();
#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;

/// Sends as much as the system takes at once, without a signal.
pub(super) fn send_now(fd: BorrowedFd<'_>, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    Ok(match slices {
        [slice] => send(fd, slice, NO_SIGNAL)?,
        _ => {
            let mut nothing = SendAncillaryBuffer::default();
            sendmsg(fd, slices, &mut nothing, NO_SIGNAL)?
        }
    })
}
