//! Types of every kind merge.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::atomic::{AtomicU32, Ordering},
};

use memdict::Tracked;
use serde::{Deserialize, Serialize};

use super::{BOTH, conflict, merged};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Page<T: Ord, const N: usize> {
    rows: Vec<T>,
    #[memdict(merge = max)]
    best: T,
    #[memdict(merge = union)]
    known: BTreeSet<T>,
    #[memdict(merge = union)]
    by_key: BTreeMap<T, T>,
    #[memdict(merge = append)]
    log: Vec<T>,
    #[memdict(merge = with(prefer_ours))]
    chosen: T,
    #[memdict(merge = sum)]
    total: u64,
}

fn prefer_ours<T>(_: &T, _: &T, _: &T) -> Result<T, &'static str> {
    Err("not chosen")
}

#[test]
fn a_generic_type_merges() {
    let page = |best: u8, total| Page::<u8, 3> {
        rows: Vec::new(),
        best,
        known: [best].into(),
        by_key: [(best, 1)].into(),
        log: vec![best],
        chosen: 0,
        total,
    };
    let mut ours = page(1, 11);
    ours.known.insert(2);
    ours.by_key.insert(2, 2);
    ours.log.push(2);
    ours.best = 2;
    let mut theirs = page(1, 12);
    theirs.known.insert(3);
    theirs.by_key.insert(3, 3);
    theirs.log.push(3);
    theirs.best = 3;
    let both = merged(&page(1, 10), &ours, &theirs).unwrap();
    assert_eq!((both.best, both.total, both.log), (3, 13, vec![1, 3, 2]));
    assert_eq!(both.known, [1, 2, 3].into());
    assert_eq!(both.by_key, [(1, 1), (2, 2), (3, 3)].into());
}

/// Contains itself, behind a box and through another type.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Tree {
    #[memdict(merge = sum)]
    count: u32,
    next: Option<Box<Tree>>,
    branches: Vec<Branch>,
    #[memdict(merge = union)]
    named: BTreeMap<u8, Tree>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
enum Branch {
    Leaf(u8),
    Fork(Box<Tree>, #[memdict(merge = union)] HashMap<u8, Branch>),
}

#[test]
fn a_recursive_type_merges() {
    let tree = |count, key| {
        let leaf = Tree { count, ..Tree::default() };
        Tree { count, named: [(0, Tree::default()), (key, leaf)].into(), ..Tree::default() }
    };
    let base = Tree { named: [(0, Tree::default())].into(), ..Tree::default() };
    let both = merged(&base, &tree(2, 1), &tree(3, 2)).unwrap();
    assert_eq!((both.count, both.named.len()), (5, 3));
    let fork = |keys: &[u8]| {
        let named = keys.iter().map(|key| (*key, Branch::Leaf(1))).collect();
        Branch::Fork(Box::default(), named)
    };
    assert_eq!(merged(&fork(&[]), &fork(&[1]), &fork(&[2])), Ok(fork(&[1, 2])));
    let why = "a key was inserted on both sides";
    assert_eq!(merged(&fork(&[]), &fork(&[1]), &fork(&[1])), conflict("1", why));
}

static DROPPED: AtomicU32 = AtomicU32::new(0);

/// Has a destructor, so no field can be moved out of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Guarded {
    name: String,
    #[memdict(merge = append)]
    log: Vec<u8>,
    #[memdict(merge = union)]
    known: HashMap<u8, String>,
}

impl Drop for Guarded {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_type_with_a_drop_merges_and_is_dropped_once_each() {
    let guarded = |name: &str, tail: &[u8], known: u8| Guarded {
        name: name.into(),
        log: [&[1], tail].concat(),
        known: [(known, name.into())].into(),
    };
    let before = DROPPED.load(Ordering::Relaxed);
    {
        let (base, ours, theirs) =
            (guarded("a", &[], 1), guarded("a", &[2], 1), guarded("b", &[3], 1));
        let both = merged(&base, &ours, &theirs).unwrap();
        assert_eq!((&*both.name, &*both.log), ("b", &[1, 3, 2][..]));
        assert_eq!(both.known[&1], "b");
    }
    // Three values and two copies, one of which became `both`.
    assert_eq!(DROPPED.load(Ordering::Relaxed) - before, 5);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Pair(#[memdict(merge = sum)] i8, String);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Nothing;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Unseen {
    #[memdict(untracked)]
    reads: u8,
}

#[expect(dead_code, reason = "there is none")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
enum Never {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
enum Single {
    Only(#[memdict(merge = sum)] u8, #[memdict(untracked)] u8),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
enum Lone {
    Only,
}

#[test]
fn small_types_merge() {
    let pair = |n, text: &str| Pair(n, text.into());
    assert_eq!(merged(&pair(1, "a"), &pair(2, "b"), &pair(3, "a")), Ok(pair(4, "b")));
    assert_eq!(merged(&pair(1, "a"), &pair(2, "b"), &pair(3, "c")), conflict("1", BOTH));
    assert_eq!(merged(&Nothing, &Nothing, &Nothing), Ok(Nothing));
    let unseen = |reads| Unseen { reads };
    assert_eq!(merged(&unseen(1), &unseen(2), &unseen(3)), Ok(unseen(2)));
    assert_eq!(merged(&Switch::On, &Switch::Off, &Switch::On), Ok(Switch::Off));
    assert_eq!(merged(&Switch::On, &Switch::On, &Switch::Off), Ok(Switch::Off));
    assert_eq!(merged(&Switch::On, &Switch::Off, &Switch::Off), Err(BOTH.into()));
    let single = Single::Only;
    assert_eq!(merged(&single(1, 1), &single(2, 2), &single(3, 3)), Ok(single(4, 2)));
    assert_eq!(merged(&Lone::Only, &Lone::Only, &Lone::Only), Ok(Lone::Only));
}

/// A macro writes the type from its arguments.
macro_rules! written {
    ($name:ident { $field:ident: $type:ty, $rule:ident, $function:path }) => {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        struct $name {
            $field: $type,
            #[memdict(merge = $rule)]
            ruled: $type,
            #[memdict(merge = with($function))]
            asked: $type,
        }
    };
}

written! { Written { plain: u32, sum, prefer_ours } }

#[test]
fn a_type_that_a_macro_wrote_merges() {
    let written = |plain, ruled, asked| Written { plain, ruled, asked };
    let both = merged(&written(1, 1, 1), &written(2, 2, 1), &written(1, 3, 2));
    assert_eq!(both, Ok(written(2, 4, 2)));
    let both = merged(&written(1, 1, 1), &written(1, 1, 2), &written(1, 1, 3));
    assert_eq!(both, conflict("asked", "not chosen"));
}

/// Nothing that generated code might name is in scope.
mod bare {
    mod memdict {}

    #[expect(dead_code, reason = "only has to build")]
    #[derive(::serde::Serialize, ::serde::Deserialize, ::memdict::Tracked)]
    #[memdict(merge)]
    enum Result<Ok, Err> {
        Some(#[memdict(merge = sum)] u8, ::std::vec::Vec<Ok>),
        None { __memdict_base: Err },
    }
}
