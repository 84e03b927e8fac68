//! The address of a receiver: `http` or `https`, a host, perhaps a port and a path; no credentials, no query.

use std::fmt;

use ureq::http::Uri;

use crate::error::SetupError;

/// A base address, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Without the slash at its end.
    base: String,
    /// Host and port, for messages.
    host: String,
    is_https: bool,
    is_loopback: bool,
}

impl Address {
    /// Reads an address. What is wrong is said without repeating an address that may hold a password.
    ///
    /// # Errors
    /// [`SetupError::BadUrl`] saying what would be right.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        let text = text.trim();
        let wrong = |what: &str| Err(SetupError::BadUrl { what: what.to_owned() });
        if text.contains('@') {
            return wrong("the URL holds a user name or a password; give a token with --token-file instead");
        }
        let shown: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        let Some((scheme @ ("http" | "https"), _)) = text.split_once("://") else {
            return wrong(&format!(
                "'{shown}' is no URL; give one such as https://example.com or http://127.0.0.1:8750"
            ));
        };
        if text.contains(['?', '#']) {
            return wrong(&format!("'{shown}' has a query or a fragment; give the URL up to its path"));
        }
        let Ok(uri) = text.parse::<Uri>() else {
            return wrong(&format!("'{shown}' is no URL; check its host, port and path"));
        };
        let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
            return wrong(&format!("'{shown}' names no host"));
        };
        if authority.as_str() != authority.host() && authority.port_u16().unwrap_or(0) == 0 {
            return wrong(&format!("'{shown}' has a port that is none; give one from 1 to 65535"));
        }
        Ok(Self {
            base: text.trim_end_matches('/').to_owned(),
            host: authority.as_str().to_owned(),
            is_https: scheme == "https",
            is_loopback: is_loopback(authority.host()),
        })
    }

    /// The address of a path that begins with a slash.
    pub(crate) fn below(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Host and port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Whether what is sent can be read by others on its way.
    pub(crate) fn is_open_to_listeners(&self) -> bool {
        !self.is_https && !self.is_loopback
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_with_or_without_port_and_path() {
        for (text, below) in [
            ("http://127.0.0.1:8750", "http://127.0.0.1:8750/v1"),
            (" https://example.com/ ", "https://example.com/v1"),
            ("https://example.com/fleet/", "https://example.com/fleet/v1"),
            ("http://[::1]:8750", "http://[::1]:8750/v1"),
        ] {
            assert_eq!(Address::parse(text).expect("it is one").below("/v1"), below);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("http://{}", "a".repeat(100_000));
        for text in [
            "",
            "example.com",
            "ftp://example.com",
            "http://",
            "http:///path",
            "http://:80",
            "https://a:0",
            "https://a:99999",
            "https://a:",
            "https://a b",
            "http://a?b=c",
            "http://a#b",
            "HTTP://a",
            "http://[::1",
            &long,
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        for text in ["https://me:secret@example.com", "ftp://me:secret@example.com", "secret@"] {
            let error = format!("{:?}", Address::parse(text).expect_err("it is refused"));
            assert!(error.contains("--token-file") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn only_plain_http_to_another_machine_is_open_to_listeners() {
        let open = |text: &str| Address::parse(text).expect("it is one").is_open_to_listeners();
        assert!(open("http://example.com") && open("http://10.0.0.1:80"));
        assert!(
            !open("https://example.com")
                && !open("http://localhost:1")
                && !open("http://[::1]")
                && !open("http://127.1.1.1")
        );
    }
}
