//! The rule `union`. Each case of ZODB's `BTrees` has a test of its own on every kind of map.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::{Hash, Hasher},
};

use indexmap::{IndexMap, IndexSet};
use memdict::Tracked;
use serde::{Deserialize, Serialize};

use super::{conflict, merged};

macro_rules! maps {
    ($($name:ident $map:ident;)*) => {$(
        mod $name {
            use super::*;

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
            #[memdict(merge)]
            struct Stock {
                #[memdict(merge = union)]
                of: $map<u8, String>,
            }

            /// Reads `1a 2b` as key 1 with `a` and key 2 with `b`.
            fn stock(of: &str) -> Stock {
                let of = of.split_whitespace().map(|entry| entry.split_at(1));
                Stock { of: of.map(|(key, value)| (key.parse().unwrap(), value.into())).collect() }
            }

            fn merge(base: &str, ours: &str, theirs: &str) -> Result<Stock, String> {
                merged(&stock(base), &stock(ours), &stock(theirs))
            }

            fn stands(base: &str, one: &str, other: &str, both: &str) {
                assert_eq!(merge(base, one, other), Ok(stock(both)));
                assert_eq!(merge(base, other, one), Ok(stock(both)));
            }

            #[test]
            fn disjoint_inserts_stand() {
                stands("1a", "1a 2b", "1a 3c", "1a 2b 3c");
            }

            #[test]
            fn inserts_into_an_empty_map_stand() {
                stands("", "2b", "3c", "2b 3c");
            }

            #[test]
            fn disjoint_removals_stand() {
                stands("1a 2b 3c", "2b 3c", "1a 3c", "3c");
            }

            #[test]
            fn disjoint_updates_stand() {
                stands("1a 2b 3c", "1x 2b 3c", "1a 2b 3z", "1x 2b 3z");
            }

            #[test]
            fn an_insert_an_update_and_a_removal_stand() {
                stands("1a 2b 3c", "1x 3c", "1a 2b 3z 4d", "1x 3z 4d");
            }

            #[test]
            fn both_updating_to_the_same_value_stands() {
                stands("1a 2b", "1x 2b", "1x 2b 3c", "1x 2b 3c");
            }

            #[test]
            fn both_updating_differently_is_a_conflict() {
                let why = "a key was updated differently on both sides";
                assert_eq!(merge("1a 2b", "1x 2b", "1y 2b"), conflict("of", why));
            }

            #[test]
            fn removing_what_the_other_updates_is_a_conflict_both_ways() {
                let merged = merge("1a 2b", "2b", "1x 2b");
                let why = "a key was removed on our side and updated on theirs";
                assert_eq!(merged, conflict("of", why));
                let merged = merge("1a 2b", "1x 2b", "2b");
                let why = "a key was updated on our side and removed on theirs";
                assert_eq!(merged, conflict("of", why));
            }

            #[test]
            fn both_removing_one_key_is_a_conflict() {
                let merged = merge("1a 2b 3c", "2b 3c", "2b 3z");
                assert_eq!(merged, conflict("of", "a key was removed on both sides"));
            }

            #[test]
            fn both_inserting_one_key_is_a_conflict_even_with_the_same_value() {
                let why = "a key was inserted on both sides";
                assert_eq!(merge("1a", "1a 2b", "1a 2c"), conflict("of", why));
                assert_eq!(merge("1a", "1a 2b", "1a 2b"), conflict("of", why));
                assert_eq!(merge("", "2b", "2b"), conflict("of", why));
            }

            #[test]
            fn emptied_by_ours_is_a_conflict() {
                let merged = merge("1a", "", "1a 2b");
                assert_eq!(merged, conflict("of", "emptied on our side and changed on theirs"));
            }

            #[test]
            fn emptied_by_theirs_is_a_conflict() {
                let merged = merge("1a", "1a 2b", "");
                assert_eq!(merged, conflict("of", "emptied on their side and changed on ours"));
            }

            #[test]
            fn emptied_by_both_is_a_conflict() {
                let merged = merge("1a", "", "");
                assert_eq!(merged, conflict("of", "emptied on our side and changed on theirs"));
            }

            #[test]
            fn an_empty_result_is_a_conflict() {
                let why = "both sides removed keys, and none would be left";
                assert_eq!(merge("1a 2b", "1a", "2b"), conflict("of", why));
            }

            #[test]
            fn emptied_by_one_side_alone_stands() {
                stands("1a", "", "1a", "");
            }
        }
    )*};
}

maps! {
    b_tree_map BTreeMap;
    hash_map HashMap;
    index_map IndexMap;
}

