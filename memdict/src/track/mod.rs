//! Tracking: what a session knows about the changes of a value.
//!
//! Three questions are asked, at three prices. *Dirty*: was the value lent for writing, and
//! perhaps changed? A flag says so, which [`Field`] and the guards set. *Same*: does the value
//! still mean what was loaded? `Tracked::same` says so, and is asked only where encoded bytes
//! cannot tell. *Which fields?* `Tracked::diff` says so, and is asked only for an explanation.
//!
//! - `tracked` is the trait, `changes` are the flags.
//! - `shape` describes what a type stores, with `argument` for what a generic type was given and
//!   does not store; `schema` works out the fingerprint.
//! - `field` and `enum_field` are the parts of a view, `assign` what a field takes for a value.
//! - `leaf` is for types that are one part, with `collections`, `wrappers`, `shared`, `foreign`
//!   and `opaque` for the kinds of them.
//! - `merge` is for two changes of one value.

mod argument;
mod assign;
mod changes;
mod collections;
mod enum_field;
mod field;
mod foreign;
pub(crate) mod leaf;
pub(crate) mod merge;
mod opaque;
mod schema;
mod shape;
mod shared;
mod tracked;
mod wrappers;

pub use argument::{name_of, written};
pub use assign::AssignFrom;
pub use changes::{Changes, debug, join, visit};
pub use collections::HashKey;
pub use enum_field::{EnumField, TrackedEnum};
pub use field::Field;
pub use merge::conflict::MergeConflict;
pub use opaque::Opaque;
pub(crate) use opaque::same_encoding;
pub(crate) use schema::Schema;
pub use shape::Shape;
pub use tracked::{Stored, Tracked, shape};
