//! Maps and sets, ordered and unordered. Two unordered ones are the same if their elements are, in
//! whatever order they are stored.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    mem,
};

use super::table;

table! { every_operation_of_hash_map:
    HashMap<u8, u8>, [HashMap::new(), HashMap::from([(2, 20)]),
        HashMap::from([(1, 10), (2, 20), (3, 30), (4, 40), (5, 50)])];
    // nothing changes                                      empty   one     several
    |c| c.extend([(0, 0); 0])                            => Same    Same    Same;
    |c| c.remove(&9)                                     => Same    Same    Same;
    |c| c.remove_entry(&9)                               => Same    Same    Same;
    |c| c.get_mut(&9)                                    => Same    Same    Same;
    |c| c.retain(|_, _| true)                            => Same    Same    Same;
    |c| c.extract_if(|_, _| false).count()               => Same    Same    Same;
    |c| c.entry(9)                                       => Same    Same    Same;
    |c| c.entry(9).and_modify(|n| *n += 1)               => Same    Same    Same;
    |c| c.values_mut().for_each(|n| *n += 0)             => Same    Same    Same;
    |c| c.reserve(999)                                   => Same    Same    Same;
    |c| c.shrink_to_fit()                                => Same    Same    Same;
    |c| *c = c.clone()                                   => Same    Same    Same;
    |c| { let all: Vec<_> = c.drain().collect(); c.extend(all) } => Same Same Same;
    |c| { c.insert(9, 9); c.remove(&9) }                 => Same    Same    Same;
    |c| c.remove(&2).map(|n| c.insert(2, n))             => Same    Same    Same;
    // depends on the elements
    |c| c.clear()                                        => Same    Differs Differs;
    |c| c.drain()                                        => Same    Differs Differs;
    |c| c.remove(&2)                                     => Same    Differs Differs;
    |c| c.remove_entry(&2)                               => Same    Differs Differs;
    |c| c.retain(|k, _| *k != 2)                         => Same    Differs Differs;
    |c| c.extract_if(|k, _| *k == 2).count()             => Same    Differs Differs;
    |c| mem::take(&mut *c)                               => Same    Differs Differs;
    |c| *c = HashMap::from([(2, 20)])                    => Differs Same    Differs;
    |c| c.insert(2, 20)                                  => Differs Same    Same;
    |c| c.insert(2, 21)                                  => Differs Differs Differs;
    |c| c.extend([(2, 20)])                              => Differs Same    Same;
    |c| c.entry(2).or_insert(21)                         => Differs Same    Same;
    |c| c.entry(2).or_insert_with(|| 21)                 => Differs Same    Same;
    |c| c.entry(2).or_default()                          => Differs Same    Same;
    |c| c.entry(2).insert_entry(20)                      => Differs Same    Same;
    |c| c.entry(2).and_modify(|n| *n += 1)               => Same    Differs Differs;
    |c| *c.entry(2).or_insert(20) += 0                   => Differs Same    Same;
    |c| *c.entry(2).or_default() += 1                    => Differs Differs Differs;
    |c| c.get_mut(&2).map_or((), |n| *n = 20)            => Same    Same    Same;
    |c| c.get_mut(&2).map_or((), |n| *n = 21)            => Same    Differs Differs;
    |c| c.values_mut().for_each(|n| *n += 1)             => Same    Differs Differs;
    |c| c.iter_mut().for_each(|(k, n)| *n = *k)          => Same    Differs Differs;
    // always
    |c| c.insert(9, 9)                                   => Differs Differs Differs;
    |c| c.extend([(9, 9)])                               => Differs Differs Differs;
    |c| c.entry(9).or_default()                          => Differs Differs Differs;
}

table! { every_operation_of_btree_map:
    BTreeMap<u8, u8>, [BTreeMap::new(), BTreeMap::from([(2, 20)]),
        BTreeMap::from([(1, 10), (2, 20), (3, 30)])];
    // nothing changes                                      empty   one     several
    |c| c.extend([(0, 0); 0])                            => Same    Same    Same;
    |c| c.append(&mut BTreeMap::new())                   => Same    Same    Same;
    |c| c.remove(&9)                                     => Same    Same    Same;
    |c| c.remove_entry(&9)                               => Same    Same    Same;
    |c| c.get_mut(&9)                                    => Same    Same    Same;
    |c| c.retain(|_, _| true)                            => Same    Same    Same;
    |c| c.extract_if(.., |_, _| false).count()           => Same    Same    Same;
    |c| c.split_off(&9)                                  => Same    Same    Same;
    |c| c.entry(9)                                       => Same    Same    Same;
    |c| c.values_mut().for_each(|n| *n += 0)             => Same    Same    Same;
    |c| *c = mem::take(&mut *c)                          => Same    Same    Same;
    |c| { c.insert(9, 9); c.remove(&9) }                 => Same    Same    Same;
    // depends on the elements
    |c| c.clear()                                        => Same    Differs Differs;
    |c| c.pop_first()                                    => Same    Differs Differs;
    |c| c.pop_last()                                     => Same    Differs Differs;
    |c| c.remove(&2)                                     => Same    Differs Differs;
    |c| c.remove_entry(&2)                               => Same    Differs Differs;
    |c| c.retain(|k, _| *k != 2)                         => Same    Differs Differs;
    |c| c.extract_if(.., |k, _| *k == 2).count()         => Same    Differs Differs;
    |c| c.split_off(&2)                                  => Same    Differs Differs;
    |c| c.split_off(&3)                                  => Same    Same    Differs;
    |c| *c = BTreeMap::from([(2, 20)])                   => Differs Same    Differs;
    |c| c.insert(2, 20)                                  => Differs Same    Same;
    |c| c.insert(2, 21)                                  => Differs Differs Differs;
    |c| c.append(&mut BTreeMap::from([(2, 20)]))         => Differs Same    Same;
    |c| c.entry(2).or_insert(21)                         => Differs Same    Same;
    |c| c.entry(2).or_default()                          => Differs Same    Same;
    |c| c.entry(2).and_modify(|n| *n += 1)               => Same    Differs Differs;
    |c| c.first_entry().map(|mut e| e.insert(20))        => Same    Same    Differs;
    |c| c.last_entry().map(|e| e.remove())               => Same    Differs Differs;
    |c| c.get_mut(&2).map_or((), |n| *n = 20)            => Same    Same    Same;
    |c| c.range_mut(3..).for_each(|(_, n)| *n += 1)      => Same    Same    Differs;
    |c| c.values_mut().for_each(|n| *n += 1)             => Same    Differs Differs;
    |c| c.iter_mut().for_each(|(k, n)| *n = *k)          => Same    Differs Differs;
    // always
    |c| c.insert(9, 9)                                   => Differs Differs Differs;
    |c| c.extend([(9, 9)])                               => Differs Differs Differs;
}

