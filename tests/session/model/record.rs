//! The stored values: a record of the updates that it consists of. And the places: a few keys in
//! dictionaries of every combination of rules.

use std::{collections::BTreeSet, time::Duration};

use memdict::{DictDef, OnConflict, OnVanished, Tracked};
use serde::{Deserialize, Serialize};

use super::program::{Form, OldRecord};

/// A value that tells which updates are in it, in three ways, which disagree if a part is lost or
/// made twice; and two fields that cannot be merged if both sides change them.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize, Tracked)]
#[memdict(merge, from = OldRecord)]
pub(crate) struct Record {
    #[memdict(merge = append)]
    pub(crate) updates: Vec<u32>,
    #[memdict(merge = union)]
    pub(crate) marks: BTreeSet<u32>,
    #[memdict(merge = sum)]
    pub(crate) count: u64,
    pub(crate) left: u32,
    pub(crate) right: u32,
}

impl Record {
    /// Returns a record of a single update.
    pub(crate) fn of(update: u32) -> Self {
        let mut record = Self::default();
        record.add(update, Touching::Neither);
        record
    }

    /// Makes an update.
    pub(crate) fn add(&mut self, update: u32, touching: Touching) {
        self.updates.push(update);
        self.marks.insert(update);
        self.count += 1;
        match touching {
            Touching::Neither => {}
            Touching::Left => self.left = update,
            Touching::Right => self.right = update,
        }
    }

    /// Returns whether each update is in it exactly once, and completely.
    pub(crate) fn is_whole(&self) -> bool {
        let distinct: BTreeSet<_> = self.updates.iter().copied().collect();
        distinct == self.marks
            && self.updates.len() == distinct.len()
            && self.count == distinct.len() as u64
    }

    /// Returns the merge of two records with one base, if there is one. This implements the rules
    /// of the type independently.
    pub(crate) fn merged(base: &Self, ours: &Self, theirs: &Self) -> Option<Self> {
        let tail = |side: &Self| side.updates.strip_prefix(&*base.updates).map(<[u32]>::to_vec);
        let updates = match one_side(&base.updates, &ours.updates, &theirs.updates) {
            Some(updates) => updates.clone(),
            None => {
                tail(theirs)?;
                [theirs.updates.clone(), tail(ours)?].concat()
            }
        };
        let either: BTreeSet<_> = &ours.marks | &theirs.marks;
        let stays = |mark: &u32| {
            let both = ours.marks.contains(mark) && theirs.marks.contains(mark);
            both || !base.marks.contains(mark)
        };
        let marks = either.into_iter().filter(stays).collect();
        let [base_count, our_count, their_count] =
            [base, ours, theirs].map(|record| i128::from(record.count));
        Some(Self {
            updates,
            marks,
            count: u64::try_from(our_count + their_count - base_count).ok()?,
            left: *one_side(&base.left, &ours.left, &theirs.left)?,
            right: *one_side(&base.right, &ours.right, &theirs.right)?,
        })
    }
}

/// Returns the side that changed, unless both did.
fn one_side<'a, T: PartialEq>(base: &'a T, ours: &'a T, theirs: &'a T) -> Option<&'a T> {
    if ours == base { Some(theirs) } else { (theirs == base).then_some(ours) }
}

/// Which field without a rule an update also changes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Touching {
    Neither,
    Left,
    Right,
}

/// A place for a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(usize);

pub(crate) const KEYS: [&str; 2] = ["a", "b"];

/// How long tombstones last: longer than any test.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// How long values live in some dictionaries, and some values by themselves.
const DAY: Duration = Duration::from_secs(24 * 3600);
pub(crate) const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

pub(crate) const DICTS: usize = 15;

