//! Values of older types, converted by generated code.

use serde::{Deserialize, Serialize};

use super::*;
use crate::codec::{Codec, Limits};

#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate")]
struct One {
    total: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate", from = One)]
struct Two {
    total: u16,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate", from = Two)]
struct Three {
    owner: String,
    total: u32,
}

impl From<One> for Two {
    fn from(one: One) -> Self {
        let total = one.total.into();
        Self { total }
    }
}

impl From<Two> for Three {
    fn from(two: Two) -> Self {
        let total = two.total.into();
        Self { owner: String::new(), total }
    }
}

fn stored<T: Tracked>(value: &T) -> (u64, Vec<u8>) {
    let mut payload = Vec::new();
    Codec::default().copy(value, Limits::DEFAULT, &mut payload).unwrap();
    (fingerprint::<T>(), payload)
}

fn load<T: Tracked>((fingerprint, payload): &(u64, Vec<u8>)) -> Option<Result<T, BoxError>> {
    T::from_older(*fingerprint, Encoded::new(Codec::default(), payload, Limits::DEFAULT))
}

#[test]
fn older_types_are_found_along_the_chain() {
    let three = |total| Three { owner: String::new(), total };
    let found = load::<Three>(&stored(&One { total: 1 }));
    assert_eq!(found.unwrap().unwrap(), three(1));
    let found = load::<Three>(&stored(&Two { total: 300 }));
    assert_eq!(found.unwrap().unwrap(), three(300));
    // A type is not older than itself, and a type that is not named is a miss.
    assert!(load::<Three>(&stored(&three(1))).is_none());
    assert!(load::<Two>(&stored(&three(1))).is_none());
    // Bytes that do not decode are an error of the codec.
    let (fingerprint, _) = stored(&Two { total: 1 });
    assert!(load::<Three>(&(fingerprint, Vec::new())).unwrap().is_err());
}

#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate", from = Pong)]
struct Ping(u8);

#[derive(Serialize, Deserialize, crate::Tracked)]
#[memdict(crate = "crate", from = Ping)]
struct Pong(u16);

impl From<Pong> for Ping {
    fn from(pong: Pong) -> Self {
        Self(pong.0 as u8)
    }
}

impl From<Ping> for Pong {
    fn from(ping: Ping) -> Self {
        Self(ping.0.into())
    }
}

#[test]
fn two_types_may_each_be_the_older_one_of_the_other() {
    assert_eq!(load::<Ping>(&stored(&Pong(7))).unwrap().unwrap().0, 7);
    assert_eq!(load::<Pong>(&stored(&Ping(7))).unwrap().unwrap().0, 7);
    assert!(load::<Ping>(&stored(&One { total: 1 })).is_none());
}
