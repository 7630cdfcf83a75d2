//! A payload that is being decoded, and what is left of its limits. bincode reads the primitives.

use bincode::{
    config::{self, Configuration},
    de::{
        BorrowDecode, BorrowDecoder, Decode, DecoderImpl,
        read::{BorrowReader, Reader},
    },
    error::DecodeError,
};

use super::{
    fault::Fault,
    limits::{FREE, Limits, elements},
};

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
pub(super) struct Source<'de> {
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
    /// A payload that is decoded as a `T`.
    pub(super) fn new<T>(payload: &'de [u8], limits: Limits) -> Self {
        Self {
            decoder: DecoderImpl::new(Bytes(payload), config::standard(), ()),
            levels: limits.depth,
            elements: elements(payload.len()),
            memory: limits.memory(payload.len()),
            paid: size_of::<T>(),
            limits,
            length: payload.len(),
        }
    }

    #[inline]
    pub(super) fn text(&mut self) -> Result<&'de str, Fault> {
        Ok(<&str>::borrow_decode(&mut self.decoder)?)
    }

    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'de [u8], Fault> {
        Ok(<&[u8]>::borrow_decode(&mut self.decoder)?)
    }

    #[inline]
    pub(super) fn get<T: Decode<()>>(&mut self) -> Result<T, Fault> {
        Ok(T::decode(&mut self.decoder)?)
    }

    #[inline]
    pub(super) fn left(&mut self) -> usize {
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
    pub(super) fn pay_element<T>(&mut self) -> Result<(), Fault> {
        if const { size_of::<T>() > FREE } {
            self.pay(size_of::<T>())?;
        }
        self.is_paid::<T>();
        Ok(())
    }

    /// Notes that a part of this type comes next, and that it is inside what was counted.
    #[inline]
    pub(super) fn is_paid<T>(&mut self) {
        // A smaller one contains no pointer, and so nothing that has to be counted.
        if const { size_of::<T>() >= size_of::<usize>() } {
            self.paid = size_of::<T>();
        }
    }

    /// Counts the memory of a value of this type, unless it is inside what was counted.
    #[inline]
    pub(super) fn account<T>(&mut self) -> Result<(), Fault> {
        if const { size_of::<T>() > FREE } && size_of::<T>() > self.paid {
            self.pay(size_of::<T>())?;
            self.paid = size_of::<T>();
        }
        Ok(())
    }

    /// Goes one level deeper, for a value of this type.
    #[inline]
    pub(super) fn enter<T>(&mut self) -> Result<(), Fault> {
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
    pub(super) fn leave(&mut self) {
        self.levels += 1;
    }

    /// Reads the length of a sequence or a map.
    #[inline]
    pub(super) fn claimed(&mut self) -> Result<usize, Fault> {
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
    pub(super) fn hint(&mut self, elements: usize) -> usize {
        elements.min(self.left())
    }
}
