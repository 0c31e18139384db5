//! Services that answer a plugin's requests in a test.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use super::Host;
use crate::native::service::{Request, Response};

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
