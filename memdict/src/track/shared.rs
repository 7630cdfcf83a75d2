//! `Arc`s: each is one part, stored as the value inside.
//!
//! A value behind an `Arc` changes only through a `&mut` to the `Arc`, by `Arc::make_mut` or by
//! another `Arc`, because no tracked type changes behind a `&`. What is loaded shares with nothing.
//!
//! serde stores an `Arc` only with its feature `rc`, which this crate does not enable: features are
//! those of the whole program. The impls hold where the program enables it. The `for` in their
//! bounds lets them be written down where it does not.

use std::{
    ffi::{CStr, OsStr},
    path::Path,
    sync::Arc,
};

use super::{
    leaf::leaves,
    tracked::{Stored, Tracked},
};

leaves! {
    "box" [T: Tracked] Arc<T>, [where Arc<T>: Stored] (T), |a, b| T::same(a, b);
    "seq" [T: Tracked] Arc<[T]>, [where Arc<[T]>: Stored] (T),
        |a, b| a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| T::same(a, b));
    "str" [] Arc<str>, [where for<'a> Arc<str>: Stored] (), |a, b| a == b;
    "path" [] Arc<Path>, [where for<'a> Arc<Path>: Stored] (),
        |a, b| a.as_os_str() == b.as_os_str();
    "os" [] Arc<OsStr>, [where for<'a> Arc<OsStr>: Stored] (), |a, b| a == b;
    "c" [] Arc<CStr>, [where for<'a> Arc<CStr>: Stored] (), |a, b| a == b;
}
