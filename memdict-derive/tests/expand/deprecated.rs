#[derive(Tracked)]
struct Cart {
    #[deprecated]
    owner: String,
}
