//! Addresses of key services that a configuration or the environment names.

use std::net::IpAddr;

use cloakroom_core::Error;
use reqwest::Url;

use crate::access::config;

/// Reads an address: https://, or http:// on this machine. It ends with a slash afterwards. `name` is what
/// it is called where it was set.
///
/// # Errors
/// `Config` if it is no such address, or holds more than scheme, host, port and path.
pub(crate) fn parse(text: &str, name: &str) -> Result<Url, Error> {
    let url = Url::parse(text).ok().filter(|url| url.has_host() && url.query().is_none());
    let is_bare = |url: &Url| url.username().is_empty() && url.password().is_none();
    let url = url.filter(|url| is_bare(url) && url.fragment().is_none());
    // Not quoted: it may hold a password.
    let mut url = url.ok_or_else(|| {
        config(format!("the address in {name} is no URL such as https://keys.example:8200"))
    })?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => {
            return Err(config(format!(
                "the address in {name} is not https://, and data keys pass over it: only a service on \
                 this machine may be asked over http://"
            )));
        }
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine() {
        for (text, expect) in [
            ("https://keys.example:8200", Some("https://keys.example:8200/")),
            ("https://keys.example/vault", Some("https://keys.example/vault/")),
            ("http://127.0.0.1:8200/", Some("http://127.0.0.1:8200/")),
            ("http://[::1]:8200", Some("http://[::1]:8200/")),
            ("http://keys.example:8200", None),
            ("http://127.0.0.1.keys.example", None),
            ("https://me:s3cret@keys.example", None),
            ("https://keys.example/?a=b", None),
            ("keys.example", None),
            ("unix:///run/vault.sock", None),
        ] {
            let parsed = parse(text, "`address`");
            assert_eq!(parsed.as_ref().ok().map(Url::as_str), expect, "{text}");
            assert!(!format!("{parsed:?}").contains("s3cret"), "{text}");
        }
    }
}
