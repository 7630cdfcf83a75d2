//! Edits of the type with every kind of field. Each is made in the same way by a method of the
//! type, through a guard and through a view.

use memdict::RefMut;

use super::shape::{All, AllEdit, Item, Node, Of, Pay, PayEdit, Text};

#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Number(i64),
    Ratio(f64),
    Name(String),
    City(String),
    Visits(u32),
    Pair(u8),
    PairSkipped(u16),
    PairRatio(f32),
    Pay(Pay),
    PayAdd(u8),
    Push(Item),
    Pop,
    PriceOfFirst(f64),
    Sort,
    Clear,
    Insert(String, Item),
    InsertNew(String, Item),
    Remove(String),
    Rehash,
    ById(u8, f64),
    ForgetId(u8),
    Mark(u8),
    Unmark(u8),
    Note(Option<String>),
    TakeNote,
    Grow(i32),
    Chain(i32),
    Deep(i32),
    Prune,
    Reads(u32),
    Cached(u32),
    Foreign(u8),
    ForgetForeign(u8),
}

/// The way in which an edit is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// By a method of the type.
    Method,
    Guard,
    View,
    /// By `set`, `assign` and the live variant of an enum, which only views have.
    Set,
}

/// An edit that is written once for the value, its guard and its view: they differ only in what
/// `Deref` does.
macro_rules! apply {
    ($all:ident, $edit:expr) => {
        match $edit {
            Edit::Number(n) => $all.number.clone_from(n),
            Edit::Ratio(ratio) => $all.ratio.clone_from(ratio),
            Edit::Name(name) => $all.name.clone_from(name),
            Edit::City(city) => $all.place.city.clone_from(city),
            Edit::Visits(n) => $all.place.visits.clone_from(n),
            Edit::Pair(n) => $all.pair.0.clone_from(n),
            Edit::PairSkipped(n) => $all.pair.1.clone_from(n),
            Edit::PairRatio(ratio) => $all.pair.2.clone_from(ratio),
            Edit::Pay(pay) => $all.pay.clone_from(pay),
            Edit::PayAdd(n) => $all.pay.add(*n),
            Edit::Push(item) => $all.items.push(item.clone()),
            Edit::Pop => drop($all.items.pop()),
            Edit::PriceOfFirst(price) => {
                if let Some(first) = $all.items.first_mut() {
                    first.price = *price;
                }
            }
            Edit::Sort => $all.items.sort_by(|a, b| a.price.total_cmp(&b.price)),
            Edit::Clear => $all.items.clear(),
            Edit::Insert(name, item) => drop($all.by_name.insert(name.clone(), item.clone())),
            Edit::InsertNew(name, item) => {
                $all.by_name.entry(name.clone()).or_insert_with(|| item.clone());
            }
            Edit::Remove(name) => drop($all.by_name.remove(name)),
            Edit::Rehash => {
                let all: Vec<_> = $all.by_name.drain().collect();
                $all.by_name.extend(all.into_iter().rev());
            }
            Edit::ById(id, ratio) => {
                $all.by_id.insert(*id, *ratio);
            }
            Edit::ForgetId(id) => {
                $all.by_id.remove(id);
            }
            Edit::Mark(mark) => {
                $all.marks.insert(*mark);
            }
            Edit::Unmark(mark) => {
                $all.marks.remove(mark);
            }
            Edit::Note(note) => $all.note.clone_from(note),
            Edit::TakeNote => drop($all.note.take()),
            Edit::Grow(value) => $all.root.kids.push(Node { value: *value, ..Node::default() }),
            Edit::Chain(value) => {
                let next = $all.root.next.take().filter(|next| next.depth() < 4);
                $all.root.next.replace(Box::new(Node { value: *value, next, kids: Vec::new() }));
            }
            Edit::Deep(value) => {
                if let Some(kid) = $all.root.kids.last_mut() {
                    kid.deepen(*value);
                }
            }
            Edit::Prune => $all.root.kids.clear(),
            Edit::Reads(n) => $all.reads.clone_from(n),
            Edit::Cached(n) => $all.cached.clone_from(&Some(*n)),
            Edit::Foreign(n) => {
                $all.foreign.names.insert(*n);
            }
            Edit::ForgetForeign(n) => {
                $all.foreign.names.remove(n);
            }
        }
    };
}

impl All {
    pub(crate) fn apply(&mut self, edit: &Edit) {
        apply!(self, edit);
    }
}

impl Way {
    /// Makes the edit of an entry.
    pub(crate) fn apply(self, mut guard: RefMut<'_, All>, edit: &Edit) {
        match self {
            Self::Method => guard.apply(edit),
            Self::Guard => apply!(guard, edit),
            Self::View => {
                let mut view = guard.edit();
                apply!(view, edit);
            }
            Self::Set => set(guard.edit(), edit),
        }
    }

    /// Makes the edit of a plain value.
    pub(crate) fn apply_plainly(self, all: &mut All, edit: &Edit) {
        match edit {
            // `set` stores nothing if only an untracked field differs.
            Edit::Pay(pay)
                if self == Self::Set && pay.text(Of::Tracked) == all.pay.text(Of::Tracked) => {}
            _ => all.apply(edit),
        }
    }
}

fn set(mut view: AllEdit<'_>, edit: &Edit) {
    match edit {
        Edit::Number(n) => _ = view.number.set(*n),
        Edit::Ratio(ratio) => _ = view.ratio.set(*ratio),
        Edit::Name(name) => _ = view.name.assign(name.as_str()),
        Edit::City(city) => _ = view.place.city.assign(city.as_str()),
        Edit::Pair(n) => _ = view.pair.0.set(*n),
        Edit::PairRatio(ratio) => _ = view.pair.2.set(*ratio),
        Edit::Pay(pay) => _ = view.pay.set(pay.clone()),
        Edit::Note(note) => _ = view.note.assign(note),
        Edit::PayAdd(n) => match view.pay.variant() {
            PayEdit::Nothing => {}
            PayEdit::Cash(mut cents, coins) => {
                *cents += u64::from(n % 2);
                *coins += u32::from(*n);
            }
            PayEdit::Card { mut number, mut limit, place, checked } => {
                if n.is_multiple_of(3) {
                    number.push('0');
                }
                limit.set(f64::from(n % 2));
                *place.visits += 1;
                *checked = true;
            }
            PayEdit::Split(mut first, _) => first.add(*n),
        },
        _ => apply!(view, edit),
    }
}
