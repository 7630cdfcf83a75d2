//! A blocking store, adapted for tasks.

use std::{panic, sync::Arc, time::Duration};

use tokio::runtime::Handle;

use super::{
    AsyncStore, BoxFuture, Store,
    caps::Caps,
    operation::{ApplyOut, Change, Load, LoadOut, Loaded},
};
use crate::health::{ServerCounters, ServerHealth};

/// Returns `store` for tasks: its own side for them, or else the store itself, whose calls then run
/// on the runtime's threads for blocking work.
pub(crate) fn of_blocking(store: Arc<dyn Store>) -> Arc<dyn AsyncStore> {
    Arc::clone(&store).into_async().unwrap_or_else(|| Arc::new(Adapted(store)))
}

/// A blocking store. Each batch runs on a thread for blocking work, on a copy that outlives the
/// task.
#[derive(Debug)]
struct Adapted(Arc<dyn Store>);

/// A change on such a thread.
struct OwnedChange {
    key: Vec<u8>,
    /// The value, which is empty for a deletion.
    value: Vec<u8>,
    /// The change, without its key and its value.
    rest: Change<'static>,
}

impl OwnedChange {
    fn of(change: &Change<'_>) -> Self {
        let (value, op) = change.op.apart();
        let Change { when, quiet, removal, .. } = *change;
        let rest = Change { key: &[], op, when, quiet, removal };
        Self { key: change.key.to_vec(), value, rest }
    }

    fn lend(&self) -> Change<'_> {
        Change { key: &self.key, op: self.rest.op.with_bytes(&self.value), ..self.rest }
    }
}

impl AsyncStore for Adapted {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let store = Arc::clone(&self.0);
            let owned: Vec<_> =
                loads.iter().map(|load| (load.key.to_vec(), Load { key: &[], ..*load })).collect();
            let answers = blocking(move || {
                let loads: Vec<_> = owned.iter().map(|(key, rest)| Load { key, ..*rest }).collect();
                let mut answers = Vec::with_capacity(loads.len());
                store.load_many(&loads, &mut |index, loaded| {
                    answers.push((index, loaded.map(Loaded::apart)));
                });
                answers
            });
            for (index, owned) in answers.await {
                match owned {
                    Ok((bytes, rest)) => out(index, Ok(rest.with_bytes(&bytes))),
                    Err(error) => out(index, Err(error)),
                }
            }
        })
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let store = Arc::clone(&self.0);
            let owned: Vec<_> = changes.iter().map(OwnedChange::of).collect();
            let answers = blocking(move || {
                let changes: Vec<_> = owned.iter().map(OwnedChange::lend).collect();
                let mut answers = Vec::with_capacity(changes.len());
                store.apply_many(&changes, &mut |index, outcome| answers.push((index, outcome)));
                answers
            });
            for (index, outcome) in answers.await {
                out(index, outcome);
            }
        })
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn AsyncStore>> {
        let store = self.0.within(deadline)?;
        Some(Arc::new(Self(store)))
    }

    fn caps(&self) -> Caps {
        self.0.caps()
    }

    fn health(&self) -> Vec<ServerHealth> {
        self.0.health()
    }

    fn ping(&self) -> BoxFuture<'_, Vec<ServerHealth>> {
        let store = Arc::clone(&self.0);
        Box::pin(blocking(move || store.ping()))
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.0.server_counters()
    }

    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        Some(Arc::clone(&self.0))
    }
}

/// Runs `work` on a thread for blocking work, or here if no runtime is running. A panic of it is
/// propagated. If the runtime ends before it begins, it has no answers.
pub(super) async fn blocking<R: Default + Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> R {
    let Ok(runtime) = Handle::try_current() else { return work() };
    match runtime.spawn_blocking(work).await {
        Ok(answers) => answers,
        Err(error) => match error.try_into_panic() {
            Ok(panicked) => panic::resume_unwind(panicked),
            Err(_) => R::default(),
        },
    }
}
