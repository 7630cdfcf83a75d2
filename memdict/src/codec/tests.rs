//! The limits, at their edges.

use std::{
    collections::{BTreeMap, HashMap, LinkedList},
    thread,
};

use serde::{Deserialize, Serialize};

use super::{Codec, Known, Limits, same_encoding};

#[derive(Debug, Default, Serialize, Deserialize)]
struct Tree {
    children: Vec<Tree>,
}

/// Returns a tree of this many levels of nesting, which is even.
fn tree(levels: usize) -> Tree {
    let mut tree = Tree::default();
    for _ in 1..levels / 2 {
        tree = Tree { children: vec![tree] };
    }
    tree
}

/// Drops a tree without recursion.
fn fell(tree: Tree) {
    let mut left = tree.children;
    while let Some(mut tree) = left.pop() {
        left.append(&mut tree.children);
    }
}

const KNOWN: Known = Known { trial: None, largest: 64 };

fn encode<T: Serialize + serde::de::DeserializeOwned>(value: &T) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let encoded = Codec::DEFAULT.encode(value, Limits::DEFAULT, &KNOWN, &mut out);
    encoded.map(|()| out).map_err(|error| error.to_string())
}

fn decode<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Result<T, String> {
    Codec::DEFAULT.decode(payload, Limits::DEFAULT).map_err(|error| error.to_string())
}

/// Runs in a thread with the smallest stack that Rust gives one.
fn in_a_thread(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(work);
    thread.expect("it starts").join().expect("it does not panic");
}

#[test]
fn a_value_is_encoded_and_decoded_down_to_the_same_level() {
    in_a_thread(|| {
        let bytes = encode(&tree(128)).expect("128 levels are allowed");
        assert!(decode::<Tree>(&bytes).is_ok());
        let error = encode(&tree(130)).expect_err("it is too deep");
        assert!(error.contains("128 levels") && error.contains("max_depth"), "{error}");
        // Each level is one byte: a sequence of one tree.
        let deeper = [vec![1; 64], vec![0]].concat();
        assert!(decode::<Tree>(&deeper).expect_err("it is too deep").contains("128 levels"));
        assert!(decode::<Tree>(&[1; 1 << 20]).is_err());
    });
}

#[test]
fn a_value_of_any_depth_is_an_error_and_compared_with_a_decoded_one() {
    in_a_thread(|| {
        let (deep, flat) = (tree(200_000), tree(128));
        assert!(encode(&deep).is_err());
        assert!(!same_encoding(&deep, &flat) && !same_encoding(&flat, &deep));
        assert!(same_encoding(&tree(1000), &tree(1000)));
        fell(deep);
    });
}

/// The varint of 2^60.
const HUGE: [u8; 9] = [253, 0, 0, 0, 0, 0, 0, 0, 16];

#[test]
fn a_claimed_length_is_refused_before_anything_is_allocated_or_repeated() {
    assert!(decode::<Vec<()>>(&HUGE).is_err());
    assert!(decode::<LinkedList<()>>(&HUGE).is_err());
    assert!(decode::<Vec<[u8; 0]>>(&HUGE).is_err());
    assert!(decode::<BTreeMap<(), ()>>(&HUGE).is_err());
    assert!(decode::<HashMap<u8, u8>>(&HUGE).is_err());
    assert!(decode::<String>(&HUGE).is_err());
    // Above 1 MiB of payload as well: 60 GiB are claimed.
    let mut payload = HUGE.to_vec();
    payload[1..].copy_from_slice(&(60_u64 << 30).to_le_bytes());
    payload.resize(2 << 20, b'a');
    assert!(decode::<String>(&payload).is_err());
    assert!(decode::<Box<str>>(&payload).is_err());
    assert!(decode::<Vec<u8>>(&payload).is_err());
}

#[test]
fn elements_without_bytes_are_counted_over_all_collections() {
    assert_eq!(encode(&vec![(); 65_536]).map(|bytes| bytes.len()), Ok(3 + 2));
    let error = encode(&vec![(); 66_000]).expect_err("they are too many");
    assert!(error.contains("store their number"), "{error}");
    // Many lists of many nothings are no way round.
    let mut lists = vec![251, 0, 1];
    for _ in 0..256 {
        lists.extend([251, 0, 16]);
    }
    assert!(decode::<Vec<Vec<()>>>(&lists).is_err());
    // No list is too long if it has a byte for each element.
    let many = vec![vec![0_u8; 1000]; 1000];
    assert_eq!(decode::<Vec<Vec<u8>>>(&encode(&many).expect("it encodes")), Ok(many));
}

