//! Encodes a value within the limits under which it will be decoded: bincode writes the primitives,
//! and this file counts what they add up to.

use bincode::{
    config::{self, Configuration},
    enc::{Encode, Encoder, EncoderImpl, write::Writer},
    error::EncodeError,
};
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{
    fault::Fault,
    limits::{Limits, elements},
    trial::{Occurrences, Place},
};

/// What a value was encoded to, besides its bytes.
pub(super) struct Encoding {
    /// How many parts of any size it has.
    pub(super) parts: usize,
}

/// Appends the encoding of `value` to `out`, and notes where the parts are that are to be tried.
pub(super) fn encode<T: Serialize + ?Sized>(
    value: &T,
    limits: Limits,
    trial: Option<&mut Occurrences<'_>>,
    out: &mut Vec<u8>,
) -> Result<Encoding, Fault> {
    let start = out.len();
    let mut sink = Sink::new(limits, trial, out);
    sink.part(Place::default(), value)?;
    let (written, parts) = (sink.at() - start, sink.parts);
    let limit = elements(written);
    if sink.elements > limit {
        return Err(Fault::too_many_elements(limit));
    }
    Ok(Encoding { parts })
}

/// Checks whether JSON can express a value. Nothing is kept of what is written.
#[cfg(feature = "json")]
pub(super) fn has_json<T: Serialize + ?Sized>(value: &T, limits: Limits) -> Result<(), Fault> {
    let mut out = Vec::new();
    let mut sink = Sink::new(limits, None, &mut out);
    sink.for_json = true;
    value.serialize(&mut sink)
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
struct Sink<'a, 't> {
    encoder: EncoderImpl<Tail<'a>, Configuration>,
    levels: usize,
    elements: usize,
    parts: usize,
    limits: Limits,
    trial: Option<&'a mut Occurrences<'t>>,
    /// The field that is being written, while there is a trial.
    place: Place,
    /// Whether the value is only checked, because it will be JSON.
    for_json: bool,
}

impl<'a, 't> Sink<'a, 't> {
    fn new(limits: Limits, trial: Option<&'a mut Occurrences<'t>>, out: &'a mut Vec<u8>) -> Self {
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
    fn put<T: Encode>(&mut self, value: T) -> Result<(), Fault> {
        self.parts += 1;
        Ok(value.encode(&mut self.encoder)?)
    }

    #[inline]
    fn at(&mut self) -> usize {
        self.encoder.writer().0.len()
    }

    #[inline]
    fn enter(&mut self) -> Result<(), Fault> {
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
    fn leave(&mut self) {
        self.levels += 1;
    }

    /// Writes the length of a sequence or a map. `parts` is how many values each element has.
    #[inline]
    fn length(&mut self, length: Option<usize>, parts: usize) -> Result<(), Fault> {
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
    fn number(&self, is_finite: bool) -> Result<(), Fault> {
        match self.for_json && !is_finite {
            true => Err(Fault::new("NaN and infinite numbers have no JSON")),
            false => Ok(()),
        }
    }

    /// Writes a part whose type is known here. `place` is empty unless the part is a field.
    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, place: Place, value: &T) -> Result<(), Fault> {
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
    fn inside<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.enter()?;
        self.part(Place::default(), value)?;
        self.leave();
        Ok(())
    }
}

macro_rules! primitives {
    ($($serialize:ident $type:ty,)*) => {$(
        #[inline]
        fn $serialize(self, value: $type) -> Result<(), Fault> {
            self.put(value)
        }
    )*};
}

impl<'s, 'a, 't> Serializer for &'s mut Sink<'a, 't> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Fields<'s, 'a, 't>;
    type SerializeStructVariant = Fields<'s, 'a, 't>;

    primitives! {
        serialize_bool bool,
        serialize_i8 i8,
        serialize_i16 i16,
        serialize_i32 i32,
        serialize_i64 i64,
        serialize_i128 i128,
        serialize_u8 u8,
        serialize_u16 u16,
        serialize_u32 u32,
        serialize_u64 u64,
        serialize_u128 u128,
        serialize_char char,
        serialize_str &str,
        serialize_bytes &[u8],
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        self.number(value.is_finite())?;
        self.put(value)
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        self.number(value.is_finite())?;
        self.put(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Fault> {
        self.put(0_u8)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.put(1_u8)?;
        self.inside(value)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Fault> {
        self.parts += 1;
        Ok(())
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
    ) -> Result<(), Fault> {
        self.enter()?;
        self.put(index)?;
        self.leave();
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.inside(value)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.put(index)?;
        self.inside(value)
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Self, Fault> {
        self.length(length, 1)?;
        self.enter()?;
        Ok(self)
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, Fault> {
        self.enter()?;
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        self.enter()?;
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Fault> {
        self.put(index)?;
        self.enter()?;
        Ok(self)
    }

    #[inline]
    fn serialize_map(self, length: Option<usize>) -> Result<Self, Fault> {
        self.length(length, 2)?;
        self.enter()?;
        Ok(self)
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'s, 'a, 't>, Fault> {
        self.enter()?;
        Ok(Fields { sink: self, name })
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Fields<'s, 'a, 't>, Fault> {
        self.put(index)?;
        self.enter()?;
        Ok(Fields { sink: self, name })
    }

    fn is_human_readable(&self) -> bool {
        self.for_json
    }
}

macro_rules! compounds {
    ($($compound:ident: $($part:ident),+;)*) => {$(
        impl $compound for &mut Sink<'_, '_> {
            type Ok = ();
            type Error = Fault;

            $(
                #[inline]
                fn $part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                    self.part(Place::default(), value)
                }
            )+

            #[inline]
            fn end(self) -> Result<(), Fault> {
                self.leave();
                Ok(())
            }
        }
    )*};
}

compounds! {
    SerializeSeq: serialize_element;
    SerializeTuple: serialize_element;
    SerializeTupleStruct: serialize_field;
    SerializeTupleVariant: serialize_field;
    SerializeMap: serialize_key, serialize_value;
}

/// The fields of a struct or of a variant.
struct Fields<'s, 'a, 't> {
    sink: &'s mut Sink<'a, 't>,
    name: &'static str,
}

macro_rules! fields {
    ($($compound:ident)*) => {$(
        impl $compound for Fields<'_, '_, '_> {
            type Ok = ();
            type Error = Fault;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Fault> {
                self.sink.part(Place { of: self.name, field: name }, value)
            }

            /// Refuses: fields are stored by position, so the next one would be read as this one.
            fn skip_field(&mut self, field: &'static str) -> Result<(), Fault> {
                if self.sink.for_json {
                    return Ok(());
                }
                Err(Fault::new(format!(
                    "the field `{field}` of `{}` is left out (`skip_serializing_if`), and this \
                     codec does not store which fields there are: use `memdict::as_json` or \
                     `memdict::Json`",
                    self.name
                )))
            }

            #[inline]
            fn end(self) -> Result<(), Fault> {
                self.sink.leave();
                Ok(())
            }
        }
    )*};
}

fields!(SerializeStruct SerializeStructVariant);
