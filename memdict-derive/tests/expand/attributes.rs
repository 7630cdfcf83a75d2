#[derive(Tracked)]
#[serde(rename = "Kept")]
#[memdict(crate = "crate::shop", edit = View, changes = Marks, version = 3, from = Old, merge)]
struct Record {
    #[memdict(opaque, version = 2)]
    foreign: other::Foreign<u8>,
    #[memdict(untracked)]
    seen: u32,
    #[memdict(merge = with(add))]
    r#type: u8,
}
