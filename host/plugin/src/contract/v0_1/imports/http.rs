//! `http`, the imported interface: services, within their grants.

use bytes::Bytes;
use cloakroom_core::{Error as HostError, ErrorKind, Limit, ServiceRequest};
use wasmtime::component::Resource;

use super::not_granted::not_granted;
use crate::{
    contract::v0_1::bindings::cloakroom::plugin::{
        http::{Host, HostService, Response},
        types::Error,
    },
    grants::granted_service::GrantedService,
    instance::{
        fault::Fault,
        host_call::{ENDED, HostCall},
        resources::ServiceResource,
        rope::Rope,
        service_exchange::{ExchangeError, ServiceAnswer, exchange},
        state::InstanceState,
    },
};

/// Size of a body that is read however small the object is: that of an error's explanation.
const SMALL_BODY: u64 = 64 << 10;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for InstanceState {
    fn open(&mut self, name: String) -> Answer<Resource<ServiceResource>> {
        let mut call = self.host_call("http.open", name.len());
        if let Some(service) = self.config.grants.services.get(&name).cloned() {
            let mut call = call.to(|| format!("`{name}`"));
            call.ends("ok");
            return self.put_service(service).map(Ok);
        }
        call.ends("denied");
        let granted = self.config.grants.services.keys();
        let error = not_granted("service", &name, granted, &self.config.settings);
        Ok(Err(self.call.refuse(error)))
    }
}

impl HostService for InstanceState {
    async fn request(
        &mut self,
        service: Resource<ServiceResource>,
        method: String,
        path: String,
        headers: Vec<(String, String)>,
        body: Option<Resource<Rope>>,
        limit: u64,
    ) -> Answer<Response> {
        let service = self.service(&service)?;
        let body = body.map(|body| self.buffer(&body).map(|body| body.parts().to_vec()));
        let body = body.transpose()?;
        let sent = body.iter().flatten().map(Bytes::len).sum();
        let secrets = &self.config.grants.secrets;
        let mut call = self
            .host_call("service.request", sent)
            .to(|| service.describe_request(&method, &path, secrets));
        call.ends(ENDED);
        // Responses may be payloads, and a guest without a payload writes to the log freely.
        if self.call.describing {
            call.ends("denied");
            return Ok(Err(Error::Denied("services cannot be used while loading".to_owned())));
        }
        let request = ServiceRequest::new(&method, &path);
        let request = request.and_then(|request| request.with_headers(headers));
        let request = request.map(|request| match body {
            Some(pieces) => request.with_body(pieces),
            None => request,
        });
        match request {
            Ok(request) => self.send(service, request, limit, &mut call).await,
            Err(error) => {
                call.ends(error.kind().as_str());
                Ok(Err(self.call.refuse(service.name_error(&error))))
            }
        }
    }

    fn drop(&mut self, service: Resource<ServiceResource>) -> wasmtime::Result<()> {
        self.discard(service.rep())
    }
}

impl InstanceState {
    async fn send(
        &mut self,
        service: GrantedService,
        request: ServiceRequest,
        limit: u64,
        call: &mut HostCall,
    ) -> Answer<Response> {
        // A reference says how large its object is, and a service that sends more is not read further.
        let limit = match self.call.object_limit {
            0 => limit,
            object => limit.min(object.max(SMALL_BODY)),
        };
        let left = self.meter.output_left();
        let room = usize::try_from(limit).unwrap_or(usize::MAX).min(left);
        let held = self.meter.held().clone();
        match exchange(service.clone(), request, room, held).await {
            Ok(answer) => {
                call.returns(answer.body.len());
                call.ends(answer.status);
                if let Some(failure) = service.failure(answer.status) {
                    self.note_failure(failure);
                }
                self.put_answer(answer).map(Ok)
            }
            Err(ExchangeError::Fault(fault)) => fault.trap(),
            // The service sent more than the call may still make, though not more than was asked for.
            Err(ExchangeError::Error(error)) if (room as u64) < limit && is_too_large(&error) => {
                Fault::Limit(Limit::Output).trap()
            }
            Err(ExchangeError::Error(error)) => {
                call.ends(error.kind().as_str());
                Ok(Err(self.call.refuse(error)))
            }
        }
    }

    /// Records a response that is no success. The guest has all of it and makes an error of its own; if
    /// that is of the same kind, the operator reads status and service as its cause.
    fn note_failure(&mut self, failure: HostError) {
        let _ = self.call.refuse(failure);
    }

    fn put_answer(&mut self, answer: ServiceAnswer) -> wasmtime::Result<Response> {
        self.meter.count_output(answer.body.len())?;
        let in_transit = answer.header_bytes();
        let ServiceAnswer { status, headers, body, reservation } = answer;
        let body = self.put_buffer(Rope::piece(body, reservation.into()))?;
        self.meter.reserve_in_transit(in_transit)?;
        Ok(Response { status, headers, body })
    }
}

fn is_too_large(error: &HostError) -> bool {
    matches!(error.kind(), ErrorKind::LimitExceeded(_))
}
