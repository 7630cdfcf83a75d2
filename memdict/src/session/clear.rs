//! Clears a dictionary: makes a miss of all its values at once.

use super::{drive::Drive, entry::generation::Generation, source::Source};
use crate::{
    def::DictDef,
    entry_id::EntryId,
    error::{Error, Result},
    key::name::push_name,
    log::warning,
    store::operation::{Applied, StoreError},
    track::Tracked,
};

impl<D: Drive> Source<D> {
    /// Raises the generation of the dictionary.
    pub(crate) async fn clear<T: Tracked>(&self, def: impl Into<DictDef<T>> + Send) -> Result<()> {
        let def = def.into();
        if !def.options().clearable {
            let option = format!("dictionary `{}`", def.name());
            let reason = "cannot be cleared: its definition has to be `clearable`, so that its \
                          values carry a generation";
            return Err(Error::Config { option, reason: reason.to_owned() });
        }
        let mut prefix = Vec::new();
        push_name(&self.settings.namespace, &mut prefix);
        push_name(def.name(), &mut prefix);
        let dict = def.name().into();
        let generation = Generation::of(&dict, &prefix).map_err(|reason| {
            let id = EntryId::new(&dict, crate::key::Key::of(b""));
            Error::Key { id, reason }
        })?;
        let id = generation.id().clone();
        if !self.driver.caps().counts() {
            let missing = "count, and so keep the generation of a dictionary that can be cleared";
            return Err(Error::Unsupported { id, missing });
        }
        let mut answer = None;
        let call = self.driver.call(None);
        let driver = call.as_ref().unwrap_or(&self.driver);
        let mut take = |_, applied| answer = Some(applied);
        driver.apply_many(&[generation.raise()], &mut take, &D::Begun::default()).await;
        let why = match answer {
            Some(Ok(Applied::Counted(_))) => return Ok(()),
            Some(Err(why)) => why,
            _ => StoreError::Unknown("the store gave no answer to a count".into()),
        };
        warning!("`{}` was not cleared: {why}", id.dict);
        Err(Error::Unavailable { id, attempts: 1, report: None, source: Box::new(why) })
    }
}
