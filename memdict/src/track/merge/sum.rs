//! The rule `sum`.

use super::{Ruling, Sides};

/// What `merge = sum` works on.
#[diagnostic::on_unimplemented(
    message = "`merge = sum` works on integers, not on `{Self}`",
    label = "not an integer",
    note = "`ours`, `theirs` and `with(function)` work on every type"
)]
pub trait Sum: Sized {
    /// Adds to ours what theirs is more, or less, than the base.
    ///
    /// # Errors
    ///
    /// If the exact sum is not a value of the type.
    fn sum(sides: Sides<'_, Self>) -> Ruling;
}

// The difference as a sign and a distance, which always fits: no detour overflows where the sum
// does not.
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
