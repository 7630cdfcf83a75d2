//! Types that are one part: the macro that implements `Tracked` for them, and standard types
//! without elements.

use std::{
    borrow::Cow,
    ffi::{CStr, CString, OsStr, OsString},
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4},
    num,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::argument::name_of;

/// Implements `Tracked` for types that are one part each. A line has the name in the fingerprint,
/// the generics, the type with its bounds, the parts, and the comparison of two values. Each type
/// has an impl of its own because a blanket impl for leaves would exclude `Box`.
macro_rules! leaves {
    ($($name:literal [$($generics:tt)*] $type:ty, [$($bounds:tt)*] ($($part:ty),*) $($kind:ident $(($argument:expr))?)?, $same:expr;)*) => {$(
        impl<$($generics)*> $crate::track::Tracked for $type $($bounds)* {
            type Edit<'a> = $crate::track::Field<'a, Self>;
            const SHAPE: &'static $crate::track::Shape = &$crate::track::Shape::leaf(
                $name,
                &[$(("", $crate::track::shape::<$part>)),*],
            ).size(size_of::<Self>())$(.$kind($($argument)?))?;
            const NEEDS_NAMES: Option<&'static str> =
                $crate::track::leaf::first(&[$(<$part as $crate::track::Tracked>::NEEDS_NAMES),*]);
            type Changes = bool;

            fn edit<'a>(value: &'a mut Self, dirty: &'a mut bool) -> Self::Edit<'a> {
                $crate::track::Field::new(value, dirty)
            }

            fn same(a: &Self, b: &Self) -> bool {
                let same: fn(&Self, &Self) -> bool = $same;
                same(a, b)
            }

            fn diff(base: &Self, now: &Self, differs: &mut bool) {
                *differs |= !Self::same(base, now);
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
    // Compared by their bits: NaN is the same as itself, and -0.0 is not the same as 0.0.
    "f32" [] f32, [] (), |a, b| a.to_bits() == b.to_bits();
    "f64" [] f64, [] (), |a, b| a.to_bits() == b.to_bits();
    "unit" [] (), [] (), |_, _| true;
    "str" [] String, [] (), |a, b| a == b;
    "str" [] Box<str>, [] (), |a, b| a == b;
    "str" [] Cow<'static, str>, [] (), |a, b| a == b;
    // `Path`'s own equality ignores slashes that a file system does not need.
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
    // There is no `SocketAddrV6`, and no `SocketAddr`, which may be one: serde stores neither scope
    // nor flow.
    "socketv4" [] SocketAddrV4, [] (), |a, b| a == b;
    // `Money<Usd>` and `Money<Eur>` do not mean the same.
    "unit" [T: Send + Sync + 'static] PhantomData<T>, [] () argument(name_of::<T>), |_, _| true;
}

/// Returns the first that is `Some`.
pub(crate) const fn first(of: &[Option<&'static str>]) -> Option<&'static str> {
    match of {
        [] => None,
        [Some(found), ..] => Some(found),
        [None, rest @ ..] => first(rest),
    }
}
