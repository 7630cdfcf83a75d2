//! A session that was rolled back as a whole is gone.

fn main() {
    let cache = memdict::Cache::open("memory:").unwrap();
    let session = cache.session();
    session.rollback();
    session.doom();
}
