//! What the derive makes of a type, as a program sees it.

mod attributes;
mod leaves;
mod merge;
mod shapes;
mod structs;
mod zoo;
