//! Tracking: what a session knows about the changes of a value.
//!
//! It answers three questions, each more expensive than the one before. *Dirty*: was the value lent
//! for writing, and perhaps changed? A flag tells, which [`Field`] and the guards set. *Same*: does
//! the value still mean what was loaded? `Tracked::same` tells, and is called only if the encoded
//! bytes cannot. *Which fields?* `Tracked::diff` tells, and is called only for an explanation.
//!
//! - `tracked` is the trait, `changes` are the flags.
//! - `shape` describes what a type stores, and `argument` names type arguments that it does not
//!   store; `schema` computes the fingerprint.
//! - `field` and `enum_field` are the parts of a view, and `assign` says what a field can be
//!   assigned from.
//! - `leaf` is for types that are one part; `collections`, `wrappers`, `shared`, `foreign`,
//!   `opaque` and `json` are kinds of them.
//! - `merge` merges two changes of one value.

mod argument;
mod assign;
mod changes;
mod collections;
mod enum_field;
mod field;
mod foreign;
#[cfg(feature = "json")]
mod json;
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
#[cfg(feature = "json")]
pub use json::Json;
pub use merge::conflict::MergeConflict;
pub use opaque::Opaque;
pub(crate) use schema::Schema;
pub use schema::add_lineage;
pub use shape::Shape;
pub use tracked::{Stored, Tracked, shape};
