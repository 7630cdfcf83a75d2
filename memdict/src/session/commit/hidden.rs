//! A debugging aid: changes that tracking cannot see, because they were made behind a `&`.

use crate::{
    error::{Error, Result},
    log::warning,
    session::{core::Core, settings::DetectUntracked},
};

/// Looks at every entry that was only read.
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
        let id = entry.id();
        if what == DetectUntracked::Error {
            return Err(Error::HiddenChange { id: id.clone(), fields });
        }
        warning!("`{id}` was only read, but {fields:?} changed: that is not written");
    }
    Ok(())
}
