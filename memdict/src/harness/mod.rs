//! What the fuzzer drives: each function takes any bytes, and panics only if a promise is broken. As
//! tests, they run over the seeds of the fuzzer and over many changes of them.

#[cfg(unix)]
mod answers;
#[cfg(test)]
mod mutations;
mod url;

#[cfg(unix)]
pub use answers::answers;
pub use url::url;
