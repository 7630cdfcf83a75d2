//! memcached's meta commands. Each answer repeats the mark of its request, and success can be left
//! unanswered.

pub(in crate::store::memcached) mod answer;
mod request;
