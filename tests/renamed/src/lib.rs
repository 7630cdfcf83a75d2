//! Generated code uses no name of its surroundings: here every crate has another name than usual,
//! and the usual names mean something else.
#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(missing_docs, unused, unreachable_pub, unused_qualifications)]
#![deny(missing_debug_implementations)]
#![deny(clippy::pedantic)]
#![allow(clippy::inline_always, reason = "serde's expansion has it")]
#![allow(dead_code, reason = "shadows are there to be in the way")]

mod shadows {
    /// In the way of `Option`.
    pub(crate) struct Option;
    /// In the way of `Result`.
    pub(crate) struct Result;
    /// In the way of `String`.
    pub(crate) struct String;
    /// In the way of `Vec`.
    pub(crate) struct Vec;
    /// In the way of `Default`.
    pub(crate) trait Default {}
    /// In the way of `Clone`.
    pub(crate) trait Clone {}
    /// In the way of `Send`.
    pub(crate) trait Send {}
    /// In the way of `Tracked`.
    pub(crate) trait Tracked {}
    /// In the way of `Field`.
    pub(crate) struct Field;
    /// In the way of `memdict`.
    pub(crate) mod memdict {}
    /// In the way of `core`.
    pub(crate) mod core {}
    /// In the way of `std`.
    pub(crate) mod std {}
}

#[allow(unused_imports, reason = "they are in the way of others")]
use self::shadows::*;

/// A struct of every kind of field.
#[derive(::data::Serialize, ::data::Deserialize, ::kept::Tracked)]
#[serde(crate = "::data")]
#[memdict(crate = "::kept", edit = View, changes = Marks, version = 3, merge)]
pub struct Record<T: ::std::cmp::PartialOrd, const N: usize> {
    /// Its name.
    pub name: ::std::string::String,
    #[memdict(merge = max)]
    value: ::std::option::Option<T>,
    #[memdict(untracked)]
    seen: u32,
    #[serde(skip)]
    scratch: ::std::vec::Vec<[u8; N]>,
    #[memdict(opaque, version = 1)]
    foreign: ::std::vec::Vec<u8>,
    /// A field whose name is a keyword.
    pub r#type: Kind,
}

/// An enum of every kind of variant.
#[derive(::std::fmt::Debug, ::data::Serialize, ::data::Deserialize, ::kept::Tracked)]
#[serde(crate = "::data")]
#[memdict(crate = "::kept")]
pub enum Kind {
    /// Has no fields.
    Edit,
    /// Has unnamed fields.
    Changes(u8, ::std::string::String),
    /// Has named fields.
    Variant {
        /// Has the name of a function of the trait.
        edit: u8,
        /// Has the name of another function.
        same: Unit,
    },
}

/// Has public fields only.
#[derive(::std::fmt::Debug, ::data::Serialize, ::data::Deserialize, ::kept::Tracked)]
#[serde(crate = "::data")]
#[memdict(crate = "::kept")]
pub struct Plain {
    /// A number.
    pub id: u64,
}

/// Has a merge rule of every kind.
#[derive(::std::fmt::Debug, ::data::Serialize, ::data::Deserialize, ::kept::Tracked)]
#[serde(crate = "::data")]
#[memdict(crate = "::kept", merge)]
pub struct Merging {
    /// The sum.
    #[memdict(merge = sum)]
    pub sum: u64,
    /// The lesser value.
    #[memdict(merge = min)]
    pub min: i8,
    /// The elements of both sides.
    #[memdict(merge = union)]
    pub union: ::std::collections::BTreeSet<u8>,
    /// The elements of theirs, then those of ours.
    #[memdict(merge = append)]
    pub append: ::std::vec::Vec<u8>,
    /// The value of our side.
    #[memdict(merge = ours)]
    pub ours: u8,
    /// The value of their side.
    #[memdict(merge = theirs)]
    pub theirs: u8,
    /// What a function returns.
    #[memdict(merge = with(longer))]
    pub with: ::std::string::String,
}

fn longer(
    _: &::std::string::String,
    ours: &::std::string::String,
    theirs: &::std::string::String,
) -> ::std::result::Result<::std::string::String, ::std::string::String> {
    if ours.len() == theirs.len() {
        return ::std::result::Result::Err(::std::convert::From::from("equally long"));
    }
    let longer = if ours.len() > theirs.len() { ours } else { theirs };
    ::std::result::Result::Ok(::std::clone::Clone::clone(longer))
}

/// Has no fields.
#[derive(::std::fmt::Debug, ::data::Serialize, ::data::Deserialize, ::kept::Tracked)]
#[serde(crate = "::data")]
#[memdict(crate = "::kept")]
pub struct Unit;

/// Uses the generated types by the names that the attributes give them.
pub fn paths<T: ::kept::Tracked + ::std::cmp::PartialOrd, const N: usize>(
    record: &mut Record<T, N>,
    changes: &mut Marks<T, N>,
) -> ::std::vec::Vec<::std::string::String> {
    let mut view: View<'_, T, N> = ::kept::Tracked::edit(record, changes);
    view.name.mark();
    view.r#type.mark();
    let mut paths = ::std::vec::Vec::new();
    ::kept::__private::Changes::visit(changes, false, "", &mut |path| paths.push(path));
    paths
}

impl<T: ::std::cmp::PartialOrd, const N: usize> ::std::fmt::Debug for Record<T, N> {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        f.write_str("Record")
    }
}

#[cfg(test)]
#[test]
fn generated_code_works_without_a_prelude() {
    let mut record = Record::<u8, 2> {
        name: ::std::string::String::new(),
        value: ::std::option::Option::None,
        seen: 0,
        scratch: ::std::vec::Vec::new(),
        foreign: ::std::vec::Vec::new(),
        r#type: Kind::Edit,
    };
    let mut marks = <Marks<u8, 2> as ::std::default::Default>::default();
    ::std::assert_eq!(paths(&mut record, &mut marks), ["name", "type"]);
}
