//! Numbers that the server counts with: what a session asks for with its commit, what was really
//! made of it, and what has to be said.

use memdict::{Applied, Count, CounterDef, Op};
use memdict_tests::Session;

use super::{account::Account, record::KEYS};

static HITS: CounterDef = CounterDef::new("hits");

/// A number. There is one for each key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number(usize);

/// What is to be added to a number, or subtracted from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) number: Number,
    pub(crate) by: i64,
}

/// A count that was made.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    asked: Asked,
    now: u64,
    /// How many other changes were made before it.
    pub(crate) at: usize,
}

/// What a report says of counts.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The numbers that counts have led to.
    pub(crate) made: Vec<(Number, u64)>,
    pub(crate) lost: Vec<Number>,
    pub(crate) refused: Vec<Number>,
}

impl Number {
    pub(crate) const COUNT: usize = KEYS.len();

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    pub(crate) fn index(self) -> usize {
        self.0
    }

    /// Returns its key as stores have it.
    pub(crate) fn wire(self) -> String {
        format!("memdict:~{}:{}", HITS.name(), KEYS[self.0])
    }

    pub(crate) fn of_wire(key: &[u8]) -> Option<Self> {
        Self::all().find(|number| number.wire().as_bytes() == key)
    }

    pub(crate) fn of_key(key: &str) -> Self {
        Self::all().find(|number| KEYS[number.0] == key).expect("there is a number for each key")
    }

    /// Returns the number that a report names, if it is one.
    pub(crate) fn of_names(counter: &str, key: &str) -> Option<Self> {
        (counter == HITS.name()).then(|| Self::of_key(key))
    }
}

impl Asked {
    /// Asks a session for it.
    pub(crate) fn of(self, session: &Session) -> memdict::Result<()> {
        let (hits, key) = (session.counter(&HITS), KEYS[self.number.0]);
        let amount = self.by.unsigned_abs();
        if self.by < 0 { hits.subtract(key, amount) } else { hits.add(key, amount) }
    }

    fn apply(self, number: u64) -> u64 {
        number.saturating_add_signed(self.by)
    }
}

impl Counted {
    /// Checks a count that a store has made of the number as it was, and returns it.
    pub(crate) fn of(
        number: Number,
        before: Option<u64>,
        op: Op<'_>,
        applied: Applied,
        at: usize,
    ) -> Self {
        let (Op::Count(Count { by, .. }), Applied::Counted(now)) = (op, applied) else {
            panic!("{number:?} is {applied:?} by {op:?}")
        };
        let up = i64::try_from(by.apply(1 << 32)).expect("a small number");
        let asked = Asked { number, by: up - (1 << 32) };
        assert_eq!(
            asked.apply(before.unwrap_or(0)),
            now,
            "{number:?} was {before:?}, by {asked:?}"
        );
        Self { asked, now, at }
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }
}

impl Account<'_> {
    /// Checks what is said of each number against the counts that were made.
    pub(crate) fn check_counts(&self) {
        assert!(!self.transient || self.counted.is_empty(), "transient, but {:?}", self.counted);
        Number::all().for_each(|number| self.check_number(number));
    }

    fn check_number(&self, number: Number) {
        let asked = self.mirror.counts.iter().filter(|asked| asked.number == number);
        let made = || self.counted.iter().filter(|made| made.asked.number == number);
        let said = self.said.made.iter().filter(|(it, _)| *it == number).map(|(_, now)| *now);
        let many = |list: &[Number]| list.iter().filter(|it| **it == number).count();
        let (lost, refused) = (many(&self.said.lost), many(&self.said.refused));
        let context = || {
            format!("{number:?} of {:?}: {:?}, {:?}", self.mirror.counts, self.counted, self.said)
        };

        // Each was made at most once.
        let mut left: Vec<_> = asked.collect();
        let many_asked = left.len();
        for made in made() {
            let which = left.iter().position(|asked| **asked == made.asked);
            left.remove(which.unwrap_or_else(|| panic!("nobody asked for it: {}", context())));
        }
        // Each number that is said is one that a count has led to, in their order.
        let (mut numbers, mut many_said) = (made().map(Counted::now), 0);
        for said in said {
            assert!(numbers.any(|now| now == said), "nothing led to {said}: {}", context());
            many_said += 1;
        }
        // One that was made and is not said is lost.
        assert!(made().count() <= many_said + lost, "made, and not said: {}", context());
        let all = many_said + lost + refused;
        let called_off = all == 0 && self.nothing_was_sent();
        assert!(all == many_asked || called_off, "nothing is said of it: {}", context());
        let well = self.happened.is_empty() && self.is_settled;
        assert!(!well || lost + refused == 0, "nothing happened: {}", context());
    }
}
