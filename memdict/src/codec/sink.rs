//! A value that is being encoded, and what is left of its limits. bincode writes the primitives.

use std::ops::Range;

use bincode::{
    config::{self, Configuration},
    enc::{Encode, Encoder, EncoderImpl, write::Writer},
    error::EncodeError,
};
use serde::Serialize;

use super::{fault::Fault, limits::Limits};

/// A field; empty for a value that is no field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) of: &'static str,
    pub(super) field: &'static str,
}

/// Who wants to know where the parts of a value are.
pub(super) trait Notes {
    /// Notes that a value of the type with this name is at these bytes.
    fn note(&mut self, name: &str, place: Place, bytes: Range<usize>);
}

/// A writer that appends.
struct Tail<'a>(&'a mut Vec<u8>);

impl Writer for Tail<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// The bytes so far, and what was counted.
pub(super) struct Sink<'a> {
    encoder: EncoderImpl<Tail<'a>, Configuration>,
    levels: usize,
    pub(super) elements: usize,
    pub(super) parts: usize,
    limits: Limits,
    trial: Option<&'a mut dyn Notes>,
    /// The field that is being written, while there is a trial.
    place: Place,
    /// Whether the value is only checked, because it will be JSON.
    pub(super) for_json: bool,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        limits: Limits,
        trial: Option<&'a mut dyn Notes>,
        out: &'a mut Vec<u8>,
    ) -> Self {
        Self {
            encoder: EncoderImpl::new(Tail(out), config::standard()),
            levels: limits.depth,
            elements: 0,
            parts: 0,
            limits,
            trial,
            place: Place::default(),
            for_json: false,
        }
    }

    #[inline]
    pub(super) fn put<T: Encode>(&mut self, value: T) -> Result<(), Fault> {
        self.parts += 1;
        Ok(value.encode(&mut self.encoder)?)
    }

    #[inline]
    pub(super) fn at(&mut self) -> usize {
        self.encoder.writer().0.len()
    }

    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), Fault> {
        self.parts += 1;
        match self.levels.checked_sub(1) {
            Some(left) => {
                self.levels = left;
                Ok(())
            }
            None => Err(Fault::TooDeep(self.limits.depth)),
        }
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.levels += 1;
    }

    /// Writes the length of a sequence or a map. `parts` is how many values each element has.
    #[inline]
    pub(super) fn length(&mut self, length: Option<usize>, parts: usize) -> Result<(), Fault> {
        let Some(length) = length.or(self.for_json.then_some(0)) else {
            return Err(Fault::new(
                "it has a sequence or a map that does not say how long it is (`flatten` makes \
                 such ones), which this codec writes first: use `memdict::as_json` or \
                 `memdict::Json`",
            ));
        };
        self.elements = self.elements.saturating_add(length);
        self.parts = self.parts.saturating_add(length.saturating_mul(parts));
        self.put(length)
    }

    #[inline]
    pub(super) fn number(&self, is_finite: bool) -> Result<(), Fault> {
        match self.for_json && !is_finite {
            true => Err(Fault::new("NaN and infinite numbers have no JSON")),
            false => Ok(()),
        }
    }

    /// Writes a part whose type is known here. `place` is empty unless the part is a field.
    #[inline]
    pub(super) fn part<T: Serialize + ?Sized>(
        &mut self,
        place: Place,
        value: &T,
    ) -> Result<(), Fault> {
        if self.trial.is_some() {
            return self.tried(place, value);
        }
        value.serialize(self)
    }

    #[cold]
    fn tried<T: Serialize + ?Sized>(&mut self, place: Place, value: &T) -> Result<(), Fault> {
        let outer = self.place;
        if place != Place::default() {
            self.place = place;
        }
        let start = self.at();
        value.serialize(&mut *self)?;
        let bytes = start..self.at();
        if let Some(trial) = &mut self.trial {
            trial.note(std::any::type_name::<T>(), self.place, bytes);
        }
        self.place = outer;
        Ok(())
    }

    /// Writes the only part of a value, one level deeper.
    #[inline]
    pub(super) fn inside<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.enter()?;
        self.part(Place::default(), value)?;
        self.leave();
        Ok(())
    }
}
