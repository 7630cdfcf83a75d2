//! A guard for writing that lives until after a rollback to a savepoint.

fn main() -> memdict::Result<()> {
    let mut session = memdict::Cache::open("memory:")?.session();
    let savepoint = session.savepoint();
    let mut hits = session.dict::<u64>("hits").entry("a")?.or_default();
    session.rollback_to(&savepoint)?;
    *hits += 1;
    Ok(())
}
