//! State of one instance, as the host functions see it.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::Context;
use wasmtime::component::Resource;

#[cfg(feature = "wasi")]
use super::wasi::Wasi;
#[cfg(feature = "http")]
use super::wasi_http::{HttpCall, WasiHttp};
use super::{
    buffer_writer::BufferWriter,
    call::Call,
    config::InstanceConfig,
    fault::Fault,
    guest_error::Refusal,
    handle_table::{Handle, HandleTable, HeldPayload},
    held_memory::SharedReservation,
    host_call::HostCall,
    meter::Meter,
    resources::{BucketResource, PayloadResource, ServiceResource, WriterResource},
    rope::Rope,
};
use crate::{
    compute::large_work,
    grants::{granted_buckets::GrantedBuckets, granted_service::GrantedService},
};

/// State of one instance.
pub(crate) struct InstanceState {
    pub(crate) config: Arc<InstanceConfig>,
    pub(crate) call: Call,
    pub(crate) meter: Meter,
    handles: HandleTable,
    /// Context between two calls. To make one takes an allocation.
    no_context: Context,
    #[cfg(feature = "wasi")]
    pub(crate) wasi: Option<Box<Wasi>>,
    #[cfg(feature = "http")]
    wasi_http: Option<Box<WasiHttp>>,
}

impl InstanceState {
    pub(crate) fn new(config: Arc<InstanceConfig>, call: Call) -> Self {
        Self {
            handles: HandleTable::new(config.limits.handles.get()),
            no_context: Context::none(),
            meter: Meter::new(&config.limits, &config.memory, &call),
            #[cfg(feature = "wasi")]
            wasi: None,
            #[cfg(feature = "http")]
            wasi_http: None,
            config,
            call,
        }
    }

    /// Begins a call on an instance that is used again.
    pub(crate) fn begin_call(&mut self, call: Call) {
        #[cfg(feature = "wasi")]
        if let Some(wasi) = &mut self.wasi {
            wasi.begin_call(call.confidential);
        }
        self.meter.begin_call(&call);
        self.call = call;
    }

    /// Takes the last refusal of the host in this call. One of WASI's HTTP counts if there is no other.
    pub(crate) fn take_refusal(&mut self) -> Option<Refusal> {
        let refusal = self.call.refusal.take().map(|refusal| *refusal);
        #[cfg(feature = "http")]
        let refusal = {
            let failed = self.wasi_http.as_ref().and_then(|http| http.take_failure());
            refusal.or_else(|| failed.map(Refusal::from))
        };
        refusal
    }

    /// Notes that the guest has seen a secret, so that nothing it writes is shown from now on.
    pub(crate) fn hide_words(&mut self) {
        self.call.confidential = true;
        #[cfg(feature = "wasi")]
        if let Some(wasi) = &mut self.wasi {
            wasi.hide_output();
        }
    }

    /// Ends the call: all its handles are invalid from now on.
    pub(crate) fn end_call(&mut self) {
        self.handles.clear();
        self.meter.end_call();
        self.call.ctx = self.no_context.clone();
        self.call.refusal = None;
    }

    /// Begins a call of a function of the host, to which the guest passes so many bytes.
    pub(crate) fn host_call(&self, name: &'static str, sent: usize) -> HostCall {
        HostCall::begin(self.config.grants.trace.as_ref(), name, sent)
    }

