//! The reasons for which a lane fails, as texts that follow the server's name.

use std::io;

/// Added if a server closes the connection during the greeting. It may have said why, but the end
/// of the stream was seen first.
pub(super) const ASKED: &str = "when asked for its version: it may have no connection free (its option `-c`), \
                     or be a proxy without meta commands (`memcache+classic:`)";

pub(super) fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "closed the connection".to_owned(),
        _ => format!("broke the connection: {error}"),
    }
}

/// The reason for a server that this build cannot speak to.
pub(super) fn needs_classic(version: &str) -> String {
    let shown: String = version.escape_default().take(40).collect();
    format!(
        "has version `{shown}`, whose meta commands are missing or unreliable: it needs \
         memdict's cargo feature `classic`"
    )
}

pub(super) fn cannot_connect(error: &io::Error) -> String {
    format!("cannot be reached: {error}")
}
