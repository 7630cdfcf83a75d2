//! What the fuzzer drives: each function takes any bytes, and panics only if a promise is broken. As
//! tests, they run over the seeds of the fuzzer and over many changes of them.

#[cfg(unix)]
mod answers;
mod codec;
mod envelope;
#[cfg(unix)]
mod in_order;
#[cfg(test)]
mod mutations;
mod names;
mod url;

#[cfg(unix)]
pub use answers::answers;
pub use codec::codec;
pub use envelope::envelope;
#[cfg(unix)]
pub use in_order::in_order;
pub use names::names;
pub use url::url;
