//! Notices a call that blocks a worker of tokio.

use std::sync::Once;

use crate::log::warning;

/// Logs, once in this process, that a call is about to wait for a server on a thread whose other
/// tasks then wait as well.
pub(super) fn about_to_block() {
    static SAID: Once = Once::new();
    if tokio::runtime::worker_index().is_some() {
        SAID.call_once(|| {
            warning!(
                "a `Cache` blocks a worker of a tokio runtime, whose other tasks wait meanwhile: \
                 use `AsyncCache` in tasks (`cache.to_async()`)"
            );
        });
    }
}
