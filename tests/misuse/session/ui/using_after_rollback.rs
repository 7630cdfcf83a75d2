//! A session that is used after it was rolled back as a whole.

fn main() {
    let cache = memdict::Cache::open("memory:").unwrap();
    let session = cache.session();
    session.rollback();
    session.doom();
}
