//! What memdict says to the log: through `tracing` with the feature of that name, else nothing.
//! Entries and servers are named; values never.

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
