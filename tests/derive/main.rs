//! What the derive makes of a type, as a program sees it.

mod attributes;
mod leaves;
mod merge;
mod round_trip;
mod shapes;
mod structs;
mod zoo;
