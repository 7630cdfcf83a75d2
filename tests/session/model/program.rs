//! An old and a new version of one program, which share their stores. The old one knows a type from
//! which that of the new one converts.

use std::collections::BTreeSet;

use memdict::{DictDef, Tracked};
use serde::{Deserialize, Serialize};

use super::record::{DICTS, Place, Record, Touching, dicts};

/// Which of the two programs a session is of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Old,
    #[default]
    New,
}

impl Program {
    /// Returns whether this program can read what `writer` has stored.
    pub(crate) fn reads(self, writer: Self) -> bool {
        self == Self::New || writer == Self::Old
    }

    /// Returns what an update touches: the old program does not know the right field.
    pub(crate) fn touching(self, touching: Touching) -> Touching {
        match (self, touching) {
            (Self::Old, Touching::Right) => Touching::Neither,
            (_, touching) => touching,
        }
    }
}

/// A [`Record`] as the old program knows it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
pub(crate) struct OldRecord {
    #[memdict(merge = append)]
    updates: Vec<u32>,
    #[memdict(merge = union)]
    marks: BTreeSet<u32>,
    #[memdict(merge = sum)]
    count: u64,
    left: u32,
}

impl From<OldRecord> for Record {
    fn from(old: OldRecord) -> Self {
        let OldRecord { updates, marks, count, left } = old;
        Self { updates, marks, count, left, right: 0 }
    }
}

impl From<Record> for OldRecord {
    fn from(record: Record) -> Self {
        let Record { updates, marks, count, left, right } = record;
        assert_eq!(right, 0, "the old program knows no right field");
        Self { updates, marks, count, left }
    }
}

static NEW_DICTS: [DictDef<Record>; DICTS] = dicts();
static OLD_DICTS: [DictDef<OldRecord>; DICTS] = dicts();

/// The type in which a program stores records.
pub(crate) trait Form: Tracked + Default + Clone + From<Record> + Into<Record> {
    const PROGRAM: Program;

    fn dict(place: Place) -> &'static DictDef<Self>;

    /// Makes an update.
    fn add(&mut self, update: u32, touching: Touching) {
        let mut record: Record = self.clone().into();
        record.add(update, Self::PROGRAM.touching(touching));
        *self = record.into();
    }
}

impl Form for Record {
    const PROGRAM: Program = Program::New;

    fn dict(place: Place) -> &'static DictDef<Self> {
        &NEW_DICTS[place.dict_number()]
    }
}

impl Form for OldRecord {
    const PROGRAM: Program = Program::Old;

    fn dict(place: Place) -> &'static DictDef<Self> {
        &OLD_DICTS[place.dict_number()]
    }
}
