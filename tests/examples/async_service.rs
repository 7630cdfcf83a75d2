//! The web service with carts, over HTTP: two visitors, one cart, and a memcached that is killed.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use memdict_tests::Memcached;
use serde_json::Value;

use crate::run::{example, example_on};

/// A service under way, ended on drop.
struct Service {
    child: Child,
    url: String,
    agent: ureq::Agent,
}

impl Service {
    fn start(server: Option<&Memcached>) -> Self {
        let name = "async_service";
        let mut command = server.map_or_else(|| example(name), |server| example_on(server, name));
        let command = command.arg("127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the example starts");
        let mut said = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        out.read_line(&mut said).expect("the service says where it listens");
        let url = said.trim().trim_start_matches("listening on ").to_owned();
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let config = config.timeout_global(Some(Duration::from_secs(60))).build();
        Self { child, url, agent: config.into() }
    }

    /// Returns the status and the body of a reply.
    fn add(&self, cart: &str, sku: &str, price: u64) -> (u16, String) {
        let body = format!(r#"{{"sku": "{sku}", "price": {price}}}"#);
        let request = self.agent.post(format!("{}/carts/{cart}/items", self.url));
        let reply = request.header("content-type", "application/json").send(&body);
        read(reply)
    }

    fn get(&self, cart: &str) -> (u16, Value) {
        let (status, body) = read(self.agent.get(format!("{}/carts/{cart}", self.url)).call());
        (status, serde_json::from_str(&body).expect("a cart is shown as JSON"))
    }

    fn delete(&self, path: &str) -> u16 {
        read(self.agent.delete(format!("{}/{path}", self.url)).call()).0
    }
}

fn read(reply: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, String) {
    let mut reply = reply.expect("the service answers");
    let body = reply.body_mut().read_to_string().expect("a reply is text");
    (reply.status().as_u16(), body)
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_visitors_fill_one_cart_and_no_item_is_lost() {
    let server = Memcached::start();
    let service = Service::start(Some(&server));
    thread::scope(|scope| {
        for visitor in ["ann", "bob"] {
            let service = &service;
            scope.spawn(move || {
                for number in 0..40 {
                    let (status, body) = service.add("blue", &format!("{visitor}-{number}"), 2);
                    assert_eq!(status, 201, "{body}");
                }
            });
        }
    });
    let (status, cart) = service.get("blue");
    assert_eq!((status, cart["total"].as_u64()), (200, Some(160)), "{cart}");
    assert_eq!(cart["items"].as_array().map(Vec::len), Some(80));
    assert_eq!(service.delete("carts/blue/items/ann-7"), 200);
    assert_eq!(service.delete("carts/blue/items/ann-7"), 404);
    assert_eq!(service.get("blue").1["total"].as_u64(), Some(158));
    assert_eq!(service.delete("carts/blue"), 204);
    assert_eq!(service.get("blue").1["total"].as_u64(), Some(0));
}

#[test]
fn no_request_fails_while_memcached_is_killed_and_returns() {
    let mut server = Memcached::start();
    let service = Service::start(Some(&server));
    let over = AtomicBool::new(false);
    let replies = thread::scope(|scope| {
        let visitors: Vec<_> = ["ann", "bob"]
            .into_iter()
            .map(|visitor| {
                let (service, over) = (&service, &over);
                scope.spawn(move || {
                    let mut replies = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        replies.push(service.add("blue", visitor, 1).0);
                        replies.push(service.get("blue").0);
                    }
                    replies
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(300));
        server.kill();
        thread::sleep(Duration::from_millis(700));
        server.revive();
        thread::sleep(Duration::from_millis(1_500));
        over.store(true, Ordering::Relaxed);
        let visitors = visitors.into_iter().flat_map(|it| it.join().expect("no panic"));
        visitors.collect::<Vec<_>>()
    });
    assert!(replies.len() > 20, "{replies:?}");
    let failed: Vec<_> = replies.iter().filter(|status| **status >= 500).collect();
    assert!(failed.is_empty(), "{failed:?} of {}", replies.len());
    // The cart was lost with the server, and is filled again.
    assert!(service.get("blue").1["total"].as_u64() > Some(0));
}

#[test]
fn the_service_runs_without_a_memcached() {
    let service = Service::start(None);
    assert_eq!(service.add("red", "hat", 20).0, 201);
    assert_eq!(service.get("red").1["total"].as_u64(), Some(20));
    assert_eq!(service.add("red", "", 20).0, 404);
}
