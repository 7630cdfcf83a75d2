#[memdict(merge)]
struct Account<T> {
    owner: String,
    address: Address,
    #[memdict(merge = sum)]
    balance: i64,
    #[memdict(merge = max)]
    highest: T,
    #[memdict(merge = min)]
    lowest: u64,
    #[memdict(merge = union)]
    tags: BTreeSet<String>,
    #[memdict(merge = append)]
    log: Vec<String>,
    #[memdict(merge = ours)]
    seen_by: String,
    #[memdict(opaque, merge = theirs)]
    foreign: Foreign,
    #[serde(with = "as_text")]
    rate: f64,
    #[memdict(merge = with(rules::longest::<u8>))]
    note: String,
    #[memdict(untracked)]
    reads: u64,
    #[serde(skip)]
    shown: bool,
}
