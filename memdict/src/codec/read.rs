//! Decodes a payload without believing it: bincode reads the primitives, and this file bounds what
//! they add up to.
//!
//! bincode's own decoder of serde types does not say how many bytes are left, recurses as deep as
//! the bytes ask for, and allocates a string before it has one. Its encoding is the same.

use bincode::{
    config::{self, Configuration},
    de::{
        BorrowDecode, BorrowDecoder, Decode, DecoderImpl,
        read::{BorrowReader, Reader},
    },
    error::DecodeError,
};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::{
    fault::Fault,
    limits::{FREE, Limits, elements},
};

/// Decodes a value that takes up all of `payload`.
pub(super) fn decode<'de, T: Deserialize<'de>>(
    payload: &'de [u8],
    limits: Limits,
) -> Result<T, Fault> {
    let mut source = Source {
        decoder: DecoderImpl::new(Bytes(payload), config::standard(), ()),
        levels: limits.depth,
        elements: elements(payload.len()),
        memory: limits.memory(payload.len()),
        paid: size_of::<T>(),
        limits,
        length: payload.len(),
    };
    let value = T::deserialize(&mut source)?;
    match source.left() {
        0 => Ok(value),
        left => Err(Fault::new(format!("{left} bytes after the value"))),
    }
}

/// The bytes that are left.
struct Bytes<'de>(&'de [u8]);

impl Reader for Bytes<'_> {
    #[inline]
    fn read(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        bytes.copy_from_slice(self.take_bytes(bytes.len())?);
        Ok(())
    }

    #[inline]
    fn peek_read(&mut self, length: usize) -> Option<&[u8]> {
        self.0.get(..length)
    }

    #[inline]
    fn consume(&mut self, length: usize) {
        self.0 = self.0.get(length..).unwrap_or_default();
    }
}

impl<'de> BorrowReader<'de> for Bytes<'de> {
    #[inline]
    fn take_bytes(&mut self, length: usize) -> Result<&'de [u8], DecodeError> {
        let Some((taken, left)) = self.0.split_at_checked(length) else {
            return Err(DecodeError::UnexpectedEnd { additional: length - self.0.len() });
        };
        self.0 = left;
        Ok(taken)
    }
}

/// The payload, and what is left of the limits.
struct Source<'de> {
    decoder: DecoderImpl<Bytes<'de>, Configuration, ()>,
    levels: usize,
    elements: usize,
    memory: usize,
    /// The size of the part that is decoded next, as far as it is inside a part that was counted
    /// already. If the next value is larger, it is somewhere else: in a `Box`, for example.
    paid: usize,
    limits: Limits,
    length: usize,
}

impl<'de> Source<'de> {
    #[inline]
    fn get<T: Decode<()>>(&mut self) -> Result<T, Fault> {
        Ok(T::decode(&mut self.decoder)?)
    }

    #[inline]
    fn left(&mut self) -> usize {
        self.decoder.borrow_reader().0.len()
    }

    /// Counts the memory of a value that is not inside another one.
    #[inline]
    fn pay(&mut self, size: usize) -> Result<(), Fault> {
        match self.memory.checked_sub(size) {
            Some(left) => {
                self.memory = left;
                Ok(())
            }
            None => Err(Fault::too_large(self.limits, self.length)),
        }
    }

    /// Counts the memory of the elements of a collection.
    #[inline]
    fn pay_element<T>(&mut self) -> Result<(), Fault> {
        if const { size_of::<T>() > FREE } {
            self.pay(size_of::<T>())?;
        }
        self.is_paid::<T>();
        Ok(())
    }

    /// Notes that a part of this type comes next, and that it is inside what was counted.
    #[inline]
    fn is_paid<T>(&mut self) {
        // A smaller one contains no pointer, and so nothing that has to be counted.
        if const { size_of::<T>() >= size_of::<usize>() } {
            self.paid = size_of::<T>();
        }
    }

    /// Counts the memory of a value of this type, unless it is inside what was counted.
    #[inline]
    fn account<T>(&mut self) -> Result<(), Fault> {
        if const { size_of::<T>() > FREE } && size_of::<T>() > self.paid {
            self.pay(size_of::<T>())?;
            self.paid = size_of::<T>();
        }
        Ok(())
    }