table! { every_operation_of_hash_set:
    HashSet<u8>, [HashSet::new(), HashSet::from([2]), HashSet::from([1, 2, 3, 4, 5])];
    // nothing changes                                      empty   one     several
    |c| c.extend([0; 0])                                 => Same    Same    Same;
    |c| c.remove(&9)                                     => Same    Same    Same;
    |c| c.take(&9)                                       => Same    Same    Same;
    |c| c.retain(|_| true)                               => Same    Same    Same;
    |c| c.extract_if(|_| false).count()                  => Same    Same    Same;
    |c| c.reserve(999)                                   => Same    Same    Same;
    |c| c.shrink_to_fit()                                => Same    Same    Same;
    |c| { let all: Vec<_> = c.drain().collect(); c.extend(all) } => Same Same Same;
    |c| *c = &*c | &*c                                   => Same    Same    Same;
    |c| { c.insert(9); c.remove(&9) }                    => Same    Same    Same;
    |c| c.take(&2).map(|n| c.insert(n))                  => Same    Same    Same;
    // depends on the elements
    |c| c.clear()                                        => Same    Differs Differs;
    |c| c.drain()                                        => Same    Differs Differs;
    |c| c.remove(&2)                                     => Same    Differs Differs;
    |c| c.take(&2)                                       => Same    Differs Differs;
    |c| c.retain(|k| *k != 2)                            => Same    Differs Differs;
    |c| c.extract_if(|k| *k == 2).count()                => Same    Differs Differs;
    |c| mem::take(&mut *c)                               => Same    Differs Differs;
    |c| *c = HashSet::from([2])                          => Differs Same    Differs;
    |c| c.insert(2)                                      => Differs Same    Same;
    |c| c.replace(2)                                     => Differs Same    Same;
    |c| c.extend([2])                                    => Differs Same    Same;
    |c| *c = &*c ^ &HashSet::from([2])                   => Differs Differs Differs;
    // always
    |c| c.insert(9)                                      => Differs Differs Differs;
    |c| c.replace(9)                                     => Differs Differs Differs;
    |c| c.extend([9])                                    => Differs Differs Differs;
}

table! { every_operation_of_btree_set:
    BTreeSet<u8>, [BTreeSet::new(), BTreeSet::from([2]), BTreeSet::from([1, 2, 3])];
    // nothing changes                                      empty   one     several
    |c| c.extend([0; 0])                                 => Same    Same    Same;
    |c| c.append(&mut BTreeSet::new())                   => Same    Same    Same;
    |c| c.remove(&9)                                     => Same    Same    Same;
    |c| c.take(&9)                                       => Same    Same    Same;
    |c| c.retain(|_| true)                               => Same    Same    Same;
    |c| c.split_off(&9)                                  => Same    Same    Same;
    |c| *c = mem::take(&mut *c)                          => Same    Same    Same;
    |c| { c.insert(9); c.pop_last() }                    => Same    Same    Same;
    // depends on the elements
    |c| c.clear()                                        => Same    Differs Differs;
    |c| c.pop_first()                                    => Same    Differs Differs;
    |c| c.pop_last()                                     => Same    Differs Differs;
    |c| c.remove(&2)                                     => Same    Differs Differs;
    |c| c.take(&2)                                       => Same    Differs Differs;
    |c| c.retain(|k| *k != 2)                            => Same    Differs Differs;
    |c| c.split_off(&3)                                  => Same    Same    Differs;
    |c| *c = BTreeSet::from([2])                         => Differs Same    Differs;
    |c| c.insert(2)                                      => Differs Same    Same;
    |c| c.replace(2)                                     => Differs Same    Same;
    |c| c.append(&mut BTreeSet::from([2]))               => Differs Same    Same;
    // always
    |c| c.insert(9)                                      => Differs Differs Differs;
    |c| c.replace(9)                                     => Differs Differs Differs;
    |c| c.extend([9])                                    => Differs Differs Differs;
}
