//! `String` and `Option`.

use std::mem;

use super::table;

table! { every_operation_of_string:
    String, [String::new(), "b".to_owned(), "abc".to_owned()];
    // nothing changes                                      empty   one     several
    |c| c.push_str("")                                   => Same    Same    Same;
    |c| *c += ""                                         => Same    Same    Same;
    |c| c.insert_str(0, "")                              => Same    Same    Same;
    |c| c.extend(["", ""])                               => Same    Same    Same;
    |c| { let n = c.len(); c.truncate(n) }               => Same    Same    Same;
    |c| c.retain(|_| true)                               => Same    Same    Same;
    |c| c.drain(..0)                                     => Same    Same    Same;
    |c| c.replace_range(..0, "")                         => Same    Same    Same;
    |c| { let n = c.len(); c.split_off(n) }              => Same    Same    Same;
    |c| c.make_ascii_lowercase()                         => Same    Same    Same;
    |c| c.reserve(99)                                    => Same    Same    Same;
    |c| c.shrink_to_fit()                                => Same    Same    Same;
    |c| *c = c.clone()                                   => Same    Same    Same;
    |c| *c = c.trim().to_owned()                         => Same    Same    Same;
    |c| { c.push('x'); c.pop() }                         => Same    Same    Same;
    |c| { c.make_ascii_uppercase(); c.make_ascii_lowercase() }=> Same    Same    Same;
    // depends on the value
    |c| c.clear()                                        => Same    Differs Differs;
    |c| c.truncate(0)                                    => Same    Differs Differs;
    |c| c.pop()                                          => Same    Differs Differs;
    |c| c.retain(|l| l != 'b')                           => Same    Differs Differs;
    |c| c.drain(..)                                      => Same    Differs Differs;
    |c| c.split_off(0)                                   => Same    Differs Differs;
    |c| c.make_ascii_uppercase()                         => Same    Differs Differs;
    |c| mem::take(&mut *c)                               => Same    Differs Differs;
    |c| *c = "b".to_owned()                              => Differs Same    Differs;
    |c| c.clone_from(&"b".to_owned())                    => Differs Same    Differs;
    |c| c.replace_range(.., "b")                         => Differs Same    Differs;
    |c| *c = c.replace('x', "y")                         => Same    Same    Same;
    |c| *c = c.replace('b', "x")                         => Same    Differs Differs;
    // always
    |c| c.push('x')                                      => Differs Differs Differs;
    |c| c.push_str("xy")                                 => Differs Differs Differs;
    |c| c.insert(0, 'x')                                 => Differs Differs Differs;
    |c| c.insert_str(0, "xy")                            => Differs Differs Differs;
    |c| c.extend(["x"])                                  => Differs Differs Differs;
    // needs a value
    |c| c.remove(0)                                      => Never   Differs Differs;
}

table! { every_operation_of_option:
    Option<Vec<u8>>, [None, Some(vec![]), Some(vec![1, 2])];
    // nothing changes                                      none    empty   several
    |c| c.as_mut().map_or((), |v| v.reserve(9))          => Same    Same    Same;
    |c| c.iter_mut().for_each(|v| v.retain(|_| true))    => Same    Same    Same;
    |c| c.take_if(|_| false)                             => Same    Same    Same;
    |c| *c = c.take()                                    => Same    Same    Same;
    |c| *c = c.clone()                                   => Same    Same    Same;
    // depends on the value
    |c| c.take()                                         => Same    Differs Differs;
    |c| c.take_if(|v| v.is_empty())                      => Same    Differs Same;
    |c| mem::take(&mut *c)                               => Same    Differs Differs;
    |c| *c = None                                        => Same    Differs Differs;
    |c| *c = Some(vec![])                                => Differs Same    Differs;
    |c| c.insert(vec![])                                 => Differs Same    Differs;
    |c| c.replace(vec![1, 2])                            => Differs Differs Same;
    |c| c.get_or_insert(vec![])                          => Differs Same    Same;
    |c| c.get_or_insert_with(|| vec![1, 2])              => Differs Same    Same;
    |c| c.get_or_insert_default()                        => Differs Same    Same;
    |c| c.get_or_insert_default().clear()                => Differs Same    Differs;
    |c| c.as_mut().map_or((), |v| v.clear())             => Same    Same    Differs;
    |c| c.as_mut().map_or((), |v| v.push(3))             => Same    Differs Differs;
    |c| c.as_deref_mut().map_or((), |v| v.reverse())     => Same    Same    Differs;
    |c| c.iter_mut().for_each(|v| v.push(3))             => Same    Differs Differs;
    // always
    |c| c.insert(vec![9])                                => Differs Differs Differs;
    |c| c.replace(vec![9])                               => Differs Differs Differs;
}
