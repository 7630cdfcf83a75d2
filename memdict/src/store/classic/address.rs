//! The address of a server as the `memcache` crate takes it: a URL with all settings.

use std::{net::SocketAddr, time::Duration};

use memcache::Url;

use crate::{error::Error, store::credentials::Credentials};

/// The settings for connections to servers.
#[derive(Clone)]
pub(super) struct Dial {
    pub(super) connect: Duration,
    pub(super) exchange: Duration,
    pub(super) credentials: Option<Credentials>,
}

/// Returns whether a server's name is the path of its socket.
pub(super) fn is_path(name: &str) -> bool {
    name.starts_with('/')
}

/// Refuses credentials that the crate would alter: it takes them from a URL and does not decode
/// them.
pub(super) fn check(credentials: &Credentials) -> Result<(), Error> {
    let Credentials { user, password } = credentials;
    let wrong = |what: &str| Error::Config {
        option: "credentials".to_owned(),
        reason: format!(
            "the {what} is empty, or has a character other than ASCII letters, digits and \
             ! $ % & ' ( ) * + , - . _ ~"
        ),
    };
    let mut url = Url::parse("memcache://host:1").map_err(|_| wrong("user"))?;
    if url.set_username(user).is_err() || user.is_empty() || url.username() != user {
        return Err(wrong("user"));
    }
    if url.set_password(Some(password)).is_err() || url.password() != Some(password) {
        return Err(wrong("password"));
    }
    Ok(())
}

impl Dial {
    /// Returns the URL of the server at this address.
    ///
    /// Timeouts are part of the URL, where each connection reads them. The crate's builder loses
    /// them.
    pub(super) fn url(
        &self,
        address: SocketAddr,
        credentials: &Credentials,
    ) -> Result<Url, String> {
        // The address that was just reached, so that the crate does not try another one first.
        let url = format!("memcache://{address}");
        let mut url = Url::parse(&url).map_err(|error| error.to_string())?;
        let timeout = self.exchange.as_secs_f64().to_string();
        url.query_pairs_mut().append_pair("timeout", &timeout);
        let Credentials { user, password } = credentials;
        let set = url.set_username(user).and_then(|()| url.set_password(Some(password)));
        set.map_err(|()| "the address takes no credentials".to_owned())?;
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(user: &str, password: &str) -> Result<(), String> {
        let (user, password) = (user.to_owned(), password.to_owned());
        check(&Credentials { user, password }).map_err(|error| error.to_string())
    }

    #[test]
    fn credentials_that_the_crate_would_alter_are_refused_and_not_shown() {
        assert_eq!(credentials("shop", "5ecret!$%&'()*+,-._~"), Ok(()));
        for (user, password) in [
            ("", "5ecret"),
            ("shop", ""),
            ("shop", "5ecret@"),
            ("shop", "5ecret/"),
            ("shop", "5ecret=="),
            ("shop", "5ecret\0"),
            ("shop", "5ecret ä"),
            ("sh:op", "5ecret"),
        ] {
            let error = credentials(user, password).expect_err(password);
            assert!(!error.contains("5ecret"), "{error}");
        }
    }
}
