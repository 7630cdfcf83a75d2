//! Tokens: the versions of stored values.

/// The store's version of a loaded value, bound to one life of one server. memcached counts
/// versions from 1 again after a restart, so equal numbers from two lives mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    server: u32,
    life: u64,
    cas: u64,
    connection: u64,
}

impl Token {
    /// Makes a token with the version `cas`, from 1, in life `life` of server number `server`. It holds on
    /// every connection.
    #[must_use]
    pub const fn new(server: u32, life: u64, cas: u64) -> Self {
        Self { server, life, cas, connection: 0 }
    }

    /// Says that the token came over the connection with this number. For a store whose lives only
    /// look the same if they are, the token then holds on that connection alone: see
    /// [`Applied::Unproven`](crate::Applied::Unproven). A store whose lives never look alike says
    /// nothing.
    #[must_use]
    pub const fn over(self, connection: u64) -> Self {
        Self { connection, ..self }
    }

    /// Returns the server's number in its store.
    #[must_use]
    pub const fn server(self) -> u32 {
        self.server
    }

    /// Returns the server's life, or 0 if the store cannot tell one life from another.
    #[must_use]
    pub const fn life(self) -> u64 {
        self.life
    }

    /// Returns the version within that life, or 0 if the server keeps no versions.
    #[must_use]
    pub const fn cas(self) -> u64 {
        self.cas
    }

    /// Returns the number of the connection that the token came over, or 0 if it holds on all of
    /// them.
    #[must_use]
    pub const fn connection(self) -> u64 {
        self.connection
    }

    /// Returns whether the token is of a server that keeps no versions, so that no change can depend
    /// on it.
    pub(crate) const fn is_of_no_version(self) -> bool {
        self.cas == 0
    }

    /// Returns whether the two tokens look the same, whatever connections they came over.
    pub(crate) fn looks_like(self, other: Self) -> bool {
        self.over(0) == other.over(0)
    }

    /// Returns whether the token is of another life of server number `server` than `life`. If one
    /// of the two lives is unknown (0), the answer is no.
    pub(crate) fn is_of_another_life(self, server: u32, life: u64) -> bool {
        self.server == server && self.life != life && self.life != 0 && life != 0
    }
}
