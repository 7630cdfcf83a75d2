//! The user name and the password that a server may ask for.

use std::fmt;

use crate::error::Error;

/// For memcached's option `-Y`, its authentication in the text protocol.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// Checks that they can be sent: the name ends at a space, the password at the end of a line.
    pub(super) fn new(user: impl Into<String>, password: impl Into<String>) -> Result<Self, Error> {
        let (user, password) = (user.into(), password.into());
        let reason = match () {
            () if user.is_empty() => "the user name is empty",
            () if user.contains(|c: char| c.is_whitespace() || c.is_control()) => {
                "the user name contains white space or control characters"
            }
            () if password.contains(char::is_control) => "the password contains control characters",
            () => return Ok(Self { user, password }),
        };
        Err(Error::Config { option: "credentials".to_owned(), reason: reason.to_owned() })
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }
}

/// The name, never the password.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}
