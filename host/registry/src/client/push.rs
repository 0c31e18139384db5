//! Pushing a plugin.

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind};
use reqwest::{
    Method, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION},
};

use super::{
    Client,
    connection::{LONG, Request, SHORT},
    failure::refused,
};
use crate::{digest::Digest, manifest::MANIFEST_TYPE, package::Package, reference::Reference};

/// A plugin that was pushed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pushed {
    /// Reference with the digest of the manifest.
    pub reference: Reference,
    /// Digest of the component.
    pub component: Digest,
}

impl Client {
    /// Pushes a plugin under the tag of a reference, or under its digest alone if there is none.
    ///
    /// # Errors
    /// `Denied` or `Unavailable` as the registry answers. `Config` if the reference is to another registry,
    /// or has a digest that the plugin does not have.
    pub async fn push(&self, reference: &Reference, package: &Package) -> Result<Pushed, Error> {
        let pushed = self.push_parts(reference, package).await;
        pushed.map_err(|error| error.in_plugin(reference.name()))
    }

    async fn push_parts(&self, reference: &Reference, package: &Package) -> Result<Pushed, Error> {
        self.check(reference)?;
        let manifest = package.manifest();
        let digest = Digest::sha256(&manifest);
        if let Some(pinned) = reference.digest().filter(|pinned| *pinned != digest) {
            let text = format!(
                "the reference pins {pinned}, and this file is pushed as {digest}: push it under a tag"
            );
            return Err(Error::new(ErrorKind::Config, text));
        }
        self.blob(reference, package.component()).await?;
        self.blob(reference, package.config()).await?;
        let name = reference.tag().map_or_else(|| digest.to_string(), str::to_owned);
        let mut request =
            self.request(reference, Method::PUT, self.url(reference, &["manifests", &name])?);
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(MANIFEST_TYPE));
        request.body = manifest;
        let response = self.connection.send(&request).await?;
        if !response.status().is_success() {
            return Err(refused(response, "a manifest to write").await);
        }
        let reference = reference.clone().with_digest(digest);
        Ok(Pushed { reference, component: Digest::sha256(package.component()) })
    }

    /// Uploads a blob, unless the registry has it.
    async fn blob(&self, reference: &Reference, bytes: &Bytes) -> Result<(), Error> {
        let digest = Digest::sha256(bytes).to_string();
        let url = self.url(reference, &["blobs", &digest])?;
        let found = self.connection.send(&self.request(reference, Method::HEAD, url)).await?;
        if found.status() == StatusCode::OK {
            return Ok(());
        }
        let begin = self.url(reference, &["blobs", "uploads", ""])?;
        let request = self.request(reference, Method::POST, begin.clone());
        let begun = self.connection.send(&request).await?;
        if begun.status() != StatusCode::ACCEPTED {
            return Err(refused(begun, "an upload").await);
        }
        let mut url = self.upload_url(begun.headers(), &begin)?;
        url.query_pairs_mut().append_pair("digest", &digest);
        let mut request = self.request(reference, Method::PUT, url);
        let octets = HeaderValue::from_static("application/octet-stream");
        request.headers.insert(CONTENT_TYPE, octets);
        (request.body, request.time) = (bytes.clone(), LONG);
        let response = self.connection.send(&request).await?;
        if response.status().is_success() {
            Ok(())
        } else {
            Err(refused(response, "an upload").await)
        }
    }

    /// Returns the address that a registry gives for an upload. It gets our credentials, so it must be
    /// the registry's own.
    fn upload_url(&self, headers: &HeaderMap, from: &Url) -> Result<Url, Error> {
        let target = headers.get(LOCATION).and_then(|target| target.to_str().ok());
        let target = target.and_then(|target| from.join(target).ok());
        let own = target.filter(|target| target.origin() == from.origin());
        own.ok_or_else(|| {
            let text =
                "the registry sends the upload to another host, which would get our credentials";
            Error::new(ErrorKind::Denied, text)
        })
    }

    fn request(&self, reference: &Reference, method: Method, url: Url) -> Request {
        let (headers, body, time) = (HeaderMap::new(), Bytes::new(), SHORT);
        let scope = format!("repository:{}:pull,push", reference.repository());
        Request { method, url, headers, body, time, scope }
    }
}
