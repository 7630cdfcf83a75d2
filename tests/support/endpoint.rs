//! An endpoint that tells the servers of a cluster.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::{Certificate, Memcached};

/// Answers `config get cluster` with a list of servers. It ends with the process, because a listener
/// cannot be stopped.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

#[derive(Debug, Default)]
struct Told {
    list: String,
    /// Whether it closes each connection at once.
    is_down: bool,
    /// Whether it reads, and answers nothing.
    is_silent: bool,
    asked: usize,
}

impl Endpoint {
    /// Starts an endpoint that tells version 1 of these servers.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub fn start<'s>(servers: impl IntoIterator<Item = &'s Memcached>) -> Self {
        let endpoint = Self::serving(answer::<TcpStream>);
        endpoint.tell(1, servers);
        endpoint
    }

    /// Starts an endpoint that speaks TLS with this certificate, and tells version 1 of these servers.
    ///
    /// # Panics
    ///
    /// If no port is free, or the certificate cannot be used.
    pub fn secured(certificate: &Certificate, servers: impl IntoIterator<Item = String>) -> Self {
        let config = Arc::new(config(certificate));
        let endpoint = Self::serving(move |connection, told| {
            let tls = ServerConnection::new(Arc::clone(&config)).expect("it is well configured");
            answer(StreamOwned::new(tls, connection), told);
        });
        endpoint.tell_of(1, servers);
        endpoint
    }

    fn serving(serve: impl Fn(TcpStream, &Mutex<Told>) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let endpoint = Self { address, told: Arc::default() };
        let told = Arc::clone(&endpoint.told);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (serve, told) = (serve.clone(), Arc::clone(&told));
                thread::spawn(move || serve(connection, &told));
            }
        });
        endpoint
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Tells these servers from now on.
    pub fn tell<'s>(&self, version: u64, servers: impl IntoIterator<Item = &'s Memcached>) {
        self.tell_of(version, servers.into_iter().map(Memcached::address));
    }

    /// Tells servers at these addresses, `127.0.0.1:PORT`, from now on.
    pub fn tell_of(&self, version: u64, addresses: impl IntoIterator<Item = String>) {
        let words: Vec<_> = addresses
            .into_iter()
            .map(|address| address.replace("127.0.0.1:", "127.0.0.1|127.0.0.1|"))
            .collect();
        self.told().list = format!("{version}\n{}\n", words.join(" "));
    }

    /// Closes each connection at once, or no longer.
    pub fn down(&self, is_down: bool) {
        self.told().is_down = is_down;
    }

    /// Answers nothing, or no longer.
    pub fn silent(&self, is_silent: bool) {
        self.told().is_silent = is_silent;
    }

    /// Returns how often it was asked.
    pub fn asked(&self) -> usize {
        self.told().asked
    }
}

fn config(Certificate { cert_file, key_file }: &Certificate) -> ServerConfig {
    let chain = CertificateDer::pem_file_iter(cert_file).expect("it is there");
    let chain = chain.collect::<Result<_, _>>().expect("they are certificates");
    let key = PrivateKeyDer::from_pem_file(key_file).expect("it is a key");
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("there are safe versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key is that of the certificate")
}

fn answer<S: Read + Write>(connection: S, told: &Mutex<Told>) {
    let told = || told.lock().unwrap_or_else(PoisonError::into_inner);
    if told().is_down {
        return;
    }
    let mut connection = BufReader::new(connection);
    let mut line = String::new();
    while connection.read_line(&mut line).is_ok_and(|read| read > 0) {
        let question = std::mem::take(&mut line);
        let answer = {
            let mut told = told();
            told.asked += usize::from(question.trim_end() == "config get cluster");
            match question.trim_end() {
                _ if told.is_silent => continue,
                "config get cluster" => {
                    let Told { list, .. } = &*told;
                    format!("CONFIG cluster 0 {}\r\n{list}\r\nEND\r\n", list.len())
                }
                _ => "ERROR\r\n".to_owned(),
            }
        };
        let connection = connection.get_mut();
        if connection.write_all(answer.as_bytes()).is_err() || connection.flush().is_err() {
            return;
        }
    }
}
