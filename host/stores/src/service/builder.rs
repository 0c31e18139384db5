//! Builder of a service, and its rules for what an operator sets.

use std::{fmt, sync::Arc, time::Duration};

use cloakroom_core::{Error, is_reserved_header};
use reqwest::{
    Client, Identity, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
    retry,
    tls::Certificate,
};
use zeroize::Zeroizing;

use super::{
    client::{HttpService, Inner},
    failure::CONNECT_TIMEOUT,
    secrets::Secrets,
};
use crate::error::config;

/// Most time of one request, from the connection to the last byte of the response.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Default user agent. A plugin may set another.
const USER_AGENT: &str = concat!("cloakroom/", env!("CARGO_PKG_VERSION"));

/// Builder of an [`HttpService`]. Equal builders make services that answer alike.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a builder does nothing before `build`"]
pub struct HttpServiceBuilder {
    url: String,
    headers: Vec<(String, Header)>,
    ca: Option<Vec<u8>>,
    identity: Option<Zeroizing<Vec<u8>>>,
    timeout: Duration,
}

/// Value of a header that the host sets.
#[derive(Clone, PartialEq, Eq)]
enum Header {
    Open(String),
    /// A text before the secret, such as `Bearer `, and the secret.
    Secret(String, Zeroizing<Vec<u8>>),
}

impl HttpService {
    /// Returns a builder for the service at this URL.
    pub fn builder(url: &str) -> HttpServiceBuilder {
        HttpServiceBuilder::new(url)
    }
}

impl HttpServiceBuilder {
    fn new(url: &str) -> Self {
        let (headers, ca, identity) = (Vec::new(), None, None);
        Self { url: url.to_owned(), headers, ca, identity, timeout: TIMEOUT }
    }

    /// Sets a header of every request to a value that is no secret.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), Header::Open(value.to_owned())));
        self
    }

    /// Sets a header of every request to `prefix` and a secret. White space around the secret is cut off.
    /// A response that holds the secret is refused.
    pub fn with_secret_header(mut self, name: &str, prefix: &str, secret: &[u8]) -> Self {
        let secret = Zeroizing::new(secret.trim_ascii().to_owned());
        self.headers.push((name.to_owned(), Header::Secret(prefix.to_owned(), secret)));
        self
    }

    /// Trusts these authorities alone, as PEM. By default those of the machine are trusted.
    pub fn with_ca(mut self, pem: &[u8]) -> Self {
        self.ca = Some(pem.to_owned());
        self
    }

    /// Presents a certificate with its key, as PEM.
    pub fn with_client_certificate(mut self, certificate: &[u8], key: &[u8]) -> Self {
        let mut pem = Zeroizing::new(Vec::with_capacity(certificate.len() + key.len() + 1));
        for part in [certificate, b"\n", key] {
            pem.extend_from_slice(part);
        }
        self.identity = Some(pem);
        self
    }

    /// Sets the time of one request, from the connection to the last byte of the response. Default: 30
    /// seconds. The time of a plugin's call also ends its request.
    pub fn with_timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Builds the service. Nothing is sent.
    ///
    /// # Errors
    /// `Config` if the URL, a header, a secret or a certificate cannot be used. The text shows no value of
    /// a header.
    pub fn build(self) -> Result<HttpService, Error> {
        let url = service_url(&self.url)?;
        let (headers, secrets) = self.headers()?;
        let client = self.client()?;
        Ok(HttpService(Arc::new(Inner {
            client,
            url,
            headers,
            secrets: Arc::new(secrets),
            timeout: self.timeout,
        })))
    }

    fn headers(&self) -> Result<(HeaderMap, Secrets), Error> {
        let (mut headers, mut secrets) = (HeaderMap::new(), Secrets::default());
        for (name, header) in &self.headers {
            let parsed = HeaderName::from_bytes(name.as_bytes());
            let parsed = parsed.ok().filter(|_| !is_reserved_header(name)).ok_or_else(|| {
                config(format!(
                    "the header `{name}` belongs to the connection, or is no header's name"
                ))
            })?;
            let value = match header {
                Header::Open(text) => Zeroizing::new(text.clone().into_bytes()),
                Header::Secret(prefix, secret) => {
                    secrets
                        .add(secret)
                        .map_err(|why| config(format!("the header `{name}`: {why}")))?;
                    Zeroizing::new([prefix.as_bytes(), secret].concat())
                }
            };
            let is_printable = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
            let value = HeaderValue::from_bytes(&value).ok().filter(|_| is_printable);
            let mut value = value.ok_or_else(|| {
                config(format!(
                    "the value of the header `{name}` is not printable ASCII on one line"
                ))
            })?;
            // Kept out of `Debug`, and so out of logs.
            value.set_sensitive(matches!(header, Header::Secret(..)));
            headers.append(parsed, value);
        }
        Ok((headers, secrets))
    }

    fn client(&self) -> Result<Client, Error> {
        let mut builder = Client::builder()
            .redirect(Policy::none())
            // A driver decides about a repetition: a request may have had an effect.
            .retry(retry::never())
            // The environment must not decide where requests with credentials go.
            .no_proxy()
            .referer(false)
            // A decompressed body would not have the length that the service announced.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .http1_only()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(self.timeout);
        if let Some(pem) = &self.ca {
            let authorities = Certificate::from_pem_bundle(pem).ok();
            let authorities = authorities.filter(|found| !found.is_empty());
            builder =
                builder.tls_certs_only(authorities.ok_or_else(|| {
                    config("the authorities are not certificates in PEM".to_owned())
                })?);
        }
        if let Some(pem) = &self.identity {
            builder = builder.identity(Identity::from_pem(pem).map_err(|_| {
                config("the client's certificate and key are not both PEM".to_owned())
            })?);
        }
        builder.build().map_err(|_| config("the TLS client cannot be set up with these".to_owned()))
    }
}

/// Reads the URL of a service. A slash is added to its end if there is none.
fn service_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).ok().filter(Url::has_host);
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut url =
        url.ok_or_else(|| config("is not a URL such as https://store.example/v1/".to_owned()))?;
    if !url.username().is_empty() || url.password().is_some() {
        let text = "has credentials in its URL: set them as a header, from a variable or a file";
        return Err(config(text.to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(config("has a query or a fragment: plugins add queries to paths".to_owned()));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

impl fmt::Debug for HttpServiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServiceBuilder").finish_non_exhaustive()
    }
}
