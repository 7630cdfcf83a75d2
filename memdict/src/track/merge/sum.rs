//! The rule `sum`.

use super::sides::{Ruling, Sides};

/// An integer: the types that `merge = sum` works on.
#[diagnostic::on_unimplemented(
    message = "`merge = sum` works on integers, not on `{Self}`",
    label = "not an integer",
    note = "`ours`, `theirs` and `with(function)` work on every type"
)]
pub trait Sum: Sized {
    /// Adds to ours the difference of theirs from the base.
    ///
    /// # Errors
    ///
    /// If the exact sum does not fit the type.
    fn sum(sides: Sides<'_, Self>) -> Ruling;
}

// The difference is a sign and a distance, and the distance always fits: no intermediate result
// overflows where the sum does not.
macro_rules! sums {
    ($($integer:ty)*, $add:ident, $sub:ident) => {$(
        impl Sum for $integer {
            fn sum(sides: Sides<'_, Self>) -> Ruling {
                let distance = sides.theirs.abs_diff(*sides.base);
                let sum = if *sides.theirs < *sides.base {
                    sides.ours.$sub(distance)
                } else {
                    sides.ours.$add(distance)
                };
                *sides.ours = sum.ok_or("changed on both sides, and the sum overflows")?;
                Ok(())
            }
        }
    )*};
}

sums! { u8 u16 u32 u64 u128 usize, checked_add, checked_sub }
sums! { i8 i16 i32 i64 i128 isize, checked_add_unsigned, checked_sub_unsigned }