    /// Returns whether the instance has used so many handles that it must be retired.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.handles.is_exhausted()
    }

    pub(crate) fn put_buffer(&mut self, rope: Rope) -> wasmtime::Result<Resource<Rope>> {
        Ok(Resource::new_own(self.handles.insert(Handle::Buffer(rope))?))
    }

    pub(crate) fn put_writer(&mut self) -> wasmtime::Result<Resource<WriterResource>> {
        let writer = BufferWriter::new(self.meter.held())?;
        Ok(Resource::new_own(self.handles.insert(Handle::Writer(writer))?))
    }

    pub(crate) fn put_payload(
        &mut self,
        payload: Box<HeldPayload>,
    ) -> wasmtime::Result<Resource<PayloadResource>> {
        Ok(Resource::new_own(self.handles.insert(Handle::Payload(payload))?))
    }

    /// Adds the payload that the call is for.
    pub(crate) async fn put_input(
        &mut self,
        input: Box<HeldPayload>,
    ) -> wasmtime::Result<Resource<PayloadResource>> {
        // The imports that copy metadata do not wait, so a call with much of it leaves its caller's task here.
        let metadata = input.payload.metadata.iter().map(|(name, value)| name.len() + value.len());
        large_work::yield_before_processing(metadata.sum(), &self.call.clock).await;
        self.put_payload(input)
    }

    pub(crate) fn put_bucket(
        &mut self,
        bucket: GrantedBuckets,
    ) -> wasmtime::Result<Resource<BucketResource>> {
        Ok(Resource::new_own(self.handles.insert(Handle::Bucket(bucket))?))
    }

    pub(crate) fn bucket(
        &mut self,
        handle: &Resource<BucketResource>,
    ) -> wasmtime::Result<GrantedBuckets> {
        match self.handles.get(handle.rep())? {
            Handle::Bucket(bucket) => Ok(bucket.clone()),
            _ => WRONG_KIND.trap(),
        }
    }

    pub(crate) fn put_service(
        &mut self,
        service: GrantedService,
    ) -> wasmtime::Result<Resource<ServiceResource>> {
        Ok(Resource::new_own(self.handles.insert(Handle::Service(service))?))
    }

    pub(crate) fn service(
        &mut self,
        handle: &Resource<ServiceResource>,
    ) -> wasmtime::Result<GrantedService> {
        match self.handles.get(handle.rep())? {
            Handle::Service(service) => Ok(service.clone()),
            _ => WRONG_KIND.trap(),
        }
    }

    pub(crate) fn buffer(&mut self, handle: &Resource<Rope>) -> wasmtime::Result<&Rope> {
        match self.handles.get(handle.rep())? {
            Handle::Buffer(rope) => Ok(rope),
            _ => WRONG_KIND.trap(),
        }
    }

    pub(crate) fn writer(
        &mut self,
        handle: &Resource<WriterResource>,
    ) -> wasmtime::Result<&mut BufferWriter> {
        match self.handles.get(handle.rep())? {
            Handle::Writer(writer) => Ok(writer),
            _ => WRONG_KIND.trap(),
        }
    }

    pub(crate) fn payload(
        &mut self,
        handle: &Resource<PayloadResource>,
    ) -> wasmtime::Result<&HeldPayload> {
        match self.handles.get(handle.rep())? {
            Handle::Payload(payload) => Ok(payload),
            _ => WRONG_KIND.trap(),
        }
    }

    /// Returns the bytes of a buffer in one piece, and their reservation. The buffer keeps that piece from
    /// then on and drops its parts, so that a second call copies nothing.
    pub(crate) async fn join(
        &mut self,
        handle: &Resource<Rope>,
    ) -> wasmtime::Result<(Bytes, SharedReservation)> {
        let rope = self.buffer(handle)?;
        if let Some(whole) = rope.whole() {
            return Ok(whole);
        }
        let length = rope.len();
        large_work::yield_before_processing(length, &self.call.clock).await;
        let reservation = self.meter.reserve_piece(length)?;
        match self.handles.get(handle.rep())? {
            Handle::Buffer(rope) => Ok(rope.join(reservation)),
            _ => WRONG_KIND.trap(),
        }
    }

    /// Returns the bytes of a buffer that the guest gives away, in one piece.
    pub(crate) async fn take_joined(&mut self, handle: Resource<Rope>) -> wasmtime::Result<Bytes> {
        let (bytes, _) = self.join(&handle).await?;
        self.discard(handle.rep())?;
        Ok(bytes)
    }

    pub(crate) fn take_writer(
        &mut self,
        handle: Resource<WriterResource>,
    ) -> wasmtime::Result<BufferWriter> {
        match self.handles.take(handle.rep())? {
            Handle::Writer(writer) => Ok(writer),
            _ => WRONG_KIND.trap(),
        }
    }

    pub(crate) fn take_payload(
        &mut self,
        handle: Resource<PayloadResource>,
    ) -> Result<Box<HeldPayload>, Fault> {
        match self.handles.take(handle.rep())? {
            Handle::Payload(mut held) => {
                held.release();
                Ok(held)
            }
            _ => Err(WRONG_KIND),
        }
    }

    pub(crate) fn discard(&mut self, number: u32) -> wasmtime::Result<()> {
        self.handles.discard(number);
        Ok(())
    }
}

#[cfg(feature = "wasi")]
impl wasmtime_wasi::WasiView for InstanceState {
    /// Returns the instance's WASI. It is made at the first use: most plugins import nothing of WASI.
    fn ctx(&mut self) -> wasmtime_wasi::WasiCtxView<'_> {
        let (config, confidential) = (&self.config, self.call.confidential);
        let wasi = self.wasi.get_or_insert_with(|| {
            let mut wasi = Box::new(Wasi::new(config));
            wasi.begin_call(confidential);
            wasi
        });
        wasi.view()
    }
}

#[cfg(feature = "http")]
impl wasmtime_wasi_http::WasiHttpView for InstanceState {
    /// Returns the instance's HTTP of WASI, made at the first use. Its resources are in WASI's table.
    fn http(&mut self) -> wasmtime_wasi_http::WasiHttpCtxView<'_> {
        let (describing, confidential) = (self.call.describing, self.call.confidential);
        let (limit, held) = (self.meter.output_left(), self.meter.held().clone());
        let call = || HttpCall { describing, held: held.clone(), limit };
        let config = &self.config;
        let http = self.wasi_http.get_or_insert_with(|| Box::new(WasiHttp::new(config, call())));
        let wasi = self.wasi.get_or_insert_with(|| {
            let mut wasi = Box::new(Wasi::new(config));
            wasi.begin_call(confidential);
            wasi
        });
        http.view(wasi.view().table, call())
    }
}

// `wasmtime` checks the kinds of handles first, so that no guest gets here.
const WRONG_KIND: Fault = Fault::Protocol("used a handle of another kind");
