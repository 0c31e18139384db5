//! Service in memory that keeps objects under their paths.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use cloakroom_core::{Error, Service, ServiceRequest, ServiceResponse};
use futures::future::{BoxFuture, ready};

/// Service in memory that keeps objects, for drivers that are tried without a service of their own.
///
/// `PUT` keeps a body under its path, `GET` and `HEAD` give it back, `DELETE` removes it, and `MKCOL`
/// makes a folder, as in WebDAV. `If-None-Match: *` refuses to replace an object. Folders need not exist
/// before what is in them. Every other method is refused with status 405.
pub struct ObjectService {
    url: String,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    objects: BTreeMap<String, Bytes>,
    folders: BTreeSet<String>,
}

impl ObjectService {
    /// Returns an empty service at this URL. Nothing is ever sent there.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: format!("{}/", url.trim_end_matches('/')), kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, mut request: ServiceRequest) -> ServiceResponse {
        let mut kept = self.kept();
        let path = request.path().to_owned();
        let (status, body) = match request.method() {
            "PUT" if kept.objects.contains_key(&path) && only_creates(&request) => (412, None),
            "PUT" => {
                let body = request.take_body().unwrap_or_default().concat();
                let before = kept.objects.insert(path, body.into());
                (if before.is_some() { 204 } else { 201 }, None)
            }
            "GET" => match kept.objects.get(&path) {
                Some(body) => (200, Some(body.clone())),
                None => (404, None),
            },
            "HEAD" => return head(kept.objects.get(&path)),
            "DELETE" => {
                let is_known = kept.objects.remove(&path).is_some() || kept.folders.remove(&path);
                (if is_known { 204 } else { 404 }, None)
            }
            "MKCOL" => (if kept.folders.insert(path) { 201 } else { 405 }, None),
            _ => (405, None),
        };
        ServiceResponse::new(status, body.unwrap_or_default())
    }
}

/// Returns whether a request must not replace an object.
fn only_creates(request: &ServiceRequest) -> bool {
    let headers = request.headers().iter();
    headers
        .into_iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("if-none-match") && value == "*")
}

/// Returns the answer to HEAD, whose `content-length` is that of the body that GET would have.
fn head(object: Option<&Bytes>) -> ServiceResponse {
    let mut response = ServiceResponse::new(if object.is_some() { 200 } else { 404 }, Bytes::new());
    let length = object.map_or(0, Bytes::len);
    response.headers.push(("content-length".to_owned(), length.to_string()));
    response
}

impl Service for ObjectService {
    fn url(&self) -> &str {
        &self.url
    }

    fn request(&self, request: ServiceRequest) -> BoxFuture<'_, Result<ServiceResponse, Error>> {
        Box::pin(ready(Ok(self.answer(request))))
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt as _, executor::block_on};

    use super::*;

    fn ask(service: &ObjectService, method: &str, body: &'static str) -> (u16, String, String) {
        let request = ServiceRequest::new(method, "o/1").unwrap();
        let once = vec![("If-None-Match".to_owned(), "*".to_owned())];
        let request = if body == "once" { request.with_headers(once).unwrap() } else { request };
        let request = request.with_body(vec![Bytes::from_static(body.as_bytes())]);
        let answer = block_on(service.request(request)).unwrap();
        let length = answer.headers.first().map(|(_, value)| value.clone()).unwrap_or_default();
        let pieces: Vec<_> = block_on(answer.body.map(|piece| piece.unwrap()).collect());
        (answer.status, String::from_utf8(pieces.concat()).unwrap(), length)
    }

    #[test]
    fn objects_are_kept_under_their_paths() {
        let service = ObjectService::new("http://store.test/v1");
        assert_eq!(service.url(), "http://store.test/v1/");
        for (method, body, status, answer, length) in [
            ("GET", "", 404, "", ""),
            ("MKCOL", "", 201, "", ""),
            ("MKCOL", "", 405, "", ""),
            ("PUT", "one", 201, "", ""),
            ("PUT", "once", 412, "", ""),
            ("PUT", "other", 204, "", ""),
            ("GET", "", 200, "other", ""),
            ("HEAD", "", 200, "", "5"),
            ("POST", "x", 405, "", ""),
            ("DELETE", "", 204, "", ""),
            ("HEAD", "", 404, "", "0"),
            ("PUT", "once", 201, "", ""),
        ] {
            let expected = (status, answer.to_owned(), length.to_owned());
            assert_eq!(ask(&service, method, body), expected, "{method} {body}");
        }
    }
}
