//! A guard that leaves the transaction it belongs to.

fn main() -> memdict::Result<()> {
    let cache = memdict::Cache::open("memory:")?;
    let guard = cache.transaction(|session| session.dict::<u64>("hits").get_mut("a"))?;
    drop(guard);
    Ok(())
}