macro_rules! sets {
    ($($name:ident $set:ident;)*) => {$(
        mod $name {
            use super::*;

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
            #[memdict(merge)]
            struct Tags {
                #[memdict(merge = union)]
                of: $set<char>,
            }

            fn tags(of: &str) -> Tags {
                Tags { of: of.chars().collect() }
            }

            #[test]
            fn what_either_side_added_or_removed_stands() {
                for (base, one, other, both) in [
                    ("a", "ab", "ac", "abc"),
                    ("abc", "bc", "ac", "c"),
                    ("abc", "abcd", "bc", "bcd"),
                    ("", "a", "b", "ab"),
                    // The same element, added twice, is added once.
                    ("a", "ab", "ab", "ab"),
                    ("ab", "a", "a", "a"),
                    ("ab", "ac", "acd", "acd"),
                    // An empty set is no conflict either.
                    ("a", "", "ab", "b"),
                    ("ab", "a", "b", ""),
                    ("a", "", "", ""),
                ] {
                    for (ours, theirs) in [(one, other), (other, one)] {
                        let merged = merged(&tags(base), &tags(ours), &tags(theirs));
                        assert_eq!(merged, Ok(tags(both)), "{base}: {ours} and {theirs}");
                    }
                }
            }
        }
    )*};
}

sets! {
    b_tree_set BTreeSet;
    hash_set HashSet;
    index_set IndexSet;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Queue {
    #[memdict(merge = union)]
    tasks: IndexMap<char, u8>,
    #[memdict(merge = union)]
    done: IndexSet<char>,
}

/// Reads each letter as a task, of priority 1 if it is a capital and else of priority 0.
fn queue(tasks: &str, done: &str) -> Queue {
    let task = |c: char| (c.to_ascii_lowercase(), c.is_ascii_uppercase().into());
    Queue { tasks: tasks.chars().map(task).collect(), done: done.chars().collect() }
}

fn in_order(queue: &Queue) -> (String, String) {
    let task = |(key, one): (&char, &u8)| match one {
        0 => *key,
        _ => key.to_ascii_uppercase(),
    };
    (queue.tasks.iter().map(task).collect(), queue.done.iter().collect())
}

#[test]
fn in_an_ordered_map_new_keys_come_last_theirs_behind_ours() {
    let base = queue("abc", "abc");
    let both = merged(&base, &queue("acx", "acx"), &queue("aBcyz", "bcyz")).map(|it| in_order(&it));
    assert_eq!(both, conflict("tasks", "a key was removed on our side and updated on theirs"));
    let both = merged(&base, &queue("Acx", "acx"), &queue("abCyz", "bcyz")).map(|it| in_order(&it));
    assert_eq!(both, Ok(("ACxyz".into(), "cxyz".into())));
}

#[test]
fn in_an_ordered_map_another_order_is_a_conflict() {
    let (base, more) = (queue("abc", "abc"), queue("abcx", "abcx"));
    let why = "changed on both sides, the order included";
    for other in ["bac", "acb", "yabc", "abyc", "ca"] {
        let tasks = queue(other, "abc");
        assert_eq!(merged(&base, &more, &tasks), conflict("tasks", why));
        assert_eq!(merged(&base, &tasks, &more), conflict("tasks", why));
        let done = queue("abc", other);
        assert_eq!(merged(&base, &more, &done), conflict("done", why));
        assert_eq!(merged(&base, &done, &more), conflict("done", why));
        // One side alone may change the order.
        assert_eq!(merged(&base, &base, &done).map(|it| in_order(&it).1), Ok(other.into()));
    }
}

/// Is compared by less than is stored.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Tracked)]
struct Member {
    id: u8,
    rank: u8,
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Member {}

impl PartialOrd for Member {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Member {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

impl Hash for Member {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Club {
    #[memdict(merge = union)]
    members: HashSet<Member>,
    #[memdict(merge = union)]
    fees: IndexMap<Member, u32>,
    #[memdict(merge = union)]
    seats: HashMap<Member, u32>,
    #[memdict(merge = union)]
    votes: BTreeMap<Member, u32>,
}

/// Returns the rank of each member, by id.
fn club(ranks: &[(u8, u8)]) -> Club {
    let members = || ranks.iter().map(|&(id, rank)| Member { id, rank });
    let with_one = || members().map(|member| (member, 1));
    Club {
        members: members().collect(),
        fees: with_one().collect(),
        seats: with_one().collect(),
        votes: with_one().collect(),
    }
}

/// An element was updated if it was replaced by one that is equal and not the same. Looking it up
/// alone would lose that.
#[test]
fn elements_that_are_equal_but_not_the_same_are_updates() {
    let base = club(&[(1, 1), (2, 1)]);
    let both = merged(&base, &club(&[(1, 1), (2, 7), (3, 1)]), &club(&[(1, 9), (2, 1)])).unwrap();
    assert!(Club::same(&both, &club(&[(1, 9), (2, 7), (3, 1)])), "{both:?}");

    let promoted = club(&[(1, 9), (2, 1)]);
    let why = "a key was updated differently on both sides";
    let differently = merged(&base, &club(&[(1, 8), (2, 1)]), &promoted);
    assert_eq!(differently, conflict("members", why));
    let removed = merged(&base, &club(&[(2, 1)]), &promoted);
    assert_eq!(removed, conflict("members", "a key was removed on our side and updated on theirs"));
    let mut inserted = Club::default();
    inserted.members.insert(Member { id: 1, rank: 1 });
    let mut otherwise = Club::default();
    otherwise.members.insert(Member { id: 1, rank: 2 });
    let inserted = merged(&Club::default(), &inserted, &otherwise);
    assert_eq!(inserted, conflict("members", "a key was inserted on both sides"));
}