/// One byte if it is empty, and in memory two kilobytes.
#[allow(clippy::large_enum_variant, reason = "this is what the limit on memory is for")]
#[derive(Debug, Serialize, Deserialize)]
enum Wide {
    Empty,
    Full([[u64; 32]; 8]),
}

#[test]
fn a_value_that_needs_too_much_memory_is_refused_by_both_sides() {
    fn wide(count: usize) -> Vec<Wide> {
        (0..count).map(|_| Wide::Empty).collect()
    }

    let known = Known { trial: None, largest: size_of::<Wide>() };
    let encode = |value: &Vec<Box<Wide>>, limits| {
        let mut out = Vec::new();
        Codec::DEFAULT.encode(value, limits, &known, &mut out).map(|()| out)
    };
    let payload = |count: u32| {
        let mut payload = vec![252];
        payload.extend(count.to_le_bytes());
        payload.resize(5 + count as usize, 0);
        payload
    };
    // 64 MiB hold 32,752 of them.
    assert_eq!(decode::<Vec<Wide>>(&payload(32_000)).map(|list| list.len()), Ok(32_000));
    let refused = decode::<Vec<Wide>>(&payload(1 << 20)).map(drop);
    let error = refused.expect_err("it is 2 GiB");
    assert!(error.contains("max_memory"), "{error}");
    // Boxes do not hide them.
    assert!(decode::<Vec<Box<Wide>>>(&payload(1 << 20)).is_err());
    assert!(decode::<Vec<Option<Box<Wide>>>>(&[1; 1 << 20]).is_err());
    // What is allowed to be written can be read, with any limit.
    let boxed: Vec<Box<Wide>> = wide(100).into_iter().map(Box::new).collect();
    for memory in [1 << 10, 1 << 16, 1 << 18, 1 << 20] {
        let limits = Limits { memory: Some(memory), ..Limits::DEFAULT };
        let written = encode(&boxed, limits);
        assert_eq!(written.is_ok(), memory > 100 * size_of::<Wide>(), "{memory}");
        if let Ok(bytes) = written {
            assert!(Codec::DEFAULT.decode::<Vec<Box<Wide>>>(&bytes, limits).is_ok());
        }
    }
    assert!(decode::<Wide>(&encode_wide()).is_ok());
}

fn encode_wide() -> Vec<u8> {
    encode(&Wide::Full([[u64::MAX; 32]; 8])).expect("it encodes")
}

#[test]
fn nothing_is_counted_twice() {
    // Structs in structs: the memory of each is that of the outer one.
    #[derive(Serialize, Deserialize)]
    struct Outer {
        inner: (Option<[u64; 20]>, [[u8; 32]; 2]),
    }
    let list: Vec<Outer> = (0..100).map(|_| Outer { inner: (None, [[0; 32]; 2]) }).collect();
    let bytes = encode(&list).expect("it encodes");
    let limits = |memory| Limits { memory: Some(memory), ..Limits::DEFAULT };
    let needed = 100 * size_of::<Outer>();
    assert!(Codec::DEFAULT.decode::<Vec<Outer>>(&bytes, limits(needed)).is_ok());
    assert!(Codec::DEFAULT.decode::<Vec<Outer>>(&bytes, limits(needed - 1)).is_err());
}

#[test]
fn a_field_that_is_left_out_is_an_error_that_names_it() {
    #[derive(Serialize, Deserialize)]
    struct Job {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retries: Option<u8>,
        payload: Vec<u8>,
    }

    let job = |retries| Job { retries, payload: vec![2, 7, 7] };
    assert!(encode(&job(Some(3))).is_ok());
    let error = encode(&job(None)).expect_err("the next field would be read as this one");
    assert!(error.contains("`retries` of `Job`") && error.contains("as_json"), "{error}");
}

#[cfg(feature = "json")]
#[test]
fn json_has_limits_of_its_own() {
    use super::json::{from_text, to_text};

    in_a_thread(|| {
        let deep = tree(200_000);
        let error = to_text(&deep).expect_err("it is too deep").to_string();
        assert!(error.contains("127 levels"), "{error}");
        fell(deep);
        let text = to_text(&tree(126)).expect("127 levels are allowed");
        assert!(from_text::<Tree>(&text).is_ok());
        assert!(to_text(&[f64::NAN]).is_err() && to_text(&f32::INFINITY).is_err());
        assert_eq!(to_text(&HashMap::from([("b", 1), ("a", 2)])).unwrap(), r#"{"a":2,"b":1}"#);
        for float in [0.1 + 0.2, f64::MIN_POSITIVE, 1e300, -0.0] {
            let back: f64 = from_text(&to_text(&float).unwrap()).unwrap();
            assert_eq!(back.to_bits(), float.to_bits());
        }
    });
}
