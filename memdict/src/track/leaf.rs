//! Types that are one part: the macro that makes them so, and standard types without elements.

use std::{
    borrow::Cow,
    ffi::{CStr, CString, OsStr, OsString},
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    num,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Implements `Tracked` for types that are one part each: name in the fingerprint, generics,
/// type, parts, and when two values are the same. One impl for each type, because a blanket
/// impl for leaves would exclude `Box`.
macro_rules! leaves {
    ($($name:literal [$($generics:tt)*] $type:ty, [$($bounds:tt)*] ($($part:ty),*) $($kind:ident $(($argument:expr))?)?, $same:expr;)*) => {$(
        impl<$($generics)*> $crate::Tracked for $type $($bounds)* {
            const SHAPE: &'static $crate::Shape =
                &$crate::Shape::leaf($name, &[$(("", $crate::__private::shape::<$part>)),*])$(.$kind($($argument)?))?;
            const NEEDS_NAMES: Option<&'static str> =
                $crate::track::leaf::first(&[$(<$part as $crate::Tracked>::NEEDS_NAMES),*]);
            type Changes = bool;
            type Edit<'a> = $crate::Field<'a, Self>;

            fn edit<'a>(&'a mut self, touched: &'a mut bool) -> $crate::Field<'a, Self> {
                $crate::Field::new(self, touched)
            }

            fn same(a: &Self, b: &Self) -> bool {
                let same: fn(&Self, &Self) -> bool = $same;
                same(a, b)
            }

            fn diff(base: &Self, now: &Self, differs: &mut bool) {
                *differs |= !Self::same(base, now);
            }

            fn merge(
                base: &Self,
                ours: &mut Self,
                theirs: &mut Self,
                changed: &bool,
                path: &str,
            ) -> Result<(), $crate::MergeConflict> {
                $crate::track::merge::merge_as_one(base, ours, theirs, changed, path)
            }
        }
    )*};
}
pub(crate) use leaves;

leaves! {
    "bool" [] bool, [] (), |a, b| a == b;
    "char" [] char, [] (), |a, b| a == b;
    "u8" [] u8, [] (), |a, b| a == b;
    "u16" [] u16, [] (), |a, b| a == b;
    "u32" [] u32, [] (), |a, b| a == b;
    "u64" [] u64, [] (), |a, b| a == b;
    "u128" [] u128, [] (), |a, b| a == b;
    "usize" [] usize, [] (), |a, b| a == b;
    "i8" [] i8, [] (), |a, b| a == b;
    "i16" [] i16, [] (), |a, b| a == b;
    "i32" [] i32, [] (), |a, b| a == b;
    "i64" [] i64, [] (), |a, b| a == b;
    "i128" [] i128, [] (), |a, b| a == b;
    "isize" [] isize, [] (), |a, b| a == b;
    "nonzero u8" [] num::NonZero<u8>, [] (), |a, b| a == b;
    "nonzero u16" [] num::NonZero<u16>, [] (), |a, b| a == b;
    "nonzero u32" [] num::NonZero<u32>, [] (), |a, b| a == b;
    "nonzero u64" [] num::NonZero<u64>, [] (), |a, b| a == b;
    "nonzero u128" [] num::NonZero<u128>, [] (), |a, b| a == b;
    "nonzero usize" [] num::NonZero<usize>, [] (), |a, b| a == b;
    "nonzero i8" [] num::NonZero<i8>, [] (), |a, b| a == b;
    "nonzero i16" [] num::NonZero<i16>, [] (), |a, b| a == b;
    "nonzero i32" [] num::NonZero<i32>, [] (), |a, b| a == b;
    "nonzero i64" [] num::NonZero<i64>, [] (), |a, b| a == b;
    "nonzero i128" [] num::NonZero<i128>, [] (), |a, b| a == b;
    "nonzero isize" [] num::NonZero<isize>, [] (), |a, b| a == b;
    // By their bits: NaN is itself, and -0.0 is not 0.0.
    "f32" [] f32, [] (), |a, b| a.to_bits() == b.to_bits();
    "f64" [] f64, [] (), |a, b| a.to_bits() == b.to_bits();
    "unit" [] (), [] (), |_, _| true;
    "str" [] String, [] (), |a, b| a == b;
    "str" [] Box<str>, [] (), |a, b| a == b;
    "str" [] Cow<'static, str>, [] (), |a, b| a == b;
    // `Path`'s own equality ignores slashes that do not matter to a file system.
    "path" [] PathBuf, [] (), |a, b| a.as_os_str() == b.as_os_str();
    "path" [] Box<Path>, [] (), |a, b| a.as_os_str() == b.as_os_str();
    "os" [] OsString, [] (), |a, b| a == b;
    "os" [] Box<OsStr>, [] (), |a, b| a == b;
    "c" [] CString, [] (), |a, b| a == b;
    "c" [] Box<CStr>, [] (), |a, b| a == b;
    "duration" [] Duration, [] (), |a, b| a == b;
    "time" [] SystemTime, [] (), |a, b| a == b;
    "ip" [] IpAddr, [] (), |a, b| a == b;
    "ipv4" [] Ipv4Addr, [] (), |a, b| a == b;
    "ipv6" [] Ipv6Addr, [] (), |a, b| a == b;
    "socket" [] SocketAddr, [] (), |a, b| a == b;
    "socketv4" [] SocketAddrV4, [] (), |a, b| a == b;
    "socketv6" [] SocketAddrV6, [] (), |a, b| a == b;
    "unit" [T: Send + Sync + 'static] PhantomData<T>, [] (), |_, _| true;
}

/// The first that is something.
pub(crate) const fn first(of: &[Option<&'static str>]) -> Option<&'static str> {
    match of {
        [] => None,
        [Some(found), ..] => Some(found),
        [None, rest @ ..] => first(rest),
    }
}
