//! Starts servers of one kind, prints a URL for them, and ends them at the end of the input. For
//! scripts/servers.

use std::io::Read;

use memdict_tests::{Daemon, Flare, Mcrouter, Memcached};

fn serve(url: &str) {
    println!("{url}");
    // Until whoever started this ends, or closes it.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn main() {
    let kind = std::env::args().nth(1).unwrap_or_default();
    match &*kind {
        "memcached" => {
            let server = Memcached::start();
            serve(&format!("memcache://{}", server.address()));
        }
        "memcached-classic" => {
            let server = Memcached::start();
            serve(&format!("memcache+classic://{}", server.address()));
        }
        "three-memcacheds" => {
            let servers = [(); 3].map(|()| Memcached::start());
            let names = servers.each_ref().map(Memcached::address).join(",");
            serve(&format!("memcache://{names}"));
        }
        "memcached-without-versions" => {
            let server = Memcached::with(&["-C"]);
            serve(&format!("memcache://{}", server.address()));
        }
        "memcached-tls" => {
            let (server, authority) = Daemon::memcached_with_tls(&[]);
            let file = authority.ca_file();
            serve(&format!("memcache+tls://{}?ca_file={file}", server.address()));
        }
        "memcached-sasl" => {
            let server = Daemon::memcached_with_sasl("shop", "5ecret", &[]);
            serve(&format!("memcache+sasl://shop:5ecret@{}", server.address()));
        }
        "twemproxy" => {
            let servers = [(); 2].map(|()| Memcached::start());
            let proxy = Daemon::proxy(&servers);
            serve(&format!("memcache://{}", proxy.address()));
        }
        "mcrouter" => {
            let server = Memcached::start();
            let proxy = Mcrouter::before(&server.address());
            serve(&format!("memcache://{}", proxy.address()));
        }
        "flare" => {
            let server = Flare::start();
            serve(&format!("flare://{}", server.address()));
        }
        "yrmcds" => {
            let server = Daemon::yrmcds();
            serve(&format!("memcache://{}", server.address()));
        }
        _ => {
            eprintln!("unknown kind of server: {kind:?}");
            std::process::exit(2);
        }
    }
}
