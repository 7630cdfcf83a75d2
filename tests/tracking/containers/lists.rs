//! `Vec` and `VecDeque`.

use std::{cmp::Reverse, collections::VecDeque, mem};

use super::table;

table! { every_operation_of_vec:
    Vec<u8>, [vec![], vec![2], vec![1, 2, 2, 3]];
    // nothing changes                                      empty   one     several
    |c| c.extend([0; 0])                                 => Same    Same    Same;
    |c| c.extend_from_slice(&[])                         => Same    Same    Same;
    |c| c.append(&mut vec![])                            => Same    Same    Same;
    |c| { let n = c.len(); c.truncate(n) }               => Same    Same    Same;
    |c| c.truncate(9)                                    => Same    Same    Same;
    |c| { let n = c.len(); c.resize(n, 7) }              => Same    Same    Same;
    |c| c.retain(|_| true)                               => Same    Same    Same;
    |c| c.retain_mut(|_| true)                           => Same    Same    Same;
    |c| c.sort()                                         => Same    Same    Same;
    |c| c.sort_unstable()                                => Same    Same    Same;
    |c| c.drain(..0)                                     => Same    Same    Same;
    |c| c.splice(..0, [])                                => Same    Same    Same;
    |c| { let n = c.len(); c.split_off(n) }              => Same    Same    Same;
    |c| c.pop_if(|_| false)                              => Same    Same    Same;
    |c| c.extract_if(.., |_| false).count()              => Same    Same    Same;
    |c| c.rotate_left(0)                                 => Same    Same    Same;
    |c| c.reserve(99)                                    => Same    Same    Same;
    |c| c.shrink_to_fit()                                => Same    Same    Same;
    |c| c.iter_mut().for_each(|n| *n += 0)               => Same    Same    Same;
    |c| *c = c.clone()                                   => Same    Same    Same;
    |c| { c.push(4); c.pop() }                           => Same    Same    Same;
    |c| { c.insert(0, 4); c.remove(0) }                  => Same    Same    Same;
    |c| { c.reverse(); c.reverse() }                     => Same    Same    Same;
    |c| { let was = mem::take(&mut *c); *c = was }       => Same    Same    Same;
    // depends on the elements
    |c| c.clear()                                        => Same    Differs Differs;
    |c| c.truncate(0)                                    => Same    Differs Differs;
    |c| c.pop()                                          => Same    Differs Differs;
    |c| c.pop_if(|_| true)                               => Same    Differs Differs;
    |c| c.retain(|n| *n != 2)                            => Same    Differs Differs;
    |c| c.retain(|_| false)                              => Same    Differs Differs;
    |c| c.drain(..)                                      => Same    Differs Differs;
    |c| c.split_off(0)                                   => Same    Differs Differs;
    |c| c.extract_if(.., |n| *n == 2).count()            => Same    Differs Differs;
    |c| mem::take(&mut *c)                               => Same    Differs Differs;
    |c| *c = vec![]                                      => Same    Differs Differs;
    |c| *c = vec![2]                                     => Differs Same    Differs;
    |c| c.clone_from(&vec![2])                           => Differs Same    Differs;
    |c| c.resize(1, 2)                                   => Differs Same    Differs;
    |c| c.resize_with(1, || 2)                           => Differs Same    Differs;
    |c| c.fill(2)                                        => Same    Same    Differs;
    |c| c.fill_with(|| 2)                                => Same    Same    Differs;
    |c| c.dedup()                                        => Same    Same    Differs;
    |c| c.dedup_by_key(|n| *n / 2)                       => Same    Same    Differs;
    |c| c.reverse()                                      => Same    Same    Differs;
    |c| c.sort_by_key(|n| Reverse(*n))                   => Same    Same    Differs;
    |c| c.sort_unstable_by(|a, b| b.cmp(a))              => Same    Same    Differs;
    |c| c.extend_from_within(..)                         => Same    Differs Differs;
    |c| c.iter_mut().for_each(|n| *n += 1)               => Same    Differs Differs;
    |c| c.first_mut().map_or((), |n| *n = 2)             => Same    Same    Differs;
    |c| c.last_mut().map_or((), |n| *n += 1)             => Same    Differs Differs;
    |c| c.get_mut(1).map_or((), |n| *n = 2)              => Same    Same    Same;
    |c| c.get_mut(1).map_or((), |n| *n = 5)              => Same    Same    Differs;
    |c| c.chunks_mut(2).for_each(|pair| pair.reverse())  => Same    Same    Differs;
    // always
    |c| c.push(4)                                        => Differs Differs Differs;
    |c| c.insert(0, 4)                                   => Differs Differs Differs;
    |c| c.extend([4])                                    => Differs Differs Differs;
    |c| c.extend_from_slice(&[4])                        => Differs Differs Differs;
    |c| c.append(&mut vec![4])                           => Differs Differs Differs;
    |c| c.resize(9, 0)                                   => Differs Differs Differs;
    |c| c.splice(..0, [4])                               => Differs Differs Differs;
    // needs an element
    |c| c.remove(0)                                      => Never   Differs Differs;
    |c| c.swap_remove(0)                                 => Never   Differs Differs;
    |c| c.swap(0, 0)                                     => Never   Same    Same;
    |c| { let last = c.len() - 1; c.swap(0, last) }      => Never   Same    Differs;
    |c| c.rotate_left(1)                                 => Never   Same    Differs;
    |c| c.rotate_right(1)                                => Never   Same    Differs;
    |c| c.copy_within(..1, 0)                            => Never   Same    Same;
    |c| c[0] = 2                                         => Never   Same    Differs;
    |c| c[0] += 1                                        => Never   Differs Differs;
    |c| c[..1].copy_from_slice(&[2])                     => Never   Same    Differs;
    |c| c.split_at_mut(1).0[0] = 1                       => Never   Differs Same;
}

