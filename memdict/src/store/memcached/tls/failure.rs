//! What a failure of TLS means, and what to do about it, as a text that follows the server's name.

use rustls::{AlertDescription as Alert, CertificateError as Certificate, Error, OtherError};

use crate::quote;

/// What is known of one side when the other one, or its certificate, is no good.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// The host or the address that the certificate is to be for.
    pub(super) host: String,
    /// Whether the client has a certificate of its own.
    pub(super) has_certificate: bool,
}

impl Failure {
    /// Explains an error of a handshake, or of what follows it.
    pub(super) fn says(&self, error: &Error, is_handshake: bool) -> String {
        match error {
            Error::InvalidCertificate(wrong) => self.of_certificate(wrong),
            Error::AlertReceived(alert) => self.of_alert(*alert),
            Error::InvalidMessage(_) if is_handshake => {
                "does not speak TLS at this port: use `memcache://`, or the port for TLS".to_owned()
            }
            Error::PeerIncompatible(why) => format!(
                "speaks no TLS that is safe (it is {why:?}): let it speak TLS 1.2 or 1.3, with a \
                 common cipher"
            ),
            error => format!("broke the TLS connection: {}", shown(error)),
        }
    }

    fn of_certificate(&self, wrong: &Certificate) -> String {
        let host = &self.host;
        match wrong {
            Certificate::UnknownIssuer => "has a certificate of an authority that is not trusted: \
                                           name the file with the authority's certificate \
                                           (`ca_file`)"
                .to_owned(),
            Certificate::Expired | Certificate::ExpiredContext { .. } => {
                "has a certificate that has expired: give it a new one".to_owned()
            }
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
                "has a certificate that is not valid yet: look at the clocks of both machines"
                    .to_owned()
            }
            Certificate::NotValidForName => format!(
                "has a certificate that is not for `{host}`: give it one that is, or use a name that \
                 its certificate has"
            ),
            Certificate::NotValidForNameContext { presented, .. } => {
                let names = quote::said(presented.join(", ").as_bytes());
                format!(
                    "has a certificate that is not for `{host}` but for {names}: use such a name, or \
                     give it a certificate for `{host}`"
                )
            }
            Certificate::Other(other) if is_authority(other) => {
                "has a certificate that is an authority's: give it one of its own, or one that was made \
                 with `basicConstraints=CA:FALSE`"
                    .to_owned()
            }
            wrong => format!("has a certificate that cannot be used: {}", shown(wrong)),
        }
    }

    fn of_alert(&self, alert: Alert) -> String {
        match alert {
            Alert::CertificateRequired | Alert::HandshakeFailure | Alert::NoCertificate
                if !self.has_certificate =>
            {
                format!(
                    "refuses the TLS connection ({alert:?}): if it asks for a client certificate, \
                     name one (`cert_file`, `key_file`)"
                )
            }
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
                if self.has_certificate =>
            {
                format!(
                    "does not accept the client certificate ({alert:?}): name one of an authority \
                     that it trusts (`cert_file`, `key_file`)"
                )
            }
            alert => format!("refuses the TLS connection ({alert:?})"),
        }
    }

    /// Explains the end of a connection in the handshake.
    pub(super) fn closed(&self) -> String {
        "closed the connection in the TLS handshake: it may speak no TLS at this port, or have no \
         connection free (its option `-c`)"
            .to_owned()
    }

    /// Explains that a server sends and says nothing.
    pub(super) fn endless(&self) -> String {
        "sends TLS records without an end and without content".to_owned()
    }
}

/// Returns whether a certificate is one that issues others, and so is not a server's.
fn is_authority(OtherError(error): &OtherError) -> bool {
    // The package of this error's type is no dependency.
    format!("{error:?}") == "CaUsedAsEndEntity"
}

/// Shows an error, which may quote what the server sent.
fn shown(error: &dyn std::fmt::Display) -> String {
    quote::said(error.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(has_certificate: bool) -> Failure {
        Failure { host: "cache-1".to_owned(), has_certificate }
    }

    #[test]
    fn a_refused_handshake_says_whose_certificate_is_wanted() {
        for (alert, with, without) in [
            (Alert::CertificateRequired, "refuses the TLS", "name one (`cert_file`, `key_file`)"),
            (Alert::HandshakeFailure, "refuses the TLS", "name one (`cert_file`, `key_file`)"),
            (Alert::UnknownCA, "an authority that it trusts", "refuses the TLS"),
            (Alert::ProtocolVersion, "(ProtocolVersion)", "(ProtocolVersion)"),
        ] {
            for (has_certificate, what) in [(true, with), (false, without)] {
                let said = failure(has_certificate).says(&Error::AlertReceived(alert), true);
                assert!(said.contains(what), "{said}");
            }
        }
    }

    #[test]
    fn names_that_a_certificate_shows_are_quoted() {
        let wrong = Certificate::NotValidForNameContext {
            expected: "cache-1".try_into().expect("a name"),
            presented: vec!["evil\n\u{1b}[2J".to_owned(), "x".repeat(1_000)],
        };
        let said = failure(false).says(&Error::InvalidCertificate(wrong), true);
        assert!(said.contains("evil\\n\\x1b[2J, xxx") && said.len() < 400, "{said}");
    }
}
