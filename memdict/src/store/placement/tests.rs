use super::Placement;
use crate::{error::Error, store::servers::Servers};

/// For each client and list of servers, the server that the client itself chose for each of 1,000
/// keys. `scripts/golden_placement` wrote it.
const GOLDEN: &str = include_str!("golden.txt");

fn placed(servers: &str, how: Placement) -> Result<Servers, Error> {
    Servers::parse(servers.split(','))?.placed(how)
}

fn choices(servers: &Servers, keys: usize) -> String {
    let server = |number| servers.route(format!("shop:carts:user{number}").as_bytes());
    (0..keys).map(|number| server(number).to_string()).collect()
}

#[test]
fn each_key_is_on_the_server_that_the_real_client_chose() {
    let mut clients = 0;
    for line in GOLDEN.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let [how, client, servers, expected] = words[..] else { panic!("{line}") };
        let how = how.parse().unwrap_or_else(|()| panic!("{line}"));
        let servers = placed(servers, how).unwrap_or_else(|error| panic!("{client}: {error}"));
        assert_eq!(expected.len(), 1_000);
        assert_eq!(choices(&servers, 1_000), expected, "{client}: {how:?} of {servers:?}");
        clients += 1;
    }
    assert_eq!(clients, 10);
}

#[test]
fn the_order_of_the_list_matters_only_where_it_is_documented() {
    use Placement::{Crc32, Ketama, Modula, Pymemcache, Rendezvous};
    for how in [Rendezvous, Ketama, Modula, Crc32, Pymemcache] {
        let one = placed("a:1,b:2,c:3", how).expect("it is possible");
        let other = placed("c:3,a:1,b:2", how).expect("it is possible");
        let moved = ["1", "2", "0"];
        let names = |index: char| moved[index.to_digit(10).expect("a digit") as usize];
        let same =
            choices(&one, 200).chars().map(names).collect::<String>() == choices(&other, 200);
        assert_eq!(same, !matches!(how, Modula | Crc32), "{how:?}");
    }
}

#[test]
fn a_choice_without_weights_refuses_them() {
    let Err(Error::Config { option, reason }) = placed("a*2,b", Placement::Pymemcache) else {
        panic!("it knows no weights");
    };
    assert_eq!(option, "hash");
    assert!(reason.contains("weights"), "{reason}");
    assert!(placed("a*2,b*2", Placement::Pymemcache).is_ok(), "none of them counts more");
}

#[test]
fn one_server_has_every_key_however_it_is_chosen() {
    use Placement::{Crc32, Ketama, Modula, Pymemcache, Rendezvous};
    for how in [Rendezvous, Ketama, Modula, Crc32, Pymemcache] {
        let one = placed("a:1*7", how).expect("it is possible");
        assert_eq!(choices(&one, 20), "0".repeat(20));
    }
}
