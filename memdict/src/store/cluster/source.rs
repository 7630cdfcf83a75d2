//! Where the list of servers comes from: an endpoint of a cluster, or names with several addresses.

use super::{
    answer::Listed,
    ask::{Patience, addresses, ask},
    named::Named,
};
use crate::store::operation::Reason;

/// Who tells the servers.
pub(super) enum Source {
    /// Endpoints, which are asked in turn until one answers.
    Endpoints(Vec<Named>),
    /// Names: each is one server, or one for each of its addresses.
    Names(Vec<Named>),
}

impl Source {
    /// Asks for the list. This waits.
    ///
    /// # Errors
    ///
    /// Nobody tells it, for this reason.
    pub(super) fn ask(&self, patience: Patience) -> Result<Listed, Reason> {
        match self {
            Self::Endpoints(endpoints) => {
                let mut failed = Reason::new("there is no endpoint");
                for endpoint in endpoints {
                    match ask(endpoint, patience) {
                        Ok(listed) => return Ok(listed),
                        Err(why) => failed = self.says(&endpoint.name, &why),
                    }
                }
                Err(failed)
            }
            Self::Names(names) => {
                let mut servers = Vec::new();
                for named in names {
                    if named.is_many {
                        let found = named.addresses(patience);
                        servers.extend(found.map_err(|why| self.says(&named.name, &why))?);
                    } else {
                        servers.push(named.name.clone());
                    }
                }
                Ok(Listed { version: 0, servers })
            }
        }
    }

    /// Makes a reason that names who was asked.
    fn says(&self, name: &str, why: &str) -> Reason {
        let text = match self {
            Self::Endpoints(_) => format!("the endpoint {name} {why}"),
            Self::Names(_) => format!("the name {name} {why}"),
        };
        Reason::new(text).at(name)
    }

    /// Makes a reason that names who is to be asked first.
    pub(super) fn says_first(&self, why: &str) -> Reason {
        let (Self::Endpoints(all) | Self::Names(all)) = self;
        self.says(all.first().map_or("", |named| &named.name), why)
    }

    /// Returns all names.
    pub(super) fn names(&self) -> Vec<&str> {
        let (Self::Endpoints(all) | Self::Names(all)) = self;
        all.iter().map(|named| &*named.name).collect()
    }
}

impl Named {
    /// Returns a server for each address, in an order that does not depend on the name server's.
    fn addresses(&self, patience: Patience) -> Result<Vec<String>, String> {
        let mut found = addresses(&self.lookup, patience)?;
        found.sort_unstable();
        found.dedup();
        let weight = self.name.rsplit_once('*').map_or(String::new(), |(_, it)| format!("*{it}"));
        Ok(found.into_iter().map(|address| format!("{address}{weight}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::memcached::resolve::{Lookup, Target};

    const PATIENCE: Patience =
        Patience { connect: Duration::from_secs(5), exchange: Duration::from_secs(5) };

    #[test]
    fn a_name_is_one_server_for_each_of_its_addresses_if_that_is_asked() {
        let addresses = ["10.0.0.2:7", "[::1]:7", "10.0.0.1:7", "10.0.0.2:7"];
        let addresses = addresses.map(|it| it.parse().expect("it is an address")).to_vec();
        let lookup = Lookup::Known(Target::Addresses(addresses));
        let many = Named { lookup, is_many: true, ..Named::of("cache:7*3") };
        let listed = Source::Names(vec![Named::of("other:8"), many]).ask(PATIENCE);
        let expected = ["other:8", "10.0.0.1:7*3", "10.0.0.2:7*3", "[::1]:7*3"];
        assert_eq!(listed.expect("they are known").servers, expected);
    }

    #[test]
    fn a_name_that_is_not_known_is_named() {
        let unknown = Named { is_many: true, ..Named::of("no-such-host.invalid:1") };
        let reason = Source::Names(vec![unknown]).ask(PATIENCE).expect_err("nobody knows it");
        assert!(reason.as_str().contains("the name no-such-host.invalid:1 cannot"), "{reason:?}");
    }
}
