//! memcached's meta commands. Each answer repeats the mark of its request, and success can be left
//! unanswered.

pub(super) mod answer;
pub(super) mod request;
