//! memcached through the experimental client of the `memcache` crate, one operation at a time, for
//! comparison with code that is independent of memdict.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use memcache::exp::{Delete, Get, Meta, MetaClient, MutationResult, MutationStatus, Set};
use memdict::{
    Applied, ApplyOut, Change, Condition, Expiry, Load, LoadOut, Loaded, Op, Store, StoreError,
    Token,
};

/// memcached's default for the largest item, and the bytes that it keeps besides key and value.
const ITEM_SIZE_MAX: usize = 1 << 20;
const BOOKKEEPING: usize = 59;

const DAYS_30: u64 = 30 * 24 * 60 * 60;

/// A store on one server of version 1.6.18 or later. Keys are sent without checks.
pub(super) struct ExpOracle(MetaClient);

impl ExpOracle {
    pub(super) fn at(address: &str) -> Self {
        Self(MetaClient::connect(address).expect("the oracle's server is there"))
    }

    fn change(&self, change: &Change<'_>) -> Result<Applied, StoreError> {
        let expected = match change.when {
            Condition::Matches(token) if token.server() == 0 && token.life() == 0 => {
                Some(token.cas())
            }
            // No value has this version.
            Condition::Matches(_) => Some(0),
            _ => None,
        };
        let result = match (change.op, change.when) {
            (Op::Store { bytes, expiry }, when) => {
                if bytes.len() + change.key.len() + BOOKKEEPING > ITEM_SIZE_MAX {
                    return Err(StoreError::Refused("too large".into()));
                }
                let mut set = Set::new(change.key, bytes);
                if let Expiry::After(ttl) = expiry {
                    set = set.ttl_raw(wire(ttl));
                }
                self.0.run(match (when, expected) {
                    (_, Some(version)) => set.compare_cas(version),
                    (Condition::Absent, _) => set.add(),
                    _ => set,
                })
            }
            (Op::Delete, Condition::Absent) => {
                let got = self.0.run(Get::new(change.key).meta(Meta::NONE.cas()));
                let got = got.map_err(|error| StoreError::Down(error.to_string().into()))?;
                return Ok(if got.item.cas.is_some() { Applied::Exists } else { Applied::Gone });
            }
            (_, _) => {
                let delete = Delete::new(change.key);
                self.0.run(match expected {
                    Some(version) => delete.compare_cas(version),
                    None => delete,
                })
            }
        };
        let result = result.map_err(|error| StoreError::Unknown(error.to_string().into()))?;
        outcome(change, &result)
    }
}

fn outcome(change: &Change<'_>, result: &MutationResult) -> Result<Applied, StoreError> {
    match (result.status, change.op) {
        (MutationStatus::Applied, Op::Delete) => Ok(Applied::Deleted),
        (MutationStatus::Applied, _) => Ok(Applied::Stored),
        (MutationStatus::AlreadyExists, _) => Ok(Applied::Exists),
        (MutationStatus::CasMismatch, _) => Ok(Applied::Differs),
        (MutationStatus::NotFound, _) => Ok(Applied::Gone),
        (other, _) => Err(StoreError::Unknown(format!("{other:?}").into())),
    }
}

/// memcached reads a lifetime of more than 30 days as a point in time.
fn wire(ttl: Duration) -> u32 {
    let seconds = ttl.as_secs();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
    let wire = if seconds > DAYS_30 { now + seconds } else { seconds };
    u32::try_from(wire).expect("it ends before 2038")
}

impl Store for ExpOracle {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        for (index, load) in loads.iter().enumerate() {
            match self.0.run(Get::new(load.key).meta(Meta::NONE.cas())) {
                Ok(got) => out(
                    index,
                    Ok(match (&got.value, got.item.cas) {
                        (Some(bytes), Some(cas)) => Loaded::hit(bytes, Token::new(0, 0, cas)),
                        _ => Loaded::Miss,
                    }),
                ),
                Err(error) => out(index, Err(StoreError::Down(error.to_string().into()))),
            }
        }
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        for (index, change) in changes.iter().enumerate() {
            out(index, self.change(change));
        }
    }
}

impl fmt::Debug for ExpOracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpOracle").finish_non_exhaustive()
    }
}
