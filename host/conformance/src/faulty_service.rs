//! Service that fails, lies or waits when it is told to, in front of another.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Error, Service, ServiceRequest, ServiceResponse};
use futures::{StreamExt as _, future::BoxFuture, stream};

use crate::faulty_bucket::{Fault, Faults};

/// Methods that change what a service keeps.
const WRITES: [&str; 5] = ["DELETE", "MKCOL", "PATCH", "POST", "PUT"];

/// Service in front of another, which fails, lies or waits as its [`Faults`] say. A fault shows as a
/// status, as it would in a real service.
#[derive(Clone)]
pub struct FaultyService {
    inner: Arc<dyn Service>,
    faults: Faults,
}

impl Faults {
    /// Returns a service in front of this one, whose faults are under this control.
    #[must_use]
    pub fn wrap_service(&self, service: Arc<dyn Service>) -> FaultyService {
        FaultyService { inner: service, faults: self.clone() }
    }
}

impl FaultyService {
    /// Returns the answer that the fault gives in place of the service's own.
    fn instead(&self, is_write: bool) -> Option<ServiceResponse> {
        let status = if self.faults.is(Fault::Denied) {
            403
        } else if self.faults.is(Fault::Unavailable) {
            503
        } else if self.faults.is(Fault::Gone) && !is_write {
            404
        } else if self.faults.is(Fault::FalseAnswers) && is_write {
            200
        } else {
            return None;
        };
        Some(ServiceResponse::new(status, Bytes::new()))
    }

    /// Returns the answer as the fault has it arrive.
    fn altered(&self, answer: ServiceResponse) -> ServiceResponse {
        if self.faults.is(Fault::OtherBytes) {
            let other = |piece: Bytes| piece.iter().map(|byte| byte ^ 0x5a).collect::<Bytes>();
            let body = answer.body.map(move |piece| piece.map(other));
            return ServiceResponse { body: Box::pin(body), ..answer };
        }
        match answer.length {
            Some(length) if self.faults.is(Fault::CutShort) => cut(answer, length / 2),
            _ => answer,
        }
    }
}

/// Returns an answer that ends after so many bytes of its body, and announces that.
fn cut(answer: ServiceResponse, length: u64) -> ServiceResponse {
    let left = usize::try_from(length).unwrap_or(usize::MAX);
    let body = stream::unfold((answer.body, left), |(mut body, left)| async move {
        if left == 0 {
            return None;
        }
        let piece = body.next().await?;
        let piece = piece.map(|piece| piece.slice(..piece.len().min(left)));
        let taken = piece.as_ref().map_or(left, Bytes::len);
        Some((piece, (body, left - taken)))
    });
    ServiceResponse { length: Some(length), body: Box::pin(body), ..answer }
}

#[deny(clippy::missing_trait_methods)]
impl Service for FaultyService {
    fn url(&self) -> &str {
        self.inner.url()
    }

    fn request(&self, request: ServiceRequest) -> BoxFuture<'_, Result<ServiceResponse, Error>> {
        Box::pin(async move {
            self.faults.gate().pass().await;
            if let Some(answer) = self.instead(WRITES.contains(&request.method())) {
                return Ok(answer);
            }
            Ok(self.altered(self.inner.request(request).await?))
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::ObjectService;

    fn ask(service: &FaultyService, method: &str) -> (u16, Vec<u8>) {
        let request = ServiceRequest::new(method, "o/1").unwrap();
        let request = request.with_body(vec![Bytes::from_static(b"object")]);
        let answer = block_on(service.request(request)).unwrap();
        let length = answer.length;
        let pieces: Vec<_> = block_on(answer.body.map(|piece| piece.unwrap()).collect());
        assert_eq!(length, Some(pieces.concat().len() as u64));
        (answer.status, pieces.concat())
    }

    #[test]
    fn a_fault_shows_as_a_service_would_show_it() {
        let faults = Faults::default();
        let service = faults.wrap_service(Arc::new(ObjectService::new("http://a.test")));
        assert_eq!(ask(&service, "PUT").0, 201);
        for (fault, put, get, body) in [
            (Fault::None, 204, 200, &b"object"[..]),
            (Fault::Denied, 403, 403, b""),
            (Fault::Unavailable, 503, 503, b""),
            (Fault::Gone, 204, 404, b""),
            (Fault::CutShort, 204, 200, b"obj"),
            (Fault::OtherBytes, 204, 200, b"\x35\x38\x30\x3f\x39\x2e"),
            (Fault::FalseAnswers, 200, 200, b"object"),
        ] {
            faults.set(fault);
            assert_eq!(ask(&service, "PUT").0, put, "{fault:?}");
            assert_eq!(ask(&service, "GET"), (get, body.to_vec()), "{fault:?}");
        }
    }
}
