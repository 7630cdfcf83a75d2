#[memdict(merge)]
enum Pay {
    Later,
    Card {
        number: String,
        #[memdict(merge = sum)]
        #[serde(rename = "used")]
        times: u64,
    },
    Cash(#[memdict(untracked)] u8, Address),
}
