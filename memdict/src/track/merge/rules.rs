//! The rules that work on every type, and on every type that can be compared.

use std::{cmp::Ordering, mem};

use super::sides::{Ruling, Sides};
use crate::error::BoxError;

/// The rule `ours`.
///
/// # Errors
///
/// Never.
pub fn ours<T>(_: Sides<'_, T>) -> Ruling {
    Ok(())
}

/// The rule `theirs`.
///
/// # Errors
///
/// Never.
pub fn theirs<T>(sides: Sides<'_, T>) -> Ruling {
    mem::swap(sides.ours, sides.theirs);
    Ok(())
}

/// The rule `max`.
///
/// # Errors
///
/// If the two cannot be compared.
pub fn max<T: PartialOrd>(sides: Sides<'_, T>) -> Ruling {
    keep(sides, Ordering::Greater)
}

/// The rule `min`.
///
/// # Errors
///
/// If the two cannot be compared.
pub fn min<T: PartialOrd>(sides: Sides<'_, T>) -> Ruling {
    keep(sides, Ordering::Less)
}

/// Keeps the value that compares as `wanted` with the other; ours if they are equal.
fn keep<T: PartialOrd>(sides: Sides<'_, T>, wanted: Ordering) -> Ruling {
    match sides.ours.partial_cmp(&sides.theirs) {
        None => Err("changed on both sides to values that cannot be compared".into()),
        Some(found) if found == wanted || found == Ordering::Equal => Ok(()),
        Some(_) => theirs(sides),
    }
}

/// The rule `with(function)`.
///
/// # Errors
///
/// If the function returns one.
pub fn with<T, E: Into<BoxError>>(
    sides: Sides<'_, T>,
    function: impl FnOnce(&T, &T, &T) -> Result<T, E>,
) -> Ruling {
    *sides.ours = function(sides.base, sides.ours, sides.theirs).map_err(Into::into)?;
    Ok(())
}
