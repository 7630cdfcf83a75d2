//! One way to ask and to answer, over both dialects.
//!
//! What a dialect does not have, it does as well as it can: the classic one has no marks, no rights
//! to renew, no stale values and no silence, and does not tell how much life is left.

use super::{
    Dialect, Mark,
    answer::Parsed,
    classic, meta,
    request::{Ask, Life, Sum, When},
    window::Window,
};

/// Reads the answer at the front of `bytes`. A value of more than `max_value` bytes is none.
pub(in crate::store::memcached) fn parse(
    dialect: Dialect,
    bytes: &[u8],
    max_value: usize,
) -> Parsed<'_> {
    match dialect {
        Dialect::Meta => meta::answer::parse(bytes, max_value),
        Dialect::Classic => classic::answer::parse(bytes, max_value),
    }
}

impl<'a> Window<'a> {
    /// Asks for a value and its version, and what else is asked.
    pub(in crate::store::memcached) fn get(&mut self, key: &[u8], ask: Ask, mark: Mark) {
        match self.dialect {
            Dialect::Meta => meta::request::get(self, key, ask, mark),
            Dialect::Classic => classic::request::gets(self, [key].into_iter()),
        }
    }

    /// Asks for values by one line of the classic dialect.
    pub(in crate::store::memcached) fn gets<'k>(&mut self, keys: impl Iterator<Item = &'k [u8]>) {
        classic::request::gets(self, keys);
    }

    /// Asks for a sign that every earlier request has been processed, by meta commands.
    pub(in crate::store::memcached) fn barrier(&mut self) {
        meta::request::barrier(self);
    }

    /// Stores a value. If it is `silent`, success is not answered; the classic dialect cannot be.
    pub(in crate::store::memcached) fn store(
        &mut self,
        key: &[u8],
        value: &'a [u8],
        life: Life,
        when: When,
        silent: bool,
        mark: Mark,
    ) {
        match self.dialect {
            Dialect::Meta => meta::request::store(self, key, value, life, when, silent, mark),
            Dialect::Classic => classic::request::store(self, key, value, life, when),
        }
    }

    /// Deletes a value. With `version`, only if the value has that version.
    pub(in crate::store::memcached) fn delete(
        &mut self,
        key: &[u8],
        version: Option<u64>,
        mark: Mark,
    ) {
        match self.dialect {
            Dialect::Meta => meta::request::delete(self, key, version, mark),
            Dialect::Classic => classic::request::delete(self, key, version),
        }
    }

    /// Sets an end of life.
    pub(in crate::store::memcached) fn touch(&mut self, key: &[u8], expiry: u32, mark: Mark) {
        match self.dialect {
            Dialect::Meta => meta::request::touch(self, key, expiry, mark),
            Dialect::Classic => classic::request::touch(self, key, expiry),
        }
    }

    /// Makes a value stale, or deletes it in the classic dialect, which keeps none that is stale.
    /// With `version`, only if the value has that version.
    pub(in crate::store::memcached) fn invalidate(
        &mut self,
        key: &[u8],
        version: Option<u64>,
        expiry: Option<u32>,
        mark: Mark,
    ) {
        match self.dialect {
            Dialect::Meta => meta::request::invalidate(self, key, version, expiry, mark),
            Dialect::Classic => classic::request::delete(self, key, version),
        }
    }

    /// Changes a number, and asks for the new one. The classic dialect changes only one that exists,
    /// and leaves its end of life.
    pub(in crate::store::memcached) fn count(&mut self, key: &[u8], sum: Sum, mark: Mark) {
        match self.dialect {
            Dialect::Meta => meta::request::count(self, key, sum, mark),
            Dialect::Classic => classic::request::count(self, key, sum.by),
        }
    }

    /// Stores a number if there is no value, in the classic dialect.
    pub(in crate::store::memcached) fn begin_number(
        &mut self,
        key: &[u8],
        number: u64,
        expiry: u32,
    ) {
        classic::request::begin_number(self, key, number, expiry);
    }
}
