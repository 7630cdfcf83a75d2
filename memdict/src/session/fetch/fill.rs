//! Stores what loaders made, each on the condition of its right, and ends the flights of those that
//! wait for it.

use std::{mem, sync::Arc};

use super::{
    flight::{Landed, Lead},
    right::{Release, Right},
};
use crate::{
    counters::Counting,
    log::{detail, warning},
    session::{drive::Drive, entry::any_slot::AnySlot, settings::Settings},
    store::{
        expiry::Expiry,
        operation::{Applied, Change, Op, StoreError},
    },
};

/// What a call has that makes a value: the right to, and the lead of those of this process that wait
/// for it. If it is dropped, another call gets both; if none waits, the right is given back.
pub(crate) struct Holding<D: Drive> {
    pub(super) right: Option<Right>,
    pub(super) lead: Option<Lead>,
    pub(super) entry: Arc<dyn AnySlot>,
    pub(super) driver: D,
    pub(super) settings: Arc<Settings>,
    pub(super) counting: Arc<Counting>,
}

/// A value to store, in its envelope, and what to tell those that wait for it.
pub(super) struct Filling<D: Drive> {
    pub(super) holding: Holding<D>,
    pub(super) bytes: Vec<u8>,
    /// When it expires; `None` if it is not to be stored.
    pub(super) expiry: Option<Expiry>,
    pub(super) landed: Landed,
}

impl<D: Drive> Holding<D> {
    /// Returns what a call has at first: nothing.
    pub(super) fn nothing(
        entry: Arc<dyn AnySlot>,
        driver: D,
        settings: Arc<Settings>,
        counting: Arc<Counting>,
    ) -> Self {
        Self { right: None, lead: None, entry, driver, settings, counting }
    }

    pub(super) fn with_right(mut self, right: Right) -> Self {
        self.right = Some(right);
        self
    }

    pub(super) fn with_lead(mut self, lead: Lead) -> Self {
        self.lead = Some(lead);
        self
    }

    /// Says that the call lives.
    pub(super) fn lives(&self) {
        if let Some(lead) = &self.lead {
            lead.lives(self.driver.now());
        }
    }

    /// Ends the flight, and gives back a right that is left.
    pub(super) async fn land(mut self, landed: Landed) {
        if let Some(lead) = self.lead.take() {
            lead.land(landed);
        }
        if let Some(right) = self.right.take() {
            right.release(&self.driver, &*self.entry, &self.settings.secrets).await;
        }
    }

    /// Gives both to another call, because the loader failed.
    pub(super) async fn fail(mut self) {
        let right = self.right.take();
        let right = match self.lead.take() {
            Some(lead) => lead.hand_over(right, true),
            None => right,
        };
        if let Some(right) = right {
            right.release(&self.driver, &*self.entry, &self.settings.secrets).await;
        }
    }

    /// Returns what to do with a right that nobody can use any more.
    pub(super) fn giving_back(&self) -> impl FnMut(Right) + Send + use<D> {
        let (driver, entry) = (self.driver.clone(), Arc::clone(&self.entry));
        let settings = Arc::clone(&self.settings);
        move |right| {
            let (own, entry, settings) =
                (driver.clone(), Arc::clone(&entry), Arc::clone(&settings));
            driver.afterwards(async move {
                right.release(&own, &*entry, &settings.secrets).await;
            });
        }
    }
}

impl<D: Drive> Drop for Holding<D> {
    fn drop(&mut self) {
        let right = self.right.take();
        let right = match self.lead.take() {
            Some(lead) => lead.hand_over(right, false),
            None => right,
        };
        if let Some(right) = right {
            self.giving_back()(right);
        }
    }
}

/// Stores values in one batch. Once that has begun, it goes on if the caller is dropped.
pub(super) async fn fill<D: Drive>(fillings: Vec<Filling<D>>, driver: D) {
    let begun = D::Begun::default();
    let sending = begun.clone();
    let own = driver.clone();
    let all = async move {
        let mut answers = send(&fillings, &own, &sending).await;
        for (filling, answer) in fillings.into_iter().zip(&mut answers) {
            settle(filling, mem::take(answer), &own, &sending).await;
        }
    };
    driver.finish(begun, all).await;
}

/// Sends those values whose tokens hold. Returns an answer for each, if there is one.
async fn send<D: Drive>(
    fillings: &[Filling<D>],
    driver: &D,
    begun: &D::Begun,
) -> Vec<Option<Result<Applied, StoreError>>> {
    let mut indices = Vec::with_capacity(fillings.len());
    let mut changes = Vec::with_capacity(fillings.len());
    for (index, Filling { holding, bytes, expiry, .. }) in fillings.iter().enumerate() {
        if let (Some(right), Some(expiry)) = (&holding.right, *expiry)
            && !right.basis.is_doubtful()
        {
            let op = Op::Store { bytes, expiry };
            holding.counting.count(|counted| counted.bytes_out += bytes.len() as u64);
            indices.push(index);
            changes.push(Change::new(holding.entry.name().wire(), op, right.basis.condition()));
        }
    }
    let mut answers = Vec::new();
    answers.resize_with(fillings.len(), || None);
    if !changes.is_empty() {
        let mut take = |sent: usize, answer| {
            if let Some(&index) = indices.get(sent) {
                answers[index] = Some(answer);
            }
        };
        driver.apply_many(&changes, &mut take, begun).await;
        for index in indices {
            let no_answer = || Err(StoreError::Unknown("the store gave no answer".into()));
            answers[index].get_or_insert_with(no_answer);
        }
    }
    answers
}

/// Settles what became of a value, and ends its flight.
async fn settle<D: Drive>(
    filling: Filling<D>,
    answer: Option<Result<Applied, StoreError>>,
    driver: &D,
    begun: &D::Begun,
) {
    let Filling { mut holding, bytes, expiry, landed } = filling;
    let Holding { entry, settings, counting, .. } = &holding;
    let (entry, settings, counting) =
        (Arc::clone(entry), Arc::clone(settings), Arc::clone(counting));
    let Some(expiry) = expiry else { return holding.land(landed).await };
    let Some(right) = holding.right.take() else { return holding.land(landed).await };
    let answer = match answer {
        Some(answer) if !matches!(answer, Ok(Applied::Unproven)) => answer,
        _ => {
            let op = Op::Store { bytes: &bytes, expiry };
            right.basis.apply(driver, &*entry, op, &settings.secrets, begun).await
        }
    };
    let id = entry.id();
    match answer {
        Ok(Applied::Stored) => counting.count(|counted| counted.filled += 1),
        Ok(_) => {
            counting.count(|counted| counted.late += 1);
            detail!("`{id}` was changed while it was loaded: the loaded value is not stored");
        }
        Err(StoreError::Refused(reason)) => {
            counting.count(|counted| counted.refused += 1);
            warning!("the loaded value of `{id}` was refused: {reason}");
            holding.right = Some(right);
            return holding.land(landed).await;
        }
        Err(StoreError::Down(reason) | StoreError::Unknown(reason)) => {
            counting.count(|counted| counted.lost += 1);
            detail!("the loaded value of `{id}` is lost: {reason}");
            settings.outages.lost(reason.server(), reason.as_str());
            settings.outages.tell();
        }
    }
    // A lock is no part of the value, and stays when that is stored.
    if matches!(right.release, Release::Unlock(_)) {
        holding.right = Some(right);
    }
    holding.land(landed).await;
}
