//! The classic text protocol: `gets`, `set`, `add`, `cas`, `delete`, `touch`, `incr` and `decr`.
//!
//! Its answers carry no mark, so every request is answered, and answers belong to requests by their
//! position. Only `gets` is answered by as many values as there are, each with its key, and then
//! `END`.

pub(super) mod answer;
pub(super) mod request;
