#[derive(Tracked)]
struct Cart<'a, T> {
    owner: &'a str,
    total: Cell<T>,
}
