//! Decodes hostile payloads as values of many types.
//!
//! Whatever the bytes are, decoding ends, without a panic and within its limits. What decodes is
//! encoded, decodes again, and is then the same value.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    ffi::{CString, OsString},
    marker::PhantomData,
    net::{IpAddr, SocketAddrV4},
    num::{NonZero, Wrapping},
    ops::{Bound, Range},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{
    Link, Opaque,
    codec::{Codec, Limits},
    track::{Schema, Tracked},
};

#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate")]
struct Node {
    next: Option<Box<Node>>,
}

#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate")]
struct Tree {
    children: Vec<Tree>,
    name: String,
}

#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate")]
enum Shape {
    Point,
    Line(i32, i32),
    Named { name: String, inside: Option<Box<Shape>> },
    Group(Vec<Shape>),
    Same(Box<Shape>),
}

/// One byte if it is empty, and in memory half a kilobyte.
#[allow(clippy::large_enum_variant, reason = "this is what the limit on memory is for")]
#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate")]
enum Wide {
    Empty,
    Full([[u64; 32]; 2]),
}

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate")]
struct Unit;

#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate")]
struct Hollow {
    #[serde(skip)]
    skipped: u64,
    nothing: (),
    of: PhantomData<Unit>,
}

#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate")]
struct Profile {
    name: String,
    age: u8,
    scores: Vec<f64>,
    tags: BTreeMap<String, Option<char>>,
    #[memdict(opaque)]
    shapes: Vec<Shape>,
}

#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate")]
struct Wrapper(Box<Option<Wrapper>>);

/// Decodes a payload as a `T`.
fn decoded<T: Tracked>(payload: &[u8]) {
    let limits = Limits::DEFAULT;
    let Ok(value) = Codec::DEFAULT.decode::<T>(payload, limits) else {
        return;
    };
    let (mut again, known) = (Vec::new(), Schema::of::<T>().known);
    if let Err(error) = Codec::DEFAULT.encode(&value, limits, &known, &mut again) {
        // Bytes may be longer than they need to be, and the limits depend on their length.
        assert!(again.len() < payload.len(), "what was decoded does not encode: {error}");
        return;
    }
    let copy = match Codec::DEFAULT.decode::<T>(&again, limits) {
        Ok(copy) => copy,
        // The promise is broken, which is what the fuzzer looks for.
        Err(error) => panic!("what was encoded does not decode: {error}"),
    };
    assert!(T::same(&value, &copy), "it came back as another value");
}

/// The types that a payload is decoded as.
const TYPES: &[fn(&[u8])] = &[
    decoded::<bool>,
    decoded::<char>,
    decoded::<i128>,
    decoded::<NonZero<u16>>,
    decoded::<Wrapping<i64>>,
    decoded::<(f32, f64)>,
    decoded::<String>,
    decoded::<Cow<'static, str>>,
    decoded::<PathBuf>,
    decoded::<OsString>,
    decoded::<CString>,
    decoded::<Duration>,
    decoded::<SystemTime>,
    decoded::<IpAddr>,
    decoded::<SocketAddrV4>,
    decoded::<Vec<u8>>,
    decoded::<Vec<()>>,
    decoded::<Vec<Vec<()>>>,
    decoded::<Vec<[u8; 0]>>,
    decoded::<Box<[Option<u64>]>>,
    decoded::<[String; 4]>,
    decoded::<VecDeque<Unit>>,
    decoded::<LinkedList<()>>,
    decoded::<BinaryHeap<Reverse<u8>>>,
    decoded::<BTreeMap<(), ()>>,
    decoded::<BTreeMap<u32, Vec<String>>>,
    decoded::<BTreeSet<(u8, i8)>>,
    decoded::<HashMap<String, f32>>,
    decoded::<HashSet<Unit>>,
    decoded::<Result<Range<u8>, Bound<u16>>>,
    decoded::<Link<u8>>,
    decoded::<Opaque<Vec<()>>>,
    decoded::<Node>,
    decoded::<Tree>,
    decoded::<Shape>,
    decoded::<Vec<Wide>>,
    decoded::<Vec<Box<Wide>>>,
    decoded::<Vec<Hollow>>,
    decoded::<Profile>,
    decoded::<Wrapper>,
    #[cfg(feature = "json")]
    decoded::<crate::Json<BTreeMap<String, f64>>>,
    #[cfg(feature = "indexmap")]
    decoded::<indexmap::IndexMap<u8, [u64; 8]>>,
    #[cfg(feature = "smallvec")]
    decoded::<smallvec::SmallVec<[Option<u64>; 4]>>,
    #[cfg(feature = "bytes")]
    decoded::<bytes::Bytes>,
    #[cfg(feature = "chrono")]
    decoded::<chrono::DateTime<chrono::Utc>>,
    #[cfg(feature = "time")]
    decoded::<time::OffsetDateTime>,
    #[cfg(feature = "uuid")]
    decoded::<uuid::Uuid>,
];

/// Decodes a payload as the type that the first byte selects.
pub fn codec(data: &[u8]) {
    if let Some((first, payload)) = data.split_first() {
        TYPES[usize::from(*first) % TYPES.len()](payload);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use xxhash_rust::xxh3::xxh3_64_with_seed;

    use super::*;

    /// The smallest stack that Rust gives a thread.
    fn in_a_thread(work: impl FnOnce() + Send + 'static) {
        let thread = thread::Builder::new().stack_size(2 << 20).spawn(work);
        thread.expect("it starts").join().expect("it does not panic");
    }

    fn seeds() -> Vec<Vec<u8>> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds/codec");
        // A packed crate has no seeds.
        let files = fs::read_dir(folder).into_iter().flatten();
        let mut seeds: Vec<_> = files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
        // Lengths and levels that are only claimed, as a value of each type.
        for kind in 0..TYPES.len() as u8 {
            seeds.push([&[kind, 253][..], &(1_u64 << 60).to_le_bytes()].concat());
            seeds.push([&[kind, 251, 0, 255][..], &[1; 255]].concat());
            seeds.push([&[kind][..], &[1; 4096]].concat());
            seeds.push([&[kind][..], &[0; 64]].concat());
        }
        seeds.sort();
        seeds
    }

    #[test]
    fn no_payload_of_any_type_stops_a_reader() {
        assert!(TYPES.len() >= 30);
        in_a_thread(|| {
            for seed in seeds() {
                codec(&seed);
                for round in 0..20 {
                    let mut mutated = seed.clone();
                    // A few bytes are set to numbers that depend on the seed alone.
                    for step in 0..1 + round % 4 {
                        let random = xxh3_64_with_seed(&seed, round << 8 | step);
                        let at = random as usize % mutated.len();
                        mutated[at] = (random >> 32) as u8;
                    }
                    mutated.truncate(1 + xxh3_64_with_seed(&mutated, round) as usize % seed.len());
                    codec(&mutated);
                }
            }
        });
    }
}
