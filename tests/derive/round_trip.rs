//! Every type that is tracked without a derive comes back as it went, at its edges.

use std::{
    any::type_name,
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    ffi::{CStr, CString, OsStr, OsString},
    fs,
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4},
    num::{NonZero, Saturating, Wrapping},
    ops::{Bound, Range, RangeFrom, RangeTo},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use indexmap::{IndexMap, IndexSet};
use memdict::{Cache, DictDef, Json, Link, Opaque, Tracked};
use smallvec::SmallVec;

/// Stores each value, loads it in another session, compares it, and encodes it again.
fn comes_back<T: Tracked>(values: impl Fn() -> Vec<T>) {
    let cache = Cache::open("memory:").unwrap();
    assert!(!values().is_empty());
    for (at, (value, again)) in values().into_iter().zip(values()).enumerate() {
        let what = format!("value {at} of `{}`", type_name::<T>());
        let session = cache.session();
        session.dict("values").insert(at, value).unwrap();
        let report = session.commit().unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(report.written, 1, "{what}");

        let session = cache.session();
        let dict = session.dict::<T>("values");
        match dict.get(at).unwrap() {
            Some(loaded) => assert!(T::same(&loaded, &again), "{what} is another one"),
            None => panic!("{what} is a miss"),
        }
        // Handed out for writing, it encodes to the same bytes.
        if let Some(mut loaded) = dict.get_mut(at).unwrap() {
            let _: &mut T = &mut loaded;
        }
        let report = session.commit().unwrap();
        assert_eq!((report.written, report.unchanged), (0, 1), "{what}");
    }
}

/// Values of each type, beside the name of its kind in the sources of memdict.
macro_rules! types {
    ($($kind:literal $type:ty: [$($value:expr),+ $(,)?];)*) => {
        const KINDS: &[&str] = &[$($kind),*];

        #[test]
        fn every_type_that_is_tracked_comes_back_as_it_went() {
            $(comes_back::<$type>(|| vec![$($value),+]);)*
        }
    };
}

fn far(nanos: u32) -> chrono::NaiveTime {
    chrono::NaiveTime::from_num_seconds_from_midnight_opt(86_399, nanos).expect("a leap second")
}

