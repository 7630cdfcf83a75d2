#[derive(Tracked)]
struct Rounded<T> {
    #[serde(with = "as_text")]
    of: T,
    #[serde(flatten)]
    rest: Rest,
}
