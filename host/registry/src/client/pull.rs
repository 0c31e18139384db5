//! Pulling a plugin.

use bytes::Bytes;
use cloakroom_core::{ByteSize, Error, ErrorKind};
use reqwest::{
    Method, Response, Url,
    header::{ACCEPT, HeaderMap, HeaderValue, LOCATION},
};

use super::{
    Client, body,
    connection::{LONG, Request, SHORT},
    failure::refused,
};
use crate::{
    artifact::Artifact,
    digest::Digest,
    manifest::{MANIFEST_TYPE, MAX_MANIFEST, Manifest},
    reference::Reference,
};

/// Most redirects of a download.
const REDIRECTS: usize = 3;

impl Client {
    /// Returns the digest of the manifest that a reference stands for now. Only the manifest is
    /// downloaded, and checked.
    ///
    /// # Errors
    /// As [`Client::pull`].
    pub async fn resolve(&self, reference: &Reference, largest: ByteSize) -> Result<Digest, Error> {
        let found = self.manifest(reference, largest).await;
        found.map(|(_, digest, _)| digest).map_err(|error| error.in_plugin(reference.name()))
    }

    /// Downloads a plugin of at most `largest` bytes, and checks digests and sizes before it returns
    /// anything.
    ///
    /// # Errors
    /// `NotFound`, `Denied` or `Unavailable` as the registry answers. `Corrupt` if something has another
    /// digest or size. `PluginRejected` if it is no plugin, or too large. `Config` if the reference is to
    /// another registry.
    pub async fn pull(&self, reference: &Reference, largest: ByteSize) -> Result<Artifact, Error> {
        let pulled = async {
            let (raw, digest, manifest) = self.manifest(reference, largest).await?;
            let component = self.component(reference, &manifest).await?;
            Artifact::new(digest, raw, manifest, component)
        };
        pulled.await.map_err(|error| error.in_plugin(reference.name()))
    }

    async fn manifest(
        &self,
        reference: &Reference,
        largest: ByteSize,
    ) -> Result<(Bytes, Digest, Manifest), Error> {
        self.check(reference)?;
        let name = match (reference.digest(), reference.tag()) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.unwrap_or("latest").to_owned(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MANIFEST_TYPE));
        let request = Request {
            method: Method::GET,
            url: self.url(reference, &["manifests", &name])?,
            headers,
            body: Bytes::new(),
            time: SHORT,
            scope: pull_scope(reference),
        };
        let part = format!("manifest `{name}` of `{}`", reference.repository());
        let response = self.connection.send(&request).await?;
        if !response.status().is_success() {
            return Err(refused(response, &part).await);
        }
        let raw = body::read(response, MAX_MANIFEST as u64, "a manifest").await?;
        let (digest, manifest) = Artifact::check_manifest(&raw, reference.digest(), largest)?;
        Ok((raw, digest, manifest))
    }

    async fn component(&self, reference: &Reference, manifest: &Manifest) -> Result<Bytes, Error> {
        let request = Request {
            method: Method::GET,
            url: self.url(reference, &["blobs", &manifest.layer().to_string()])?,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            time: LONG,
            scope: pull_scope(reference),
        };
        let part = format!("component of `{}`", reference.repository());
        let mut response = self.connection.send(&request).await?;
        let mut url = request.url;
        for _ in 0..REDIRECTS {
            let Some(next) = self.redirect(&response, &url)? else { break };
            // Registries keep blobs in object stores. Whoever answers there learns nothing from us, and
            // can answer with nothing but the bytes of this digest.
            response = self.connection.send_anonymous(next.clone(), LONG).await?;
            url = next;
        }
        if !response.status().is_success() {
            return Err(refused(response, &part).await);
        }
        body::read(response, manifest.size(), "a component").await
    }

    /// Returns the target of a redirect, if the answer is one.
    fn redirect(&self, response: &Response, from: &Url) -> Result<Option<Url>, Error> {
        if !response.status().is_redirection() {
            return Ok(None);
        }
        let target = response.headers().get(LOCATION).and_then(|target| target.to_str().ok());
        let target = target.and_then(|target| from.join(target).ok());
        match target.filter(|target| self.connection.access.is_safe(target)) {
            Some(target) => Ok(Some(target)),
            None => {
                let text = "the registry redirects the download to an address that is not https://";
                Err(Error::new(ErrorKind::Denied, text))
            }
        }
    }

    /// Returns the URL of a part of a repository.
    pub(super) fn url(&self, reference: &Reference, parts: &[&str]) -> Result<Url, Error> {
        let path = format!("{}/{}", reference.repository(), parts.join("/"));
        let url = self.connection.base.join(&path);
        // All parts were checked: none can be a URL of its own.
        url.map_err(|_| Error::new(ErrorKind::Internal, "a reference makes no URL"))
    }
}

fn pull_scope(reference: &Reference) -> String {
    format!("repository:{}:pull", reference.repository())
}