types! {
    "bool" bool: [false, true];
    "char" char: ['\0', 'a', '\u{7f}', '\u{80}', '\u{d7ff}', '\u{e000}', char::MAX];
    "u8" u8: [0, u8::MAX];
    "u16" u16: [0, 250, 251, u16::MAX];
    "u32" u32: [0, 250, 251, 65_535, 65_536, u32::MAX];
    "u64" u64: [0, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX];
    "u128" u128: [0, u128::from(u64::MAX) + 1, u128::MAX];
    "usize" usize: [0, usize::MAX];
    "i8" i8: [i8::MIN, -1, 0, i8::MAX];
    "i16" i16: [i16::MIN, -126, -1, i16::MAX];
    "i32" i32: [i32::MIN, -1, i32::MAX];
    "i64" i64: [i64::MIN, -1, i64::MAX];
    "i128" i128: [i128::MIN, -1, i128::MAX];
    "isize" isize: [isize::MIN, -1, isize::MAX];
    "nonzero u8" NonZero<u8>: [NonZero::<u8>::MIN, NonZero::<u8>::MAX];
    "nonzero u16" NonZero<u16>: [NonZero::<u16>::MIN, NonZero::<u16>::MAX];
    "nonzero u32" NonZero<u32>: [NonZero::<u32>::MIN, NonZero::<u32>::MAX];
    "nonzero u64" NonZero<u64>: [NonZero::<u64>::MIN, NonZero::<u64>::MAX];
    "nonzero u128" NonZero<u128>: [NonZero::<u128>::MIN, NonZero::<u128>::MAX];
    "nonzero usize" NonZero<usize>: [NonZero::<usize>::MIN, NonZero::<usize>::MAX];
    "nonzero i8" NonZero<i8>: [NonZero::<i8>::MIN, NonZero::<i8>::MAX];
    "nonzero i16" NonZero<i16>: [NonZero::<i16>::MIN, NonZero::<i16>::MAX];
    "nonzero i32" NonZero<i32>: [NonZero::<i32>::MIN, NonZero::<i32>::MAX];
    "nonzero i64" NonZero<i64>: [NonZero::<i64>::MIN, NonZero::<i64>::MAX];
    "nonzero i128" NonZero<i128>: [NonZero::<i128>::MIN, NonZero::<i128>::MAX];
    "nonzero isize" NonZero<isize>: [NonZero::<isize>::MIN, NonZero::<isize>::MAX];
    "f32" f32: [0.0, -0.0, f32::NAN, f32::from_bits(0xffa0_0001), f32::INFINITY, f32::MIN];
    "f64" f64: [-0.0, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001), f64::MIN_POSITIVE];
    "unit" (): [()];
    "str" String: ["".into(), "\0\u{10ffff}".into(), "a".repeat(300)];
    "str" Box<str>: ["".into(), "e\u{301}".into()];
    "str" Cow<'static, str>: [Cow::Borrowed("a"), Cow::Owned("b".into())];
    "str" Arc<str>: ["".into(), "a".into()];
    "path" PathBuf: ["".into(), "a//b/".into()];
    "path" Box<Path>: [Path::new("./a").into()];
    "path" Arc<Path>: [Path::new("a/..").into()];
    "os" OsString: ["".into(), odd_os_string()];
    "os" Box<OsStr>: [odd_os_string().into()];
    "os" Arc<OsStr>: [odd_os_string().into()];
    "c" CString: [c"".into(), c"\xff".into()];
    "c" Box<CStr>: [c"a".into()];
    "c" Arc<CStr>: [c"a".into()];
    "duration" Duration: [Duration::ZERO, Duration::MAX, Duration::from_nanos(999_999_999)];
    "time" SystemTime: [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::new(1 << 40, 1)];
    "ip" IpAddr: [IpAddr::V4(Ipv4Addr::BROADCAST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    "ipv4" Ipv4Addr: [Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST];
    "ipv6" Ipv6Addr: [Ipv6Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST.to_ipv6_mapped()];
    "socketv4" SocketAddrV4: [SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0),
        SocketAddrV4::new(Ipv4Addr::BROADCAST, u16::MAX)];
    "unit" PhantomData<u8>: [PhantomData];
    "seq" Vec<u16>: [vec![], vec![0, u16::MAX], vec![7; 300]];
    "seq" Vec<()>: [vec![], vec![(); 65_000]];
    "seq" Box<[u8]>: [[].into(), [1].into()];
    "seq" VecDeque<u8>: [{
        let mut turned = VecDeque::from([1, 2, 3]);
        turned.rotate_left(1);
        turned
    }];
    "seq" Cow<'static, [u8]>: [Cow::Borrowed(&[1]), Cow::Owned(vec![])];
    "seq" Arc<[u8]>: [[].into(), [1].into()];
    "seq" LinkedList<u8>: [LinkedList::new(), [1, 2].into()];
    "heap" BinaryHeap<u8>: [BinaryHeap::new(), [1, 3, 2].into()];
    "array" [u8; 0]: [[]];
    "array" [String; 32]: [[const { String::new() }; 32]];
    "map" BTreeMap<u8, ()>: [BTreeMap::new(), [(1, ()), (0, ())].into()];
    "set" BTreeSet<(u8, i8)>: [BTreeSet::new(), [(1, -1), (0, 1)].into()];
    "map" HashMap<String, f32>: [HashMap::new(), [("a".into(), f32::NAN), ("b".into(), -0.0)].into()];
    "set" HashSet<Option<char>>: [HashSet::new(), [None, Some('a')].into()];
    "tuple" (u8, String): [(1, "a".into())];
    "tuple" (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8):
        [(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)];
    "option" Option<Option<()>>: [None, Some(None), Some(Some(()))];
    "result" Result<u8, String>: [Ok(1), Err("a".into())];
    "box" Box<u8>: [Box::new(1)];
    "box" Arc<Option<u8>>: [Arc::new(None), Arc::new(Some(1))];
    "range" Range<i8>: [-1..1, Range { start: 5, end: 1 }];
    "range from" RangeFrom<u8>: [255..];
    "range to" RangeTo<u8>: [..255];
    "bound" Bound<u8>: [Bound::Included(1), Bound::Excluded(0), Bound::Unbounded];
    "wrapping" Wrapping<i8>: [Wrapping(i8::MIN)];
    "saturating" Saturating<u8>: [Saturating(u8::MAX)];
    "reverse" Reverse<u8>: [Reverse(1)];
    "opaque" Opaque<Vec<u8>>: [Opaque(vec![]), Opaque(vec![1])];
    "json" Json<Option<i64>>: [Json(None), Json(Some(i64::MIN))];
    "link" Link<u8>: [Link::new(&DictDef::new("a"), 1), Link::new(&DictDef::new("b"), "")];
    "bytes" bytes::Bytes: [bytes::Bytes::new(), bytes::Bytes::from_static(b"\0\xff")];
    "bytes" bytes::BytesMut: [bytes::BytesMut::new(), (&b"a"[..]).into()];
    "chrono utc" chrono::DateTime<chrono::Utc>: [
        chrono::DateTime::<chrono::Utc>::MIN_UTC,
        chrono::DateTime::<chrono::Utc>::MAX_UTC,
        chrono::DateTime::UNIX_EPOCH,
        chrono::NaiveDate::MIN.and_hms_opt(0, 0, 0).expect("midnight").and_utc(),
        chrono::NaiveDate::from_yo_opt(0, 1).expect("a day").and_time(far(1_999_999_999)).and_utc(),
    ];
    "chrono date" chrono::NaiveDate: [chrono::NaiveDate::MIN, chrono::NaiveDate::MAX];
    "chrono time" chrono::NaiveTime: [chrono::NaiveTime::MIN, far(0), far(1), far(1_999_999_999)];
    "chrono datetime" chrono::NaiveDateTime: [
        chrono::NaiveDateTime::MIN,
        chrono::NaiveDateTime::MAX,
        chrono::NaiveDate::MAX.and_time(far(1_500_000_000)),
    ];
    "chrono delta" chrono::TimeDelta: [chrono::TimeDelta::MIN, chrono::TimeDelta::MAX,
        chrono::TimeDelta::nanoseconds(-1)];
    "chrono weekday" chrono::Weekday: [chrono::Weekday::Mon, chrono::Weekday::Sun];
    "chrono month" chrono::Month: [chrono::Month::January, chrono::Month::December];
    "indexmap" IndexMap<u8, u8>: [IndexMap::new(), [(2, 1), (1, 2)].into()];
    "indexset" IndexSet<u8>: [IndexSet::new(), [2, 1].into()];
    "seq" SmallVec<[u8; 2]>: [SmallVec::new(), vec![1, 2, 3].into()];
    "time offset datetime" time::OffsetDateTime: [
        time::OffsetDateTime::UNIX_EPOCH,
        time::PrimitiveDateTime::MIN.assume_offset(offset(-25, -59, -59)),
        time::PrimitiveDateTime::MAX.assume_offset(offset(25, 59, 59)),
    ];
    "time utc datetime" time::UtcDateTime: [time::UtcDateTime::MIN, time::UtcDateTime::MAX];
    "time datetime" time::PrimitiveDateTime: [time::PrimitiveDateTime::MIN, time::PrimitiveDateTime::MAX];
    "time date" time::Date: [time::Date::MIN, time::Date::MAX];
    "time time" time::Time: [time::Time::MIDNIGHT, time::Time::MAX];
    "time offset" time::UtcOffset: [offset(0, 0, -1), offset(25, 59, 59), offset(-25, -59, -59)];
    "time duration" time::Duration: [time::Duration::MIN, time::Duration::MAX,
        time::Duration::nanoseconds(-1)];
    "time weekday" time::Weekday: [time::Weekday::Monday, time::Weekday::Sunday];
    "time month" time::Month: [time::Month::January, time::Month::December];
    "uuid" uuid::Uuid: [uuid::Uuid::nil(), uuid::Uuid::max()];
}

