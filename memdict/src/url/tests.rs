//! URLs that name a store, and those that do not.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::store::{faulty::rates::Rates, placement::Placement};

fn both(url: &str) -> Result<(Place, Options)> {
    let mut options = Options::default();
    read(url, &mut options).map(|place| (place, options))
}

#[test]
fn urls_name_a_store_and_its_options() {
    assert_eq!(both("memory:").unwrap(), (Place::Memory, Options::default()));
    let (place, options) = both("memory:?max_bytes=2MiB&namespace=a%20b&strict=true").unwrap();
    assert_eq!(place, Place::Memory);
    assert_eq!(options.max_bytes, Some(2 << 20));
    assert_eq!(options.namespace.as_deref(), Some("a b"));
    assert_eq!(options.strict, Some(true));
    let (place, options) =
        both("memcache://127.0.0.1:1,[::1]:2?timeout=500ms&connect_timeout=1s").unwrap();
    let Place::Memcached(Memcached {
        servers,
        credentials: None,
        protocol: Protocol::FoundOut,
        tls: false,
    }) = place
    else {
        panic!("{place:?}")
    };
    assert_eq!(servers, ["127.0.0.1:1", "[::1]:2"]);
    assert_eq!(options.timeout, Some(Duration::from_millis(500)));
    assert_eq!(options.connect_timeout, Some(Duration::from_secs(1)));
    let (_, options) = both("memcache://a:1?deadline=3s&max_connections=40").unwrap();
    assert_eq!(options.deadline, Some(Duration::from_secs(3)));
    assert_eq!(options.max_connections, Some(40));
    let (_, options) = both("memcache://a:1?remember=7&remember_for=1m").unwrap();
    assert_eq!((options.remember, options.remember_for), (Some(7), Some(Duration::from_secs(60))));
}

#[test]
fn the_choice_of_a_server_is_an_option_of_every_url_of_memcached() {
    use Placement::{Crc32, Ketama, Modula, Pymemcache, Rendezvous};
    for (name, how) in [
        ("rendezvous", Rendezvous),
        ("ketama", Ketama),
        ("modula", Modula),
        ("crc32", Crc32),
        ("pymemcache", Pymemcache),
    ] {
        let (place, options) = both(&format!("memcache://a:1*3,b?hash={name}")).unwrap();
        assert_eq!(options.placement, Some(how));
        let Place::Memcached(Memcached { servers, .. }) = place else { panic!("{place:?}") };
        assert_eq!(servers, ["a:1*3", "b"]);
    }
    assert_eq!(both("memcache://a").unwrap().1.placement, None);
}

#[test]
fn a_cluster_is_named_by_its_endpoint() {
    let (place, options) =
        both("memcache+cluster://carts.cfg.example.com:11211?refresh=30s&timeout=1s").unwrap();
    let endpoints = vec!["carts.cfg.example.com:11211".to_owned()];
    assert_eq!(place, Place::Cluster { endpoints, tls: false });
    assert_eq!(options.refresh, Some(Duration::from_secs(30)));
    let error = both("memcache+cluster://a:secret@b").unwrap_err().to_string();
    assert!(error.contains("credentials") && !error.contains("secret"), "{error}");
    assert!(both("memcache://a?refresh=30s").is_err());
}

#[test]
fn each_address_of_a_name_can_be_a_server() {
    let (place, options) = both("memcache://u:p@dns+cache.svc:7*3,b?refresh=5s").unwrap();
    let Place::Named(Memcached { servers, credentials: Some(_), .. }) = place else {
        panic!("{place:?}")
    };
    assert_eq!(servers, ["dns+cache.svc:7*3", "b"]);
    assert_eq!(options.refresh, Some(Duration::from_secs(5)));
    assert!(both("memcache://dns+").is_err());
}

#[test]
fn the_embedded_store_can_be_told_to_fail() {
    let url = "memory:?lose=0.05&refuse=0.25&fail=1&unanswered=0&late=0.5&delay=5ms&seed=7";
    let (place, options) = both(url).unwrap();
    let delay = Duration::from_millis(5);
    let rates = Rates::seeded(7).lose(0.05).refuse(0.25).fail(1.0).unanswered(0.0).late(0.5, delay);
    assert_eq!((place, options.rates), (Place::Memory, rates));
}

#[test]
fn servers_may_be_sockets_and_have_credentials() {
    let (place, _) = both("memcache://shop:5%40@a:1,/run/b.sock").unwrap();
    let Place::Memcached(Memcached { servers, credentials: Some(who), .. }) = place else {
        panic!("{place:?}")
    };
    assert_eq!(servers, ["a:1", "/run/b.sock"]);
    assert_eq!((&*who.user, &*who.password), ("shop", "5@"));
    let (place, _) = both("memcache:///run/b.sock").unwrap();
    assert!(
        matches!(place, Place::Memcached(Memcached { servers, .. }) if servers == ["/run/b.sock"])
    );
}

