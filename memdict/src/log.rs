//! The log, through `tracing` with the feature of that name; without it there is none. Lines name
//! entries and servers, never values.

macro_rules! warning {
    ($($message:tt)*) => {{
        #[cfg(feature = "tracing")]
        tracing::warn!(target: "memdict", $($message)*);
        #[cfg(not(feature = "tracing"))]
        let _ = format_args!($($message)*);
    }};
}

macro_rules! notice {
    ($($message:tt)*) => {{
        #[cfg(feature = "tracing")]
        tracing::info!(target: "memdict", $($message)*);
        #[cfg(not(feature = "tracing"))]
        let _ = format_args!($($message)*);
    }};
}

macro_rules! detail {
    ($($message:tt)*) => {{
        #[cfg(feature = "tracing")]
        tracing::debug!(target: "memdict", $($message)*);
        #[cfg(not(feature = "tracing"))]
        let _ = format_args!($($message)*);
    }};
}

pub(crate) use {detail, notice, warning};
