//! The lines that ask for the values of several keys in the classic dialect. A server answers only
//! those keys that have a value, and then `END`. A proxy may answer them in an order of its own.

use std::{
    collections::{HashSet, VecDeque},
    ops::Range,
};

use super::{proto::window::Window, work::Work};

/// The largest number of keys in a line.
pub(super) const MAX_KEYS: usize = 100;

/// The lines that are not answered yet, in their order.
#[derive(Debug, Default)]
pub(super) struct Gets {
    lines: VecDeque<Line>,
}

/// The keys of one line, each of which is there once.
#[derive(Debug)]
pub(super) struct Line {
    /// The places of the operations.
    places: Range<usize>,
    /// Which of them have been answered, as bits.
    found: u128,
    /// Where the next value is looked for first.
    next: usize,
}

impl Gets {
    /// Asks for the keys of the operations at the places from `first` on, as many as one line takes.
    /// Returns how many these are: none if the first one asks for no value.
    pub(super) fn ask<'a>(
        &mut self,
        first: usize,
        share: &[usize],
        work: &dyn Work<'a>,
        window: &mut Window<'a>,
    ) -> usize {
        let mut keys = Vec::new();
        let mut seen = HashSet::new();
        // A server might answer a key that is asked for twice only once.
        let asked = share.iter().skip(first).take(MAX_KEYS).map_while(|&index| work.loads(index));
        keys.extend(asked.take_while(|key| seen.insert(*key)));
        if !keys.is_empty() {
            window.gets(keys.iter().copied());
            let places = first..first + keys.len();
            self.lines.push_back(Line { next: first, places, found: 0 });
        }
        keys.len()
    }

    /// Returns the line that is answered next, if it begins at this place.
    pub(super) fn at(&mut self, place: usize) -> Option<&mut Line> {
        self.lines.front_mut().filter(|line| line.places.start == place)
    }

    /// Ends the line that is answered next. Returns its places without a value, and where it ends.
    pub(super) fn end(&mut self) -> Option<(impl Iterator<Item = usize> + use<>, usize)> {
        let line = self.lines.pop_front()?;
        let end = line.places.end;
        Some((line.left(), end))
    }

    /// Returns whether an operation has been answered, in a line that has not.
    pub(super) fn has_found(&self, place: usize) -> bool {
        self.lines.front().is_some_and(|line| line.has(place))
    }

    /// Forgets all lines.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
    }
}

impl Line {
    /// Takes the place whose operation asks for this key.
    pub(super) fn take<'a>(
        &mut self,
        key: &[u8],
        share: &[usize],
        work: &dyn Work<'a>,
    ) -> Option<usize> {
        let Range { start, end } = self.places;
        let fits = |place: &usize| !self.has(*place) && work.loads(share[*place]) == Some(key);
        let place = (self.next..end).chain(start..self.next).find(fits)?;
        self.found |= 1 << (place - start);
        self.next = place + 1;
        Some(place)
    }

    fn has(&self, place: usize) -> bool {
        self.places.contains(&place) && self.found >> (place - self.places.start) & 1 == 1
    }

    fn left(self) -> impl Iterator<Item = usize> + use<> {
        self.places.clone().filter(move |&place| !self.has(place))
    }
}
