#[derive(Tracked)]
#[serde(rename_all = "snake_case")]
pub enum Pay {
    Nothing,
    Card {
        number: String,
        #[serde(rename = "code")]
        cvc: u16,
    },
    /// In cents.
    Cash(u64, #[memdict(untracked)] u32),
}