    /// Goes one level deeper, for a value of this type.
    #[inline]
    fn enter<T>(&mut self) -> Result<(), Fault> {
        self.account::<T>()?;
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

    /// Reads the length of a sequence or a map.
    #[inline]
    fn claimed(&mut self) -> Result<usize, Fault> {
        let claimed = self.get::<usize>()?;
        match self.elements.checked_sub(claimed) {
            Some(left) => {
                self.elements = left;
                Ok(claimed)
            }
            None => Err(Fault::too_many_elements(elements(self.length))),
        }
    }

    /// Returns this number of elements, but no more than there are bytes: some types allocate what
    /// they are told.
    #[inline]
    fn hint(&mut self, elements: usize) -> usize {
        elements.min(self.left())
    }

    #[inline]
    fn fields<V: Visitor<'de>>(&mut self, left: usize, visitor: V) -> Result<V::Value, Fault> {
        self.enter::<V::Value>()?;
        let value = visitor.visit_seq(Fields { source: self, left })?;
        self.leave();
        Ok(value)
    }
}

macro_rules! primitives {
    ($($deserialize:ident $visit:ident,)*) => {$(
        #[inline]
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.account::<V::Value>()?;
            visitor.$visit(self.get()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Source<'de> {
    type Error = Fault;

    primitives! {
        deserialize_bool visit_bool,
        deserialize_i8 visit_i8,
        deserialize_i16 visit_i16,
        deserialize_i32 visit_i32,
        deserialize_i64 visit_i64,
        deserialize_i128 visit_i128,
        deserialize_u8 visit_u8,
        deserialize_u16 visit_u16,
        deserialize_u32 visit_u32,
        deserialize_u64 visit_u64,
        deserialize_u128 visit_u128,
        deserialize_f32 visit_f32,
        deserialize_f64 visit_f64,
        deserialize_char visit_char,
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.account::<V::Value>()?;
        visitor.visit_borrowed_str(<&str>::borrow_decode(&mut self.decoder)?)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.account::<V::Value>()?;
        // The bytes are there before they are copied.
        visitor.visit_string(<&str>::borrow_decode(&mut self.decoder)?.to_owned())
    }

    #[inline]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.account::<V::Value>()?;
        visitor.visit_borrowed_bytes(<&[u8]>::borrow_decode(&mut self.decoder)?)
    }

    #[inline]
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.account::<V::Value>()?;
        visitor.visit_byte_buf(<&[u8]>::borrow_decode(&mut self.decoder)?.to_vec())
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.account::<V::Value>()?;
        match self.get::<u8>()? {
            0 => visitor.visit_none(),
            1 => {
                self.enter::<V::Value>()?;
                let value = visitor.visit_some(&mut *self)?;
                self.leave();
                Ok(value)
            }
            other => Err(Fault::new(format!("an `Option` is 0 or 1, not {other}"))),
        }
    }

    #[inline]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.account::<V::Value>()?;
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.account::<V::Value>()?;
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.enter::<V::Value>()?;
        let value = visitor.visit_newtype_struct(&mut *self)?;
        self.leave();
        Ok(value)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let left = self.claimed()?;
        self.enter::<V::Value>()?;
        let value = visitor.visit_seq(Elements { hint: self.hint(left), source: self, left })?;
        self.leave();
        Ok(value)
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.fields(length, visitor)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.fields(length, visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let left = self.claimed()?;
        self.enter::<V::Value>()?;
        let value = visitor.visit_map(Elements { hint: self.hint(left), source: self, left })?;
        self.leave();
        Ok(value)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.fields(fields.len(), visitor)
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.enter::<V::Value>()?;
        let value = visitor.visit_enum(Variant(self))?;
        self.leave();
        Ok(value)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::new(
            "its type asks for what is stored (`deserialize_any`), which this codec does not store",
        ))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::new("its type asks for the names of fields, which this codec does not store"))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::new("its type skips a part, and this codec does not store where a part ends"))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The fields of a struct, a tuple or a variant. They are inside it, so their memory is not counted
/// again.
struct Fields<'a, 'de> {
    source: &'a mut Source<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Fields<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        self.source.is_paid::<T::Value>();
        seed.deserialize(&mut *self.source).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The elements of a sequence or a map.
struct Elements<'a, 'de> {
    source: &'a mut Source<'de>,
    left: usize,
    /// See [`Source::hint`].
    hint: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        self.source.pay_element::<T::Value>()?;
        seed.deserialize(&mut *self.source).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(self.hint))
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.next_element_seed(seed)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        self.source.pay_element::<V::Value>()?;
        seed.deserialize(&mut *self.source)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(self.hint))
    }
}

/// The variant of an enum, and its fields.
struct Variant<'a, 'de>(&'a mut Source<'de>);

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Fault;
    type Variant = Self;

    #[inline]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let index: u32 = self.0.get()?;
        let deserializer = IntoDeserializer::<Fault>::into_deserializer(index);
        Ok((seed.deserialize(deserializer)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.0.is_paid::<T::Value>();
        seed.deserialize(self.0)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Fields { source: self.0, left })
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(Fields { source: self.0, left: fields.len() })
    }
}
