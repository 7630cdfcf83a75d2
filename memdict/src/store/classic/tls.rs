//! TLS, whose certificates are verified for the name or the address that the program gave.

use std::net::TcpStream;

use openssl::ssl::{SslConnector, SslMethod, SslStream, SslVerifyMode};

use super::{address::Tls, failure};

pub(super) type Stream = SslStream<TcpStream>;

/// Begins TLS on a connection to the server of this name, which is `host:port`. A certificate for
/// an address names the address itself (`IP:::1`), without brackets.
pub(super) fn connect(how: &Tls, name: &str, stream: TcpStream) -> Result<Stream, String> {
    let host = name.rsplit_once(':').map_or(name, |(host, _)| host);
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let said = |error: &dyn std::fmt::Display| failure::shown(&error.to_string());
    let mut builder = SslConnector::builder(SslMethod::tls()).map_err(|error| said(&error))?;
    builder.set_verify(if how.unverified { SslVerifyMode::NONE } else { SslVerifyMode::PEER });
    if let Some(path) = &how.ca_file {
        builder
            .set_ca_file(path)
            .map_err(|error| format!("the file of authorities cannot be read: {}", said(&error)))?;
    }
    builder.build().connect(host, stream).map_err(|error| said(&error))
}
