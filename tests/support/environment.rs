//! What the environment asks of the tests.

/// Returns a number from the environment: how long a long run is, or its seed.
///
/// # Panics
///
/// If the variable is set and is no number.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}
