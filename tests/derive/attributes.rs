//! The attributes of types and of fields.

use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use memdict::{
    __private::{Changes, fingerprint, is_inexact},
    Tracked,
};
use serde::{Deserialize, Serialize};

fn diff<T: Tracked>(base: &T, now: &T) -> Vec<String> {
    let (mut changes, mut paths) = (T::Changes::default(), Vec::new());
    T::diff(base, now, &mut changes);
    changes.visit(false, "", &mut |path| paths.push(path));
    assert_eq!(T::same(base, now), paths.is_empty());
    paths
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Foreign {
    id: u32,
    by_name: HashMap<u8, u8>,
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Rounds, so that two values may be the same without being equal.
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:.1}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[derive(Default, Serialize, Deserialize, Tracked)]
#[memdict(edit = View, changes = Marks)]
struct Mixed {
    #[memdict(opaque)]
    foreign: Foreign,
    #[serde(with = "as_text")]
    rounded: f64,
    #[memdict(untracked)]
    reads: u32,
    #[memdict(opaque, allow_interior)]
    hits: AtomicU32,
    #[memdict(opaque, untracked)]
    last: Foreign,
}

#[test]
fn opaque_fields_are_compared_by_their_encoding() {
    let (mut mixed, mut marks) = (Mixed::default(), Marks::default());
    {
        let mut view: View<'_> = Tracked::edit(&mut mixed, &mut marks);
        view.foreign.id = 1;
        *view.rounded = 0.04;
        *view.reads += 1;
        view.last.id += 1;
    }
    assert!(marks.foreign && marks.rounded && !marks.hits);
    assert_eq!(diff(&Mixed::default(), &mixed), ["foreign"]);
    mixed.rounded = 0.06;
    mixed.hits.fetch_add(1, Ordering::Relaxed);
    assert_eq!(diff(&Mixed::default(), &mixed), ["foreign", "rounded", "hits"]);
}

#[test]
fn untracked_fields_are_stored_but_not_compared() {
    let read = Mixed { reads: 7, ..Mixed::default() };
    assert!(diff(&Mixed::default(), &read).is_empty());
    assert!(is_inexact::<Mixed>());
}

mod schema {
    use super::{Deserialize, Foreign, Serialize, Tracked};

    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Same")]
    pub(super) struct Opaque(#[memdict(opaque)] pub(super) Foreign);
    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Same")]
    pub(super) struct OpaqueTwo(#[memdict(opaque, version = 2)] pub(super) Foreign);
    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Same")]
    #[memdict(version = 1)]
    pub(super) struct One(pub(super) u8);
    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Same")]
    #[memdict(version = 1)]
    pub(super) struct OneAgain(pub(super) String);
    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Same")]
    #[memdict(version = 2)]
    pub(super) struct Two(pub(super) u8);
    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Same", rename_all = "camelCase")]
    pub(super) struct Camel {
        pub(super) last_path: u8,
    }
    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Same")]
    pub(super) struct Renamed {
        #[serde(rename = "lastPath")]
        pub(super) path: u8,
    }
    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Same")]
    pub(super) struct Plain {
        pub(super) last_path: u8,
    }
}

#[test]
fn versions_distinguish_what_the_schema_does_not_describe() {
    use schema::*;
    assert_ne!(fingerprint::<Opaque>(), fingerprint::<OpaqueTwo>());
    assert_eq!(fingerprint::<One>(), fingerprint::<OneAgain>());
    assert_ne!(fingerprint::<One>(), fingerprint::<Two>());
}

#[test]
fn fields_have_the_names_that_serde_gives_them() {
    use schema::*;
    assert_eq!(fingerprint::<Camel>(), fingerprint::<Renamed>());
    assert_ne!(fingerprint::<Camel>(), fingerprint::<Plain>());
    assert_eq!(diff(&Camel { last_path: 1 }, &Camel { last_path: 2 }), ["lastPath"]);
}

mod secs {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Duration, to: S) -> Result<S::Ok, S::Error> {
        at.as_secs().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_secs)
    }
}

#[derive(Serialize, Deserialize, Tracked)]
struct Event {
    #[serde(with = "secs")]
    at: Duration,
    name: String,
}

#[derive(Serialize, Deserialize, Tracked)]
struct Pair(#[serde(with = "secs")] Duration, u8);

#[derive(Serialize, Deserialize, Tracked)]
enum Either {
    Named {
        #[serde(serialize_with = "secs::serialize", deserialize_with = "secs::deserialize")]
        at: Duration,
        name: String,
    },
    Pair(#[serde(with = "secs")] Duration, u8),
}

#[test]
fn a_field_with_functions_of_its_own_may_come_first() {
    let at = Duration::from_secs;
    let event = |at, name: &str| Event { at, name: name.into() };
    assert_eq!(diff(&event(at(1), "a"), &event(at(2), "b")), ["at", "name"]);
    assert!(diff(&event(at(1), "a"), &event(at(1) + Duration::from_millis(1), "a")).is_empty());
    assert_eq!(diff(&Pair(at(1), 1), &Pair(at(1), 2)), ["1"]);
    let named = |at, name: &str| Either::Named { at, name: name.into() };
    assert_eq!(diff(&named(at(1), "a"), &named(at(2), "b")), ["at", "name"]);
    assert_eq!(diff(&Either::Pair(at(1), 1), &Either::Pair(at(2), 1)), ["0"]);
}

/// `Money<Usd>` is not read as `Money<Eur>`, whether serde stores the marker or skips it.
#[test]
fn the_argument_of_a_marker_is_part_of_the_schema() {
    struct Usd;
    struct Eur;

    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(bound = "")]
    struct Money<C: Send + Sync + 'static>(u64, PhantomData<C>);

    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(bound = "")]
    struct Skipped<C: Send + Sync + 'static> {
        cents: u64,
        #[serde(skip)]
        of: PhantomData<C>,
    }

    assert_ne!(fingerprint::<Money<Usd>>(), fingerprint::<Money<Eur>>());
    assert_ne!(fingerprint::<Vec<Skipped<Usd>>>(), fingerprint::<Vec<Skipped<Eur>>>());
    assert_ne!(fingerprint::<PhantomData<Usd>>(), fingerprint::<PhantomData<Eur>>());
    let session = memdict::Cache::open("memory:").unwrap();
    session.transaction(|s| s.dict("m").insert("a", Money::<Usd>(1, PhantomData))).unwrap();
    assert!(session.session().dict::<Money<Eur>>("m").get("a").unwrap().is_none());
}
