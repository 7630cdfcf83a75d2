//! Runs a batch: each server's share on a thread of its own, with copies of its keys and values,
//! because the thread may outlive the call.

use std::sync::Arc;

use super::{
    ClassicStore,
    apart::{Reached, Shares, Steps},
    change,
    conversation::{Conversation, text},
    load,
};
use crate::store::{
    deadline::Deadline,
    limits,
    operation::{ApplyOut, Change, Condition, Load, LoadOut, Loaded, Op, StoreError},
};

impl ClassicStore {
    /// Gives each server its share of the keys, and refuses invalid keys.
    fn share<'k>(
        &self,
        keys: impl Iterator<Item = &'k [u8]>,
        mut refuse: impl FnMut(usize, StoreError),
    ) -> Vec<Vec<usize>> {
        let mut shares = vec![Vec::new(); self.servers.len()];
        for (index, key) in keys.enumerate() {
            match limits::check_key(key).and_then(|()| text(key)) {
                Ok(_) => shares[self.servers.route(key)].push(index),
                Err(refused) => refuse(index, refused),
            }
        }
        shares
    }

    /// Starts each server's share on a connection of its own, which is kept if the job returns that
    /// it can be used again.
    fn start<O, J>(
        &self,
        call: Deadline,
        shares: Vec<Vec<usize>>,
        job: impl Fn(&[usize]) -> J,
    ) -> Shares<O>
    where
        O: Send + 'static,
        J: FnOnce(
                Result<&mut Conversation<'_>, StoreError>,
                &Steps,
                &mut dyn FnMut(usize, O),
            ) -> bool
            + Send
            + 'static,
    {
        let mut started = Shares::of(call);
        let servers = (0_u32..).zip(self.servers.names()).zip(&self.connections).zip(shares);
        for (((index, name), connections), share) in servers {
            if share.is_empty() {
                continue;
            }
            let (job, max_item_bytes) = (job(&share), self.max_item_bytes);
            let (connections, dial) = (Arc::clone(connections), Arc::clone(&self.dial));
            let owned = name.to_owned();
            started.start(name, share, move |steps, tell| {
                let (mut link, permit) = match connections.take(&owned, &dial, call) {
                    Ok(taken) => taken,
                    Err(down) => {
                        job(Err(down), steps, tell);
                        return;
                    }
                };
                let link_of = &mut link;
                let mut with = Conversation { index, name: &owned, link: link_of, max_item_bytes };
                if job(Ok(&mut with), steps, tell) {
                    permit.put_back(link);
                }
            });
        }
        started
    }

    /// Loads values before the deadline.
    pub(in crate::store) fn load_by(
        &self,
        call: Deadline,
        loads: &[Load<'_>],
        out: &mut LoadOut<'_>,
    ) {
        let keys = loads.iter().map(|load| load.key);
        let shares = self.share(keys, |index, refused| out(index, Err(refused)));
        let started = self.start(call, shares, |share| {
            let kept =
                |&index: &usize| (loads[index].key.to_vec(), Load { key: &[], ..loads[index] });
            let kept: Vec<(Vec<u8>, Load<'static>)> = share.iter().map(kept).collect();
            move |with: Result<&mut Conversation<'_>, StoreError>,
                  _: &Steps,
                  tell: &mut dyn FnMut(usize, Result<_, StoreError>)| {
                let loads: Vec<Load<'_>> =
                    kept.iter().map(|(key, rest)| Load { key, ..*rest }).collect();
                let places: Vec<usize> = (0..loads.len()).collect();
                match with {
                    Ok(with) => load::run(with, &loads, &places, tell),
                    Err(down) => {
                        places.iter().for_each(|&place| tell(place, Err(down.clone())));
                        false
                    }
                }
            }
        });
        started.finish(
            |index, found: Result<Option<(Vec<u8>, _)>, _>| {
                out(
                    index,
                    match &found {
                        Ok(Some((bytes, token))) => Ok(Loaded::hit(bytes, *token)),
                        Ok(None) => Ok(Loaded::Miss),
                        Err(error) => Err(StoreError::clone(error)),
                    },
                );
            },
            |_, why| Err(why),
        );
    }

    /// Makes changes before the deadline.
    pub(in crate::store) fn apply_by(
        &self,
        call: Deadline,
        changes: &[Change<'_>],
        out: &mut ApplyOut<'_>,
    ) {
        let keys = changes.iter().map(|change| change.key);
        let shares = self.share(keys, |index, refused| out(index, Err(refused)));
        let started = self.start(call, shares, |share| {
            let changes: Vec<_> = share.iter().map(|&index| Kept::of(&changes[index])).collect();
            move |with: Result<&mut Conversation<'_>, StoreError>,
                  steps: &Steps,
                  tell: &mut dyn FnMut(usize, Result<_, StoreError>)| {
                let changes: Vec<Change<'_>> = changes.iter().map(Kept::change).collect();
                match with {
                    Ok(with) => change::run(with, &changes, steps, tell),
                    Err(down) => {
                        (0..changes.len()).for_each(|place| tell(place, Err(down.clone())));
                        false
                    }
                }
            }
        });
        started.finish(out, |reached, why| match reached {
            Reached::Begun => Err(StoreError::Unknown(why.reason().clone())),
            Reached::Unbegun => Err(why),
        });
    }
}

/// A copy of a change, because its thread may outlive the call.
struct Kept {
    key: Vec<u8>,
    value: Vec<u8>,
    /// The operation, without its value.
    op: Op<'static>,
    when: Condition,
}

impl Kept {
    fn of(change: &Change<'_>) -> Self {
        let (value, op) = change.op.apart();
        Self { key: change.key.to_vec(), value, op, when: change.when }
    }

    fn change(&self) -> Change<'_> {
        Change::new(&self.key, self.op.with_bytes(&self.value), self.when)
    }
}