table! { every_operation_of_vec_deque:
    VecDeque<u8>, [VecDeque::new(), VecDeque::from([2]), VecDeque::from([1, 2, 3])];
    // nothing changes                                      empty   one     several
    |c| c.extend([0; 0])                                 => Same    Same    Same;
    |c| c.append(&mut VecDeque::new())                   => Same    Same    Same;
    |c| { let n = c.len(); c.truncate(n) }               => Same    Same    Same;
    |c| { let n = c.len(); c.resize(n, 7) }              => Same    Same    Same;
    |c| c.retain(|_| true)                               => Same    Same    Same;
    |c| c.retain_mut(|_| true)                           => Same    Same    Same;
    |c| c.drain(..0)                                     => Same    Same    Same;
    |c| { let n = c.len(); c.split_off(n) }              => Same    Same    Same;
    |c| c.remove(9)                                      => Same    Same    Same;
    |c| c.rotate_left(0)                                 => Same    Same    Same;
    |c| c.make_contiguous().sort()                       => Same    Same    Same;
    |c| c.reserve(99)                                    => Same    Same    Same;
    |c| c.shrink_to_fit()                                => Same    Same    Same;
    |c| { c.push_front(4); c.pop_front() }               => Same    Same    Same;
    |c| { c.push_back(4); c.pop_back() }                 => Same    Same    Same;
    |c| { c.pop_front().map_or((), |n| c.push_front(n)) }=> Same    Same    Same;
    |c| *c = c.clone()                                   => Same    Same    Same;
    // depends on the elements
    |c| c.clear()                                        => Same    Differs Differs;
    |c| c.truncate(0)                                    => Same    Differs Differs;
    |c| c.pop_front()                                    => Same    Differs Differs;
    |c| c.pop_back()                                     => Same    Differs Differs;
    |c| c.pop_front_if(|n| *n == 2)                      => Same    Differs Same;
    |c| c.pop_back_if(|n| *n == 3)                       => Same    Same    Differs;
    |c| c.remove(0)                                      => Same    Differs Differs;
    |c| c.swap_remove_back(0)                            => Same    Differs Differs;
    |c| c.swap_remove_front(1)                           => Same    Same    Differs;
    |c| c.retain(|n| *n != 2)                            => Same    Differs Differs;
    |c| c.drain(..)                                      => Same    Differs Differs;
    |c| c.split_off(0)                                   => Same    Differs Differs;
    |c| mem::take(&mut *c)                               => Same    Differs Differs;
    |c| *c = VecDeque::from([2])                         => Differs Same    Differs;
    |c| c.clone_from(&VecDeque::from([2]))               => Differs Same    Differs;
    |c| c.resize(1, 2)                                   => Differs Same    Differs;
    |c| c.resize_with(1, || 2)                           => Differs Same    Differs;
    |c| c.make_contiguous().reverse()                    => Same    Same    Differs;
    |c| c.iter_mut().for_each(|n| *n += 1)               => Same    Differs Differs;
    |c| c.range_mut(1..).for_each(|n| *n += 1)           => Never   Same    Differs;
    |c| c.front_mut().map_or((), |n| *n = 2)             => Same    Same    Differs;
    |c| c.back_mut().map_or((), |n| *n += 1)             => Same    Differs Differs;
    |c| c.get_mut(1).map_or((), |n| *n = 2)              => Same    Same    Same;
    // always
    |c| c.push_front(4)                                  => Differs Differs Differs;
    |c| c.push_back(4)                                   => Differs Differs Differs;
    |c| c.insert(0, 4)                                   => Differs Differs Differs;
    |c| c.extend([4])                                    => Differs Differs Differs;
    |c| c.append(&mut VecDeque::from([4]))               => Differs Differs Differs;
    // needs an element
    |c| { let last = c.len() - 1; c.swap(0, last) }      => Never   Same    Differs;
    |c| c.rotate_left(1)                                 => Never   Same    Differs;
    |c| c.rotate_right(1)                                => Never   Same    Differs;
    |c| c[0] = 2                                         => Never   Same    Differs;
}
