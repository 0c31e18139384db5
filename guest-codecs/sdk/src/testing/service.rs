//! Services that answer a plugin's requests in a test.

use std::{cell::RefCell, collections::BTreeMap, fmt, rc::Rc};

use super::Host;

/// A request of the plugin, as its service gets it. The host's credentials are not part of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, in capital letters.
    pub method: String,
    /// The path and the query, relative to the service's URL.
    pub path: String,
    /// The headers that the plugin set.
    pub headers: Vec<(String, String)>,
    /// The body; empty if there is none.
    pub body: Vec<u8>,
}

/// A response to the plugin.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Creates a response without headers.
    #[must_use]
    pub fn new(status: u16, body: &[u8]) -> Self {
        Self { status, headers: Vec::new(), body: body.to_vec() }
    }
}

// A failed comparison in a test prints no body.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, headers, body } = self;
        f.debug_struct("Request")
            .field("method", method)
            .field("path", path)
            .field("headers", headers)
            .field("body", &body.len())
            .finish()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Host {
    /// Grants a service that answers each request with what `handler` returns for it.
    ///
    /// ```
    /// use cloakroom_guest::{http, testing};
    ///
    /// let _host = testing::Host::new().with_service("health", |request| {
    ///     testing::Response::new(if request.path == "live" { 200 } else { 404 }, b"")
    /// });
    /// assert_eq!(http::open("health")?.request("GET", "live", &[], None, 0)?.status, 200);
    /// # Ok::<(), cloakroom_guest::Error>(())
    /// ```
    pub fn with_service(
        self,
        name: &str,
        handler: impl Fn(&Request) -> Response + 'static,
    ) -> Self {
        self.state.borrow_mut().services.insert(name.to_owned(), Rc::new(handler));
        self
    }

    /// Grants a service that keeps what is PUT under a path in memory, and answers GET, HEAD and DELETE.
    pub fn with_object_service(self, name: &str) -> Self {
        let objects = RefCell::new(BTreeMap::<String, Vec<u8>>::new());
        self.with_service(name, move |request| {
            let mut objects = objects.borrow_mut();
            let known = objects.get(&request.path);
            let status = |known: bool| if known { 200 } else { 404 };
            match request.method.as_str() {
                "PUT" => {
                    objects.insert(request.path.clone(), request.body.clone());
                    Response::new(201, b"")
                }
                "GET" => {
                    Response::new(status(known.is_some()), known.map_or(&b""[..], Vec::as_slice))
                }
                "HEAD" => Response::new(status(known.is_some()), b""),
                "DELETE" => Response::new(status(objects.remove(&request.path).is_some()), b""),
                _ => Response::new(405, b""),
            }
        })
    }
}
