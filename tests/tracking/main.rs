//! What tracking notices, and what becomes of it at a commit.

mod containers;
mod schemas;
mod sequences;
