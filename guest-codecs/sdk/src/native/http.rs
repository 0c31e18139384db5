//! Services that the host sends requests to, with credentials that the plugin never sees.
//!
//! In tests, [`testing::Host::with_service`](crate::testing::Host::with_service) answers the requests.
//!
//! ```
//! use cloakroom_guest::{Buffer, http, testing};
//!
//! let _host = testing::Host::new().with_object_service("store");
//! let store = http::open("store")?;
//! let put = store.request("PUT", "objects/1", &[], Some(&Buffer::new(b"object")), 1024)?;
//! assert_eq!(put.status, 201);
//! let get = store.request("GET", "objects/1", &[], None, 1024)?;
//! assert_eq!((get.status, get.body.to_vec()), (200, b"object".to_vec()));
//! assert_eq!(store.request("GET", "objects/2", &[], None, 1024)?.status, 404);
//! # Ok::<(), cloakroom_guest::Error>(())
//! ```

use std::{fmt, rc::Rc};

use super::{
    host::{self, count_call, not_granted},
    http_rules::check,
    service::{self, Handler},
};
use crate::{Buffer, Error};

/// Names and values. A name may occur more than once; those of a response are in lower case.
pub type Headers = Vec<(String, String)>;

/// A response, whatever its status. A redirect is one too: none is followed.
#[derive(Debug)]
pub struct Response {
    /// The status code, from 200 on.
    pub status: u16,
    /// The headers, without those that belong to the connection.
    pub headers: Headers,
    /// The body as the service sent it. Nothing is decompressed.
    pub body: Buffer,
}

/// One service, within its grant.
pub struct Service {
    handler: Rc<Handler>,
}

/// Opens a service by the name that it was granted under.
///
/// # Errors
/// `Denied` if it is not granted.
pub fn open(name: &str) -> Result<Service, Error> {
    count_call();
    let handler = host::ask(|state| state.services.get(name).cloned()).flatten();
    handler.map(|handler| Service { handler }).ok_or_else(|| not_granted("service", name))
}

impl Service {
    /// Sends one request, once, and returns the response with a body of at most `limit` bytes. `path` is
    /// relative to the service's URL, such as `objects/1?part=2`.
    ///
    /// # Errors
    /// `Denied` for a path with empty or dotted segments or characters that must be escaped, for TRACE and
    /// CONNECT, and for headers of the connection such as `host`. `TooLarge` for a larger body. In a host
    /// also `Unavailable` if the service does not answer, and `Denied` if its response repeats a secret.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: Option<&Buffer>,
        limit: u64,
    ) -> Result<Response, Error> {
        count_call();
        check(method, path, headers)?;
        let body = body.map(|body| body.as_slice().to_vec()).unwrap_or_default();
        let (method, path, headers) = (method.to_owned(), path.to_owned(), headers.to_vec());
        let answer = (self.handler)(&service::Request { method, path, headers, body });
        let service::Response { status, headers, body } = answer;
        if body.len() as u64 > limit {
            return Err(Error::too_large(format!("the response is larger than {limit} bytes")));
        }
        let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
        let headers = headers.into_iter().map(lower).collect();
        Ok(Response { status, headers, body: Buffer::from_bytes(&body) })
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}
