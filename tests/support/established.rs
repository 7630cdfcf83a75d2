//! Whether a connection of this machine still stands, as the kernel has it.

use std::net::SocketAddrV4;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// The numbers of the kernel's interface `sock_diag(7)`.
const BY_FAMILY: u16 = 20;
const REQUEST: u16 = 1;
const INET: u8 = 2;
const TCP: u8 = 6;
const ESTABLISHED: u8 = 1;

/// Returns whether the end of a connection at `here` is open, and has not seen that the other end, at
/// `there`, is gone. One connection is asked for: `/proc/net/tcp` has every one that ended within a
/// minute, and in a long run there are tens of thousands. Where the kernel does not tell, the end is
/// taken to have arrived.
pub(crate) fn is_established(here: SocketAddrV4, there: SocketAddrV4) -> bool {
    state(here, there) == Some(ESTABLISHED)
}

fn state(here: SocketAddrV4, there: SocketAddrV4) -> Option<u8> {
    let (kind, flags) = (SocketType::DGRAM, SocketFlags::CLOEXEC);
    let kernel = socket_with(AddressFamily::NETLINK, kind, flags, Some(netlink::SOCK_DIAG)).ok()?;
    send(&kernel, &request(here, there), SendFlags::empty()).ok()?;
    let mut answer = [0; 1024];
    let (length, _) = recv(&kernel, &mut answer, RecvFlags::empty()).ok()?;
    let answer = &answer[..length];
    // Another type is an error: there is no such connection.
    let found = answer.get(4..6)? == BY_FAMILY.to_ne_bytes();
    answer.get(17).copied().filter(|_| found)
}

/// A header of a message, and `inet_diag_req_v2`.
fn request(here: SocketAddrV4, there: SocketAddrV4) -> Vec<u8> {
    const LENGTH: u32 = 72;
    let mut request = Vec::with_capacity(LENGTH as usize);
    request.extend(LENGTH.to_ne_bytes());
    request.extend(BY_FAMILY.to_ne_bytes());
    request.extend(REQUEST.to_ne_bytes());
    request.extend([0; 8]);
    // In any state, without further facts.
    request.extend([INET, TCP, 0, 0]);
    request.extend(u32::MAX.to_ne_bytes());
    request.extend(here.port().to_be_bytes());
    request.extend(there.port().to_be_bytes());
    for end in [here, there] {
        request.extend(end.ip().octets());
        request.extend([0; 12]);
    }
    // On any interface, whichever socket it is.
    request.extend(0_u32.to_ne_bytes());
    request.extend(u64::MAX.to_ne_bytes());
    request
}
