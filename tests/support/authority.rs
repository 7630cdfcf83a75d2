//! Certificates that only a test trusts, made by the program `openssl`.

use std::process::{Command, Stdio};

use crate::Scratch;

/// An authority of a test's own.
#[derive(Debug)]
pub struct Authority {
    files: Scratch,
}

/// The files of a certificate and its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, in PEM format.
    pub cert_file: String,
    /// Its private key.
    pub key_file: String,
}

/// A key of a kind that every implementation of TLS knows.
const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Makes an authority.
    ///
    /// # Panics
    ///
    /// If `openssl` cannot do it, as all functions here.
    #[must_use]
    pub fn new() -> Self {
        let files = Scratch::new();
        let (key, certificate) = (files.file("ca-key"), files.file("ca"));
        let subject = format!("/CN=an authority of {}", key.replace('/', "-"));
        let request = ["req", "-x509", "-days", "2", "-subj", &subject];
        run(&[&request[..], &KEY, &["-keyout", &key, "-out", &certificate]].concat());
        Self { files }
    }

    /// Returns the file with its certificate.
    #[must_use]
    pub fn ca_file(&self) -> String {
        self.files.file("ca")
    }

    /// Issues a certificate for a subject, as `IP:127.0.0.1`.
    #[must_use]
    pub fn issue(&self, subject: &str) -> Certificate {
        self.issue_for(subject, 2)
    }

    /// Issues one that has expired.
    #[must_use]
    pub fn issue_expired(&self, subject: &str) -> Certificate {
        self.issue_for(subject, -1)
    }

    fn issue_for(&self, subject: &str, days: i32) -> Certificate {
        let name = format!("{}{days}", subject.replace([':', '.'], "-"));
        let file = |kind: &str| self.files.file(&format!("{kind}-{name}"));
        let (cert_file, key_file, request) = (file("cert"), file("key"), file("request"));
        let text = format!("basicConstraints=critical,CA:FALSE\nsubjectAltName={subject}\n");
        let extensions = self.files.write("extensions", &text);
        let ask = ["req", "-new", "-subj", "/CN=memdict", "-keyout", &key_file, "-out", &request];
        run(&[&ask[..], &KEY].concat());
        let (ca, ca_key, days) = (self.ca_file(), self.files.file("ca-key"), days.to_string());
        let sign = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key];
        let how = ["-CAcreateserial", "-days", &days, "-extfile", &extensions, "-out", &cert_file];
        run(&[&sign[..], &how].concat());
        self.files.share();
        Certificate { cert_file, key_file }
    }

    /// Makes a certificate that is its own authority: one that issues others (`CA:TRUE`), or not.
    #[must_use]
    pub fn issue_itself(&self, subject: &str, issues_others: bool) -> Certificate {
        let file = |kind: &str| self.files.file(&format!("own-{kind} {issues_others}"));
        let (cert_file, key_file) = (file("cert"), file("key"));
        let constraints = if issues_others { "CA:TRUE" } else { "CA:FALSE" };
        let text = format!(
            "[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\n\
             basicConstraints=critical,{constraints}\nsubjectAltName={subject}\n"
        );
        let settings = self.files.write("own", &text);
        let request = ["req", "-x509", "-days", "2", "-subj", "/CN=own", "-config", &settings];
        run(&[&request[..], &KEY, &["-keyout", &key_file, "-out", &cert_file]].concat());
        self.files.share();
        Certificate { cert_file, key_file }
    }
}

fn run(arguments: &[&str]) {
    let made = Command::new("openssl").args(arguments).stdin(Stdio::null()).output();
    let made = made.unwrap_or_else(|error| {
        panic!("openssl cannot be started ({error}): install it, or run scripts/test, which does")
    });
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