/// Returns a dictionary for each combination of rules, without and with tombstones, and others with
/// lifetimes, and one that can be cleared.
pub(crate) const fn dicts<T: Tracked>() -> [DictDef<T>; DICTS] {
    use OnConflict::{LastWriteWins, Merge};
    use OnVanished::Fail;
    [
        DictDef::new("fail"),
        DictDef::new("merge").on_conflict(Merge),
        DictDef::new("last").on_conflict(LastWriteWins),
        DictDef::new("fail-there").on_vanished(Fail),
        DictDef::new("merge-there").on_conflict(Merge).on_vanished(Fail),
        DictDef::new("last-there").on_conflict(LastWriteWins).on_vanished(Fail),
        DictDef::new("fail-tomb").tombstone(HOUR),
        DictDef::new("merge-tomb").on_conflict(Merge).tombstone(HOUR),
        DictDef::new("last-tomb").on_conflict(LastWriteWins).tombstone(HOUR),
        DictDef::new("fail-there-tomb").on_vanished(Fail).tombstone(HOUR),
        DictDef::new("merge-there-tomb").on_conflict(Merge).on_vanished(Fail).tombstone(HOUR),
        DictDef::new("last-there-tomb")
            .on_conflict(LastWriteWins)
            .on_vanished(Fail)
            .tombstone(HOUR),
        DictDef::new("fail-keep").ttl(DAY).keep_ttl(),
        DictDef::new("merge-slide").on_conflict(Merge).ttl(DAY).sliding(),
        DictDef::new(CLEARABLE).on_conflict(Merge).clearable(),
    ]
}

/// The name of the dictionary that can be cleared.
const CLEARABLE: &str = "merge-clear";

/// Returns whether this is the key of that dictionary's generation.
pub(crate) fn is_generation(key: &[u8]) -> bool {
    key == generation_wire().as_bytes()
}

/// Returns the key of that dictionary's generation as stores have it.
pub(crate) fn generation_wire() -> String {
    format!("memdict:{CLEARABLE}:#generation")
}

impl Place {
    pub(crate) const COUNT: usize = DICTS * KEYS.len();

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Returns the place of this number.
    pub(crate) fn nth(number: usize) -> Self {
        Self(number % Self::COUNT)
    }

    pub(crate) fn number(self) -> usize {
        self.0
    }

    pub(crate) fn dict_number(self) -> usize {
        self.0 / KEYS.len()
    }

    pub(crate) fn dict(self) -> &'static DictDef<Record> {
        Record::dict(self)
    }

    pub(crate) fn key(self) -> &'static str {
        KEYS[self.0 % KEYS.len()]
    }

    /// Returns its key as stores have it.
    pub(crate) fn wire(self) -> String {
        format!("memdict:{}:{}", self.dict().name(), self.key())
    }

    pub(crate) fn of_wire(key: &[u8]) -> Option<Self> {
        let names = std::str::from_utf8(key).ok()?.strip_prefix("memdict:")?;
        let (dict, key) = names.split_once(':')?;
        Self::of_names(dict, key)
    }

    pub(crate) fn of_names(dict: &str, key: &str) -> Option<Self> {
        Self::all().find(|place| place.dict().name() == dict && place.key() == key)
    }

    pub(crate) fn on_conflict(self) -> OnConflict {
        match self.dict_number() % 3 {
            _ if self.is_clearable() => OnConflict::Merge,
            0 => OnConflict::Fail,
            1 => OnConflict::Merge,
            _ => OnConflict::LastWriteWins,
        }
    }

    pub(crate) fn on_vanished(self) -> OnVanished {
        if self.dict_number() % 6 < 3 { OnVanished::Recreate } else { OnVanished::Fail }
    }

    /// Returns whether a removal leaves a tombstone.
    pub(crate) fn buries(self) -> bool {
        (6..12).contains(&self.dict_number())
    }

    /// Returns whether a value that is replaced keeps its end of life.
    pub(crate) fn keeps_ttl(self) -> bool {
        self.dict_number() == 12
    }

    /// Returns how long values live, if the dictionary says so.
    pub(crate) fn ttl(self) -> Option<Duration> {
        (12..14).contains(&self.dict_number()).then_some(DAY)
    }

    /// Returns whether all values of the dictionary can be made void at once.
    pub(crate) fn is_clearable(self) -> bool {
        self.dict_number() == 14
    }

    /// Returns a place of the dictionary for which this holds.
    pub(crate) fn clearable() -> Self {
        Self::nth(2 * 14)
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]", self.dict().name(), self.key())
    }
}
