//! Requests to a registry, with its credentials or without any.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, Remedy};
use reqwest::{
    ClientBuilder, Method, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE},
    redirect::Policy,
    tls::Certificate,
};

use super::{
    access::Access,
    authorization::{basic, bearer, token_url},
    challenge::Challenge,
    failure::unanswered,
};
use crate::remedy::method;

/// Time until a connection stands, and between two pieces of an answer.
const CONNECT: Duration = Duration::from_secs(10);
const READ: Duration = Duration::from_secs(30);

/// Time of a whole request: a peer that sends a byte at a time never reaches the one above.
pub(super) const SHORT: Duration = Duration::from_secs(60);
pub(super) const LONG: Duration = Duration::from_secs(900);

/// Connection to a registry.
#[derive(Debug)]
pub(super) struct Connection {
    http: reqwest::Client,
    pub(super) access: Access,
    pub(super) base: Url,
    realm: Option<Url>,
    /// Header that was accepted last. It is marked as sensitive, so it does not print.
    authorization: Mutex<Option<HeaderValue>>,
}

/// One request.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) time: Duration,
    /// Scope that a token must have, such as `repository:team/zstd:pull`.
    pub(super) scope: String,
}

impl Connection {
    pub(super) fn new(access: Access) -> Result<Self, Error> {
        let (base, realm) = (access.base()?, access.realm()?);
        let mut builder = ClientBuilder::new()
            // Followed by hand and without credentials, for downloads of components alone.
            .redirect(Policy::none())
            // The environment must not decide where credentials go.
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .http1_only()
            .connect_timeout(CONNECT)
            .read_timeout(READ)
            .user_agent(concat!("cloakroom/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = &access.authorities {
            let read = Certificate::from_pem_bundle(pem).ok().filter(|all| !all.is_empty());
            let text = "the certificate authorities of the registry are no certificates in PEM";
            builder = builder.tls_certs_merge(read.ok_or_else(|| config(text))?);
        }
        let http = builder.build().map_err(|error| {
            config("the HTTP client for the registry cannot be made").with_source(error)
        })?;
        Ok(Self { http, access, base, realm, authorization: Mutex::new(None) })
    }

    pub(super) fn registry(&self) -> &str {
        &self.access.registry
    }

    /// Sends a request to the registry. If it asks who we are, it is answered once.
    ///
    /// # Errors
    /// `Denied` if it asks for something that the access does not have. `Unavailable` if it does not
    /// answer.
    pub(super) async fn send(&self, request: &Request) -> Result<Response, Error> {
        // By construction, and checked again where an address of the registry's was taken.
        if request.url.origin() != self.base.origin() {
            return Err(Error::new(ErrorKind::Internal, "a request would leave the registry"));
        }
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let response = self.send_with(request, known).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let Some(header) = self.answer(&response, &request.scope).await? else {
            return Ok(response);
        };
        drop(response);
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(header.clone());
        self.send_with(request, Some(header)).await
    }

    /// Sends a request without credentials, to any host.
    pub(super) async fn send_anonymous(&self, url: Url, time: Duration) -> Result<Response, Error> {
        self.http
            .get(url)
            .timeout(time)
            .send()
            .await
            .map_err(|error| unanswered(&error.without_url()))
    }

    /// Asks a checked realm for a token of this scope.
    async fn ask_realm(
        &self,
        realm: Url,
        service: Option<&str>,
        scope: &str,
    ) -> Result<HeaderValue, Error> {
        let mut request = self.http.get(token_url(realm, service, scope)).timeout(SHORT);
        if let Some(header) = basic(&self.access) {
            request = request.header(AUTHORIZATION, header);
        }
        let response = request.send().await.map_err(|error| unanswered(&error.without_url()))?;
        bearer(response).await
    }

    async fn send_with(
        &self,
        request: &Request,
        authorization: Option<HeaderValue>,
    ) -> Result<Response, Error> {
        let mut headers = request.headers.clone();
        if let Some(header) = authorization {
            headers.insert(AUTHORIZATION, header);
        }
        let sent = self.http.request(request.method.clone(), request.url.clone()).headers(headers);
        let sent = sent.timeout(request.time).body(request.body.clone()).send();
        sent.await.map_err(|error| unanswered(&error.without_url()))
    }

    /// Returns the header that answers a challenge, or nothing if there are no credentials to answer with.
    async fn answer(&self, response: &Response, scope: &str) -> Result<Option<HeaderValue>, Error> {
        let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenges = headers.filter_map(|header| Challenge::parse(header.to_str().ok()?));
        let mut challenges: Vec<_> = challenges.collect();
        // A token is worth less than a password if it is stolen.
        challenges.sort_by_key(|challenge| *challenge == Challenge::Basic);
        match challenges.into_iter().next() {
            Some(Challenge::Bearer { realm, service }) => {
                let realm = self.check_realm(&realm)?;
                self.ask_realm(realm, service.as_deref(), scope).await.map(Some)
            }
            Some(Challenge::Basic) => Ok(basic(&self.access)),
            None => Ok(None),
        }
    }

    /// Returns the URL of a realm that the registry names, if it is the configured one or on the
    /// registry's own host.
    fn check_realm(&self, realm: &str) -> Result<Url, Error> {
        let url = Url::parse(realm).ok().filter(|url| self.access.is_safe(url));
        let allowed = url.filter(|url| match &self.realm {
            Some(known) => known == url,
            None => url.origin() == self.base.origin(),
        });
        allowed.ok_or_else(|| {
            let realm = cloakroom_core::clean(realm, 200);
            let text = format!(
                "the registry sends us to `{realm}` for a token, which is neither on its own host nor \
                 allowed: allow it if it belongs to the registry"
            );
            let error = Error::new(ErrorKind::Denied, text);
            error.with_remedies(&[Remedy::RegistryRealm]).name_remedies(method)
        })
    }
}

fn config(text: &str) -> Error {
    Error::new(ErrorKind::Config, text)
}
