//! What the fuzz targets feed with bytes, and the tests with their seeds.

mod codec;

pub use self::codec::codec;