#[test]
fn the_classic_protocol_has_the_options_of_the_other_one() {
    for (scheme, protocol) in [("memcache+classic", Protocol::Classic), ("flare", Protocol::Flare)]
    {
        for servers in [&["a:1", "/run/b.sock"][..], &["/run/b.sock"]] {
            let options = "timeout=1s&remember=7&max_item_bytes=4MiB";
            let (place, options) =
                both(&format!("{scheme}://{}?{options}", servers.join(","))).unwrap();
            let Place::Memcached(place) = place else { panic!("{place:?}") };
            assert_eq!(place.servers, owned(servers));
            assert_eq!((place.credentials, place.protocol), (None, protocol));
            assert_eq!((options.remember, options.max_item_bytes), (Some(7), Some(4 << 20)));
        }
        assert!(both(&format!("{scheme}://u:5ecret@a:1")).is_err());
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[cfg(feature = "classic")]
#[test]
fn the_scheme_of_the_classic_client_has_credentials() {
    let open = |url| match both(url).unwrap().0 {
        Place::Classic(classic) => classic,
        other => panic!("{other:?}"),
    };
    let sasl = open("memcache+sasl://shop:5%40%3A%2F%2B+%2Cx@a:1,b");
    assert_eq!(sasl.servers, ["a:1", "b"]);
    assert!(!format!("{sasl:?}").contains("5@"));
    let Credentials { user, password } = sasl.credentials.unwrap();
    assert_eq!((&*user, &*password), ("shop", "5@:/++,x"));
}

#[cfg(feature = "tls")]
#[test]
fn tls_has_options_of_its_own_and_optional_credentials() {
    let files = "ca_file=/a%20b.pem&cert_file=/c&key_file=/k&verify=false&remember=7";
    let (place, options) = both(&format!("memcache+tls://a:1?{files}")).unwrap();
    assert!(matches!(place, Place::Memcached(Memcached { credentials: None, tls: true, .. })));
    assert_eq!((options.ca_file.as_deref(), options.verify), (Some("/a b.pem"), Some(false)));
    assert_eq!(
        (options.cert_file.as_deref(), options.key_file.as_deref()),
        (Some("/c"), Some("/k"))
    );
    let (place, _) = both("memcache+tls://u:p@a:1").unwrap();
    assert!(matches!(place, Place::Memcached(Memcached { credentials: Some(_), tls: true, .. })));
    assert!(both("memcache+sasl://u:p@a:1?verify=false").is_err());
    assert!(both("memcache://a:1?ca_file=/c").is_err());
    let error = both("memcache+tls://dns+a:1").unwrap_err().to_string();
    assert!(error.contains("`dns+`"), "{error}");
}

#[cfg(not(feature = "classic"))]
#[test]
fn without_the_classic_client_its_scheme_is_an_error_that_names_the_feature() {
    let error = both("memcache+sasl://u:5ecret@a").unwrap_err().to_string();
    assert!(error.contains("feature `classic`") && !error.contains("5ecret"), "{error}");
}

#[cfg(feature = "tls")]
#[test]
fn a_cluster_over_tls_has_the_options_of_both() {
    let (place, options) =
        both("memcache+cluster+tls://a.cfg:11211?refresh=30s&ca_file=%2Fc").unwrap();
    assert!(matches!(place, Place::Cluster { tls: true, .. }));
    assert_eq!(options.refresh, Some(Duration::from_secs(30)));
    assert_eq!(options.ca_file.as_deref(), Some("/c"));
    assert!(both("memcache+cluster://a.cfg:11211?ca_file=%2Fc").is_err());
}

#[cfg(not(feature = "tls"))]
#[test]
fn tls_without_its_feature_is_an_error_that_names_it() {
    for url in ["memcache+tls://u:5ecret@a:1", "memcache+cluster+tls://u:5ecret@a:1"] {
        let error = both(url).unwrap_err().to_string();
        assert!(error.contains("feature `tls`") && !error.contains("5ecret"), "{error}");
    }
}

#[test]
fn bad_credentials_are_an_error_that_does_not_show_them() {
    for url in [
        "memcache://5ecret@a:1",
        "memcache+classic://u:5ecret@a:1",
        "memcache+sasl://a:1",
        "memcache+sasl://5ecret@a:1",
        "memcache+sasl://u:5ecret@a:1,u:5ecret@b:1",
        "memcache+sasl://u:5ecret%ff@a:1",
        "memcache+sasl://u:5ecret@",
        "memcache+sasl://u:5ecret@a:1?tmeout=1s",
    ] {
        let error = both(url).unwrap_err().to_string();
        assert!(!error.contains("5ecret"), "{error}");
    }
}

/// The two halves of a password, with characters that mean something in a URL between them.
fn passwords() -> impl Strategy<Value = String> {
    "[?#/@:,%&=+ \\[\\]]{0,3}".prop_map(|between| format!("S3CR{between}3TXX"))
}

proptest! {
    #[test]
    fn whatever_is_wrong_with_a_url_no_error_shows_the_password(
        scheme in prop::sample::select(vec![
            "", "memory:", "memory://", "memcache:", "memcache://", "memcached://", "redis://",
            "memcache+classic://", "memcache+sasl://", "memcache+tls://", "bob://", "memcache:/",
        ]),
        before in prop::sample::select(vec!["", "h:1,", "h,", "/run/a.sock,", "bob:x@h:1,"]),
        user in prop::sample::select(vec!["bob:", "bob%3A", ":", "b ob:", "b,ob:", "b@b:"]),
        password in passwords(),
        at in prop::sample::select(vec!["@", "", "%40", "@@", ":", "/"]),
        after in prop::sample::select(vec![
            "h", "h:1", "h:port", "", "h:1,h2", "[::1", "?", "h?timeout=soon", "h?x=1", "h?x",
            "h:1?max_bytes=1", "h,h", "h h", "h?timeout=a@b",
        ]),
    ) {
        let url = format!("{scheme}{before}{user}{password}{at}{after}");
        let mut options = Options::default();
        if let Err(error) = read(&url, &mut options) {
            let text = format!("{error} {error:?} {options:?}");
            prop_assert!(!text.contains("S3CR") && !text.contains("3TXX"), "{}: {}", url, text);
        }
    }

    #[test]
    fn whatever_is_wrong_with_an_address_no_error_shows_the_password(
        user in prop::sample::select(vec!["bob:", ":", "[bob:", "memcache://bob:", "b ob:"]),
        password in passwords(),
        after in prop::sample::select(vec!["@h", "", "%40h:1", "@h:port", "]:1", ":11211"]),
    ) {
        let address = format!("{user}{password}{after}");
        let wrong = Servers::parse([address.as_str()]);
        let text = format!("{:?}", wrong.expect_err("it is no address"));
        prop_assert!(!text.contains("S3CR") && !text.contains("3TXX"), "{}: {}", address, text);
    }
}

#[test]
fn an_unescaped_comma_before_the_servers_is_refused_because_it_would_drop_one() {
    for url in [
        "memcache://cache1:11211,bob:5ecret@cache2",
        "memcache://bob:5ec,ret@cache2",
        "memcache://bo,b:5ecret@cache2",
        #[cfg(feature = "classic")]
        "memcache+sasl://bob:5ec,ret@cache2",
    ] {
        let error = both(url).expect_err(url).to_string();
        assert!(error.contains("%2C") && !error.contains("5ec"), "{error}");
    }
    assert!(both("memcache://bob:5ec%2Cret@cache2,cache1").is_ok());
}

#[test]
fn a_bad_url_is_an_error_that_quotes_the_part_and_lists_what_is_allowed() {
    for (url, part, allowed) in [
        ("redis://127.0.0.1", "redis", "memcache://"),
        ("carts", "carts", "memory:"),
        ("memory://host", "//host", "memory:"),
        ("memcache://", "memcache:", "HOST:PORT"),
        ("memcache://?timeout=1s", "memcache:", "HOST:PORT"),
        ("memory:?timeout=1s", "timeout", "max_bytes"),
        ("memcache://a:1?tmeout=1s", "tmeout", "connect_timeout"),
        ("memcache://a:1?timeout=soon", "soon", "500ms"),
        ("memcache://a:1?timeout=0s", "0s", "500ms"),
        ("memory:?max_bytes=many", "many", "64MiB"),
        ("memory:?strict=yes", "yes", "true or false"),
        ("memcache://a:1?max_connections=0", "max_connections", "from 1"),
        ("memcache://a:1?hash=md5", "hash", "ketama"),
        ("memory:?hash=ketama", "hash", "unknown"),
        ("memcache://a:1*0", "servers", "from 1 to 1000"),
        ("memcache://a:1?deadline=soon", "soon", "500ms"),
        ("memory:?deadline=1s", "deadline", "max_bytes"),
        ("memory:?lose=5", "5", "0.05"),
        ("memory:?fail=1.5", "1.5", "from 0 to 1"),
        ("memory:?seed=x", "x", "whole number"),
        ("memory:?late=0.1&delay=soon", "soon", "500ms"),
        ("memcache://a:1?lose=0.1", "lose", "timeout"),
    ] {
        let error = both(url).expect_err(url).to_string();
        assert!(error.contains(part) && error.contains(allowed), "{url}: {error}");
    }
}
