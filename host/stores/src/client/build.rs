//! Builds the HTTP client of a store, without redirects.

use std::time::Duration;

use object_store::{ClientConfigKey as Key, ClientOptions, client::HttpClient};
use reqwest::{ClientBuilder, NoProxy, Proxy, redirect::Policy, tls::Certificate};

/// Default user agent.
const USER_AGENT: &str = concat!("cloakroom/", env!("CARGO_PKG_VERSION"));

/// An option is invalid. Its value may be a secret, so it is not shown.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client's option `{0}` is invalid")]
struct InvalidOption(&'static str);

/// Builds a client with these options.
///
/// `object_store` would build the same client, but with redirects. A hostile store could then have
/// this machine send signed requests to other hosts of its network.
///
/// # Errors
/// If an option is invalid.
pub(super) fn build(options: &ClientOptions) -> object_store::Result<HttpClient> {
    let client =
        builder(options).and_then(|builder| builder.build().map_err(|_| InvalidOption("TLS")));
    client
        .map(HttpClient::new)
        .map_err(|error| object_store::Error::Generic { store: "HTTP", source: Box::new(error) })
}

fn builder(options: &ClientOptions) -> Result<ClientBuilder, InvalidOption> {
    let text = |key| options.get_config_value(&key);
    let is_set =
        |key, name| text(key).map_or(Ok(false), |text| flag(&text).ok_or(InvalidOption(name)));
    let mut builder = ClientBuilder::new()
        .redirect(Policy::none())
        // A decompressed body would not have the length that the store announced.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .user_agent(text(Key::UserAgent).unwrap_or_else(|| USER_AGENT.to_owned()))
        .https_only(!is_set(Key::AllowHttp, "allow_http")?);
    if let Some(headers) = options.get_default_headers() {
        builder = builder.default_headers(headers.clone());
    }
    if let Some(proxy) = proxy(options)? {
        builder = builder.proxy(proxy);
        if let Some(pem) = text(Key::ProxyCaCertificate) {
            let certificate = Certificate::from_pem(pem.as_bytes());
            let certificate = certificate.map_err(|_| InvalidOption("proxy_ca_certificate"))?;
            builder = builder.tls_certs_merge([certificate]);
        }
    } else {
        // By default reqwest takes a proxy from `HTTP_PROXY` and its kin. The environment must not
        // decide where a bucket's requests go, nor those for the credentials of the machine's role.
        builder = builder.no_proxy();
    }
    if is_set(Key::Http1Only, "http1_only")? {
        builder = builder.http1_only();
    }
    if is_set(Key::Http2Only, "http2_only")? {
        builder = builder.http2_prior_knowledge();
    }
    if let Some(max) = text(Key::PoolMaxIdlePerHost) {
        let max = max.parse().map_err(|_| InvalidOption("pool_max_idle_per_host"))?;
        builder = builder.pool_max_idle_per_host(max);
    }
    with_timeouts(builder, options)
}

fn with_timeouts(
    mut builder: ClientBuilder,
    options: &ClientOptions,
) -> Result<ClientBuilder, InvalidOption> {
    type Set = fn(ClientBuilder, Duration) -> ClientBuilder;
    let keys: [(Key, &'static str, Set); 4] = [
        (Key::Timeout, "timeout", ClientBuilder::timeout),
        (Key::ConnectTimeout, "connect_timeout", ClientBuilder::connect_timeout),
        (Key::ReadTimeout, "read_timeout", ClientBuilder::read_timeout),
        (Key::PoolIdleTimeout, "pool_idle_timeout", ClientBuilder::pool_idle_timeout),
    ];
    for (key, name, set) in keys {
        if let Some(text) = options.get_config_value(&key) {
            let time = humantime::parse_duration(&text).map_err(|_| InvalidOption(name))?;
            builder = set(builder, time);
        }
    }
    Ok(builder)
}

fn proxy(options: &ClientOptions) -> Result<Option<Proxy>, InvalidOption> {
    let Some(url) = options.get_config_value(&Key::ProxyUrl) else {
        return Ok(None);
    };
    let proxy = Proxy::all(url).map_err(|_| InvalidOption("proxy_url"))?;
    let excluded = options.get_config_value(&Key::ProxyExcludes);
    Ok(Some(proxy.no_proxy(excluded.and_then(|text| NoProxy::from_string(&text)))))
}

/// Parses a boolean as `object_store` does.
fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "on" | "yes" | "y" => Some(true),
        "0" | "false" | "off" | "no" | "n" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_valid_options() {
        let options = ClientOptions::new()
            .with_config(Key::Timeout, "5s")
            .with_config(Key::PoolMaxIdlePerHost, "3")
            .with_config(Key::ProxyUrl, "http://127.0.0.1:1")
            .with_config(Key::ProxyExcludes, "localhost")
            .with_config(Key::UserAgent, "a")
            .with_config(Key::AllowHttp, "yes");
        assert!(build(&options).is_ok());
    }

    #[test]
    fn refuses_an_invalid_option_without_showing_it() {
        for key in [Key::Timeout, Key::AllowHttp, Key::PoolMaxIdlePerHost, Key::Http1Only] {
            let options = ClientOptions::new().with_config(key, "s3cr3t");
            let error = build(&options).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
        }
    }
}