fn offset(hours: i8, minutes: i8, seconds: i8) -> time::UtcOffset {
    time::UtcOffset::from_hms(hours, minutes, seconds).expect("it is in range")
}

/// A string that is no text, where the system has such ones.
fn odd_os_string() -> OsString {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStringExt::from_vec(b"\xff\xfe".to_vec());
    #[cfg(not(unix))]
    "odd".into()
}

#[test]
fn the_round_trip_is_of_every_type_that_is_tracked_without_a_derive() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../memdict/src");
    let mut kinds = 0;
    let mut files = vec![folder.join("link.rs")];
    files.extend(fs::read_dir(folder.join("track")).unwrap().map(|file| file.unwrap().path()));
    for file in files.iter().filter(|file| file.is_file()) {
        let text = fs::read_to_string(file).unwrap();
        let lines = text.lines().map(str::trim_start).filter(|line| line.starts_with('"'));
        for kind in lines.filter_map(|line| line[1..].split_once("\" [").map(|split| split.0)) {
            assert!(KINDS.contains(&kind), "no `{kind}` is tried");
            kinds += 1;
        }
    }
    assert!(kinds > 80, "{kinds}");
}

/// What cannot be stored is an error that names the entry.
#[test]
#[cfg(unix)]
fn a_value_that_serde_cannot_store_is_an_error_and_no_panic() {
    fn refused<T: Tracked>(value: T) {
        let session = Cache::open("memory:").unwrap().session();
        session.dict("values").insert("a", value).unwrap();
        match session.commit() {
            Err(memdict::Error::Encode { id, .. }) => assert_eq!(id.to_string(), "values[a]"),
            other => panic!("{}: {other:?}", type_name::<T>()),
        }
    }

    refused(PathBuf::from(odd_os_string()));
    refused(SystemTime::UNIX_EPOCH - Duration::from_nanos(1));
}
