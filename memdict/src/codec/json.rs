//! JSON text for values that the codec cannot store, because their types need the names of fields.

use serde::{Serialize, de::DeserializeOwned};

use super::{fault::Fault, limits::Limits, write};
use crate::error::BoxError;

/// How many levels `serde_json` reads.
const DEPTH: usize = 127;

/// Returns the JSON of a value. The members of objects are in order, so that equal values have
/// equal texts.
///
/// # Errors
///
/// The value has no JSON, or could not be read again.
pub(crate) fn to_text<T: Serialize + ?Sized>(value: &T) -> Result<String, BoxError> {
    // Writing more levels than are read again could exhaust the stack.
    write::has_json(value, Limits { depth: DEPTH, ..Limits::DEFAULT }).map_err(
        |fault| match fault {
            Fault::TooDeep(limit) => format!("JSON is nested up to {limit} levels deep").into(),
            other => other.into_inner(),
        },
    )?;
    let mut json = serde_json::to_value(value)?;
    json.sort_all_objects();
    Ok(json.to_string())
}

/// Returns the value of a JSON text.
///
/// # Errors
///
/// The text is no JSON of a `T`.
pub(crate) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, BoxError> {
    Ok(serde_json::from_str(text)?)
}
