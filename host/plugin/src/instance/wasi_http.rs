//! `wasi:http/outgoing-handler` of one instance: requests to granted services, under the same rules as those
//! of the contract's `http`.

mod request;
mod response;

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_core::{Error as HostError, ErrorKind};
use http::HeaderName;
use tokio::sync::Semaphore;
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView,
    WasiHttpHooks,
};

use self::request::{ReadRequest, TargetedRequest};
use super::{
    config::InstanceConfig,
    fault::Fault,
    held_memory::HeldMemory,
    host_call::{ENDED, HostCall},
    service_exchange::{ExchangeError, exchange},
};

/// Most requests of one instance at once. More wait, as they would for sockets.
const REQUESTS: usize = 16;

/// Most bytes of the headers of a request or a response, and of one write to a body that nobody reads yet.
///
/// The table of WASI holds them uncounted, so that an instance has `Limits::handles` times as much at most.
/// By default one list of headers may have 128 KiB, and a body two writes of 1 MiB.
const UNCOUNTED: usize = 16 << 10;

/// HTTP of WASI of one instance.
pub(crate) struct WasiHttp {
    ctx: WasiHttpCtx,
    hooks: Hooks,
}

/// Call that a request is made in.
pub(crate) struct HttpCall {
    /// True while the plugin describes itself. No request is sent then.
    pub(crate) describing: bool,
    pub(crate) held: HeldMemory,
    /// Most bytes of a response's body.
    pub(crate) limit: usize,
}

/// Last request that failed: the contract of WASI has no room for the reason.
type Failure = Arc<Mutex<Option<HostError>>>;

struct Hooks {
    config: Arc<InstanceConfig>,
    call: HttpCall,
    failure: Failure,
    requests: Arc<Semaphore>,
}

impl WasiHttp {
    pub(crate) fn new(config: &Arc<InstanceConfig>, call: HttpCall) -> Self {
        let (failure, requests) = (Failure::default(), Arc::new(Semaphore::new(REQUESTS)));
        let mut ctx = WasiHttpCtx::new();
        ctx.set_field_size_limit(UNCOUNTED);
        Self { ctx, hooks: Hooks { config: config.clone(), call, failure, requests } }
    }

    /// Returns the view for one import, in this call.
    pub(crate) fn view<'a>(
        &'a mut self,
        table: &'a mut ResourceTable,
        call: HttpCall,
    ) -> WasiHttpCtxView<'a> {
        self.hooks.call = call;
        WasiHttpCtxView { hooks: &mut self.hooks, table, ctx: &mut self.ctx }
    }

    /// Takes the reason for which the last request failed.
    pub(crate) fn take_failure(&self) -> Option<HostError> {
        self.hooks.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

type Sent<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        DEFAULT_FORBIDDEN_HEADERS.contains(name)
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        UNCOUNTED
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Sent<()>,
    ) -> Sent<(http::Response<WasiBody>, Sent<()>)> {
        let failure = self.failure.clone();
        let grants = &self.config.grants;
        let mut traced = HostCall::begin(grants.trace.as_ref(), "wasi:http.handle", 0);
        traced.ends(ENDED);
        if self.call.describing {
            let text = "services cannot be used while loading";
            let error = HostError::new(ErrorKind::Denied, text);
            let error = traced_error(&mut traced, &failure, error);
            return Box::new(async move { Err(error) });
        }
        let requests = self.requests.clone();
        let target = TargetedRequest::find(grants, request);
        let mut traced = match &target {
            Ok(TargetedRequest { service, parts, path, .. }) => {
                let method = parts.method.as_str();
                traced.to(|| service.describe_request(method, path, &grants.secrets))
            }
            Err(_) => traced,
        };
        let (held, limit, limits) =
            (self.call.held.clone(), self.call.limit, self.config.limits.clone());
        Box::new(async move {
            let TargetedRequest { service, parts, path, body } =
                target.map_err(|error| traced_error(&mut traced, &failure, error))?;
            let _permit = requests.acquire().await.map_err(|_| Error::InternalError(None))?;
            let sent = async {
                let ReadRequest { request, size, _reservation } =
                    request::read(&service, &parts, &path, body, &held).await?;
                traced.sends(size);
                exchange(service.clone(), request, limit, held).await
            };
            match sent.await {
                Ok(answer) => {
                    traced.returns(answer.body.len());
                    traced.ends(answer.status);
                    if let Some(error) = service.failure(answer.status) {
                        record(&failure, error);
                    }
                    let done: Sent<()> = Box::new(async { Ok(()) });
                    Ok((response::convert(answer, UNCOUNTED)?, done))
                }
                Err(ExchangeError::Error(error)) => Err(traced_error(&mut traced, &failure, error)),
                // The future of a request cannot end the call, so that the guest gets an error.
                Err(ExchangeError::Fault(Fault::Limit(limit))) => {
                    Err(record(&failure, limits.exceeded(limit)))
                }
                Err(ExchangeError::Fault(Fault::Refused(Some(error)))) => {
                    Err(record(&failure, error))
                }
                Err(ExchangeError::Fault(_)) => Err(Error::InternalError(None)),
            }
        })
    }
}

/// The same as [`record`], with the kind of the error in the trace.
fn traced_error(traced: &mut HostCall, failure: &Failure, error: HostError) -> Error {
    traced.ends(error.kind().as_str());
    record(failure, error)
}

/// Keeps an error for the operator, and returns the one for the guest.
fn record(failure: &Failure, error: HostError) -> Error {
    let for_guest = match error.kind() {
        ErrorKind::Unavailable => Error::DestinationUnavailable,
        ErrorKind::LimitExceeded(_) => Error::HttpResponseBodySize(None),
        ErrorKind::Denied => Error::HttpRequestDenied,
        _ => Error::InternalError(None),
    };
    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    for_guest
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}
