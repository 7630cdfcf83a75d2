//! A guard for writing that lives until after a savepoint.

fn main() -> memdict::Result<()> {
    let mut session = memdict::Cache::open("memory:")?.session();
    let mut hits = session.dict::<u64>("hits").entry("a")?.or_default();
    let _savepoint = session.savepoint();
    *hits += 1;
    Ok(())
}
