//! A debugging aid: changes that tracking cannot see, because they were made behind a `&`.

use crate::{
    error::{Error, Result},
    log::warning,
    session::{core::Core, settings::DetectUntracked},
};

/// Looks at every entry that nobody touched.
///
/// # Errors
///
/// [`Error::HiddenChange`] for the first that changed, if that is asked for.
pub(crate) fn detect(core: &Core) -> Result<()> {
    let what = core.settings.detect_untracked;
    if what == DetectUntracked::Off {
        return Ok(());
    }
    for entry in core.identity.entries() {
        let fields = entry.hidden_changes();
        if fields.is_empty() {
            continue;
        }
        let name = entry.name();
        if what == DetectUntracked::Error {
            let (dict, key) = (name.dict.to_string(), name.key.clone());
            return Err(Error::HiddenChange { dict, key, fields });
        }
        warning!("{name} was only read, but is changed, and that is not written: {fields:?}");
    }
    Ok(())
}
