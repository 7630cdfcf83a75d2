//! Types that are tracked without a derive: which of their values are the same, and their schemas.

use std::{
    borrow::Cow,
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    ffi::{CStr, CString, OsStr, OsString},
    hash::{Hash, Hasher},
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4},
    num::{NonZeroU8, NonZeroU64, Saturating, Wrapping},
    ops::{Bound, Range, RangeFrom, RangeTo},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use memdict::{
    __private::{fingerprint, is_inexact},
    Opaque, Tracked,
};
use serde::{Deserialize, Serialize};

fn same<T: Tracked>(a: T, b: T) -> bool {
    let mut differs = T::Changes::default();
    T::diff(&a, &b, &mut differs);
    assert_eq!(T::same(&a, &b), T::same(&b, &a));
    assert_eq!(T::same(&a, &b), !memdict::__private::Changes::any(&differs));
    T::same(&a, &b)
}

/// Is compared, ordered and hashed by its number alone.
#[derive(Debug, Clone, Serialize, Deserialize, Tracked)]
struct ById(u8, String);

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for ById {}

impl PartialOrd for ById {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ById {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

fn by_id(text: &str) -> ById {
    ById(1, text.into())
}

#[test]
fn no_equality_of_elements_is_used() {
    let (a, b) = (|| by_id("a"), || by_id("b"));
    assert!(a() == b());
    assert!(!same(Some(a()), Some(b())));
    assert!(!same(Ok::<_, u8>(a()), Ok(b())));
    assert!(!same(Box::new(a()), Box::new(b())));
    assert!(!same(Arc::new(a()), Arc::new(b())));
    assert!(!same(Arc::<[ById]>::from([a()]), Arc::from([b()])));
    assert!(!same(vec![a()], vec![b()]));
    assert!(!same(VecDeque::from([a()]), VecDeque::from([b()])));
    assert!(!same(LinkedList::from([a()]), LinkedList::from([b()])));
    assert!(!same([a()], [b()]));
    assert!(!same((1, a()), (1, b())));
    assert!(!same(BTreeMap::from([(a(), 1)]), BTreeMap::from([(b(), 1)])));
    assert!(!same(HashMap::from([(a(), 1)]), HashMap::from([(b(), 1)])));
    assert!(!same(HashMap::from([(1, a())]), HashMap::from([(1, b())])));
    assert!(!same(BTreeSet::from([a()]), BTreeSet::from([b()])));
    assert!(!same(HashSet::from([a()]), HashSet::from([b()])));
    assert!(!same(BinaryHeap::from([a()]), BinaryHeap::from([b()])));
    assert!(!same(Reverse(a()), Reverse(b())));
    assert!(!same(a()..a(), a()..b()));
    assert!(!same(a().., b()..));
    assert!(!same(..a(), ..b()));
    assert!(!same(Bound::Included(a()), Bound::Included(b())));
    assert!(!same(Opaque(a()), Opaque(b())));
    assert!(same(vec![a()], vec![a()]));
}

#[test]
fn values_are_the_same_if_they_are_stored_alike() {
    assert!(same(f64::NAN, f64::NAN) && !same(0.0, -0.0));
    assert!(!same(PathBuf::from("a/b"), PathBuf::from("a//b")));
    assert!(!same(Box::<Path>::from(Path::new("a")), Path::new("a/").into()));
    assert!(!same(Arc::<Path>::from(Path::new("a")), Path::new("a/").into()));
    assert!(same(BinaryHeap::from([1, 2, 3]), BinaryHeap::from([3, 1, 2])));
    assert!(same(HashSet::from([1, 2, 3]), HashSet::from([3, 2, 1])));
    assert!(!same(HashSet::from([1, 2]), HashSet::from([1, 3])));
    assert!(!same(Bound::Included(1), Bound::Excluded(1)));
    assert!(same(Cow::Borrowed("a"), Cow::Owned("a".into())));
    assert!(same(Wrapping(1), Wrapping(1)) && !same(Saturating(1), Saturating(2)));
    assert!(is_inexact::<Vec<HashMap<u8, u8>>>() && is_inexact::<BinaryHeap<u8>>());
    assert!(!is_inexact::<BTreeMap<u8, Vec<f64>>>());
}

/// A number for each type. No two are equal, and none may ever change.
macro_rules! prints {
    ($($type:ty = $print:literal;)*) => {
        fn prints() -> Vec<(&'static str, u64, u64)> {
            vec![$((stringify!($type), fingerprint::<$type>(), $print)),*]
        }
    };
}

prints! {
    bool = 16_139_966_569_834_709_515;
    char = 1_025_224_021_940_299_701;
    u8 = 6_937_256_720_741_204_274;
    u16 = 17_969_069_354_774_314_946;
    u32 = 8_334_819_846_420_578_961;
    u64 = 1_080_945_013_689_590_666;
    u128 = 17_398_551_419_268_541_339;
    usize = 4_425_214_642_946_834_434;
    i8 = 12_767_682_103_207_240_079;
    i16 = 936_437_654_950_093_013;
    i32 = 4_111_948_909_846_504_505;
    i64 = 552_592_540_164_421_908;
    i128 = 14_270_000_881_029_268_223;
    isize = 942_188_225_698_220_775;
    f32 = 8_590_344_732_148_777_536;
    f64 = 7_442_854_556_146_081_399;
    () = 6_820_818_454_367_302_332;
    String = 2_228_832_643_022_619_237;
    PathBuf = 1_335_469_820_259_264_916;
    OsString = 11_109_348_566_307_238_195;
    CString = 15_830_394_408_030_179_446;
    Duration = 18_383_220_221_833_637_262;
    SystemTime = 10_598_984_180_160_393_727;
    IpAddr = 12_437_591_138_759_876_759;
    Ipv4Addr = 1_678_917_453_647_280_170;
    Ipv6Addr = 1_669_034_590_257_726_878;
    SocketAddrV4 = 6_478_585_417_109_990_189;
    NonZeroU8 = 11_710_660_846_199_754_961;
    NonZeroU64 = 5_590_868_633_335_362_763;
    Option<u8> = 5_836_116_066_760_767_391;
    Result<u8, u16> = 16_664_509_698_341_699_982;
    Box<u8> = 6_409_856_081_353_624_059;
    Vec<u8> = 14_291_618_182_322_754_462;
    Vec<u16> = 13_918_092_255_080_491_512;
    [u8; 2] = 11_236_315_260_850_076_578;
    [u8; 3] = 16_779_625_311_195_739_770;
    (u8,) = 13_621_650_156_321_970_502;
    (u8, u16) = 1_152_542_408_370_465_732;
    (u8, u8, u8) = 13_337_741_696_895_002_183;
    BTreeMap<u8, u16> = 12_001_962_281_996_411_289;
    BTreeSet<u8> = 11_805_755_853_455_488_765;
    BinaryHeap<u8> = 10_967_297_151_583_112_495;
    Range<u8> = 387_797_057_371_416_423;
    RangeFrom<u8> = 18_014_868_741_756_848_958;
    RangeTo<u8> = 2_329_095_015_661_110_171;
    Bound<u8> = 70_589_699_074_518_983;
    Wrapping<u8> = 1_976_692_299_844_452_556;
    Saturating<u8> = 14_956_364_119_329_850_109;
    Reverse<u8> = 5_955_680_191_598_648_926;
    Opaque<u8> = 13_719_390_184_091_363_390;
    PhantomData<u8> = 9_084_689_259_833_537_787;
    PhantomData<ById> = 9_884_731_856_061_043_908;
    PhantomData<fn() -> Option<ById>> = 16_493_599_375_965_015_672;
    chrono::DateTime<chrono::Utc> = 10_447_877_318_378_459_751;
    time::Date = 11_524_494_237_581_829_512;
    uuid::Uuid = 18_042_519_378_379_991_842;
    bytes::Bytes = 4_079_613_998_296_922_326;
    indexmap::IndexMap<u8, u8> = 16_336_174_511_812_469_729;
    indexmap::IndexSet<u8> = 14_480_671_582_185_800_586;
}

#[test]
fn fingerprints_are_the_same_everywhere() {
    for (name, is, was) in prints() {
        assert_eq!(is, was, "{name}");
    }
    let all: HashSet<u64> = prints().iter().map(|print| print.1).collect();
    assert_eq!(all.len(), prints().len());
}

#[test]
fn types_that_are_stored_alike_have_one_fingerprint() {
    assert_eq!(fingerprint::<String>(), fingerprint::<Box<str>>());
    assert_eq!(fingerprint::<String>(), fingerprint::<Cow<'static, str>>());
    assert_eq!(fingerprint::<Vec<u8>>(), fingerprint::<VecDeque<u8>>());
    assert_eq!(fingerprint::<Vec<u8>>(), fingerprint::<LinkedList<u8>>());
    assert_eq!(fingerprint::<Vec<u8>>(), fingerprint::<Cow<'static, [u8]>>());
    assert_eq!(fingerprint::<String>(), fingerprint::<Arc<str>>());
    assert_eq!(fingerprint::<Vec<u8>>(), fingerprint::<Arc<[u8]>>());
    assert_eq!(fingerprint::<Box<u8>>(), fingerprint::<Arc<u8>>());
    assert_eq!(fingerprint::<PathBuf>(), fingerprint::<Arc<Path>>());
    assert_eq!(fingerprint::<OsString>(), fingerprint::<Arc<OsStr>>());
    assert_eq!(fingerprint::<CString>(), fingerprint::<Arc<CStr>>());
    assert_eq!(fingerprint::<BTreeSet<u8>>(), fingerprint::<HashSet<u8>>());
    assert_eq!(fingerprint::<BTreeMap<u8, u8>>(), fingerprint::<HashMap<u8, u8>>());
}

#[test]
fn types_of_other_crates_are_compared_as_they_are_stored() {
    use chrono::{DateTime, Utc};
    use indexmap::{IndexMap, IndexSet};
    use smallvec::{SmallVec, smallvec};

    let utc = DateTime::<Utc>::UNIX_EPOCH;
    assert!(same(utc, utc));
    let epoch = time::OffsetDateTime::UNIX_EPOCH;
    let moved = epoch.to_offset(time::UtcOffset::from_hms(1, 0, 0).unwrap());
    assert!(epoch == moved && !same(epoch, moved));
    let (one, other) = (IndexMap::from([(1, 1), (2, 2)]), IndexMap::from([(2, 2), (1, 1)]));
    assert!(one == other && !same(one, other));
    assert!(!same(IndexSet::from([1, 2]), IndexSet::from([2, 1])));
    let small: SmallVec<[u8; 2]> = smallvec![1, 2, 3];
    assert!(same(small.clone(), small));
    assert_eq!(fingerprint::<SmallVec<[u8; 2]>>(), fingerprint::<Vec<u8>>());
    assert!(same(uuid::Uuid::nil(), uuid::Uuid::nil()));
    assert!(!same(bytes::Bytes::from("a"), bytes::Bytes::from("b")));
}

/// A field that is assigned from a borrowed form stores, and allocates, only what differs.
#[test]
fn a_borrowed_form_is_assigned_if_it_differs() {
    #[derive(Serialize, Deserialize, Tracked)]
    struct Borrowed {
        text: Arc<str>,
        boxed: Box<str>,
        path: Arc<Path>,
        numbers: Arc<[f64]>,
        ids: Box<[ById]>,
        owned: PathBuf,
    }
    let value = || Borrowed {
        text: "a".into(),
        boxed: "a".into(),
        path: Path::new("a").into(),
        numbers: [f64::NAN].into(),
        ids: [by_id("a")].into(),
        owned: "a".into(),
    };
    let session = memdict::Cache::open("memory:").unwrap().session();
    let mut guard = session.dict::<Borrowed>("borrowed").entry("a").unwrap().or_insert(value());
    let allocated = Arc::as_ptr(&guard.text);
    let mut view = guard.edit();
    assert!(!view.text.assign("a") && view.text.assign("b"));
    assert!(!view.boxed.assign("a") && view.boxed.assign("b"));
    assert!(!view.path.assign(Path::new("a")) && view.path.assign(Path::new("a/")));
    assert!(!view.numbers.assign(&[f64::NAN][..]) && view.numbers.assign(&[0.0][..]));
    assert!(!view.ids.assign(&[by_id("a")][..]) && view.ids.assign(&[by_id("b")][..]));
    assert!(!view.owned.assign(Path::new("a")) && view.owned.assign(Path::new("a//")));
    assert!(!std::ptr::addr_eq(allocated, Arc::as_ptr(&guard.text)));
    assert_eq!((&*guard.text, &*guard.path, guard.numbers[0]), ("b", Path::new("a/"), 0.0));
}
