//! Encodes a value within the limits under which it will be decoded.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{
    fault::Fault,
    limits::{Limits, elements},
    sink::{Notes, Place, Sink},
};

/// What a value was encoded to, besides its bytes.
pub(super) struct Encoding {
    /// How many parts of any size it has.
    pub(super) parts: usize,
}

/// Appends the encoding of `value` to `out`, and notes where the parts are that are to be tried.
pub(super) fn encode<'a, T: Serialize + ?Sized>(
    value: &T,
    limits: Limits,
    notes: Option<&'a mut (dyn Notes + 'a)>,
    out: &'a mut Vec<u8>,
) -> Result<Encoding, Fault> {
    let start = out.len();
    let mut sink = Sink::new(limits, notes, out);
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

macro_rules! primitives {
    ($($serialize:ident $type:ty,)*) => {$(
        #[inline]
        fn $serialize(self, value: $type) -> Result<(), Fault> {
            self.put(value)
        }
    )*};
}

impl<'s, 'a> Serializer for &'s mut Sink<'a> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Fields<'s, 'a>;
    type SerializeStructVariant = Fields<'s, 'a>;

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
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'s, 'a>, Fault> {
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
    ) -> Result<Fields<'s, 'a>, Fault> {
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
        impl $compound for &mut Sink<'_> {
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
pub(super) struct Fields<'s, 'a> {
    sink: &'s mut Sink<'a>,
    name: &'static str,
}

macro_rules! fields {
    ($($compound:ident)*) => {$(
        impl $compound for Fields<'_, '_> {
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
