//! What belongs to one instance while it lives.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Context, Payload};
use wasmtime::component::Resource;

use crate::{
    compute::{Clock, long_work},
    grants::{bucket_access::GrantedBuckets, upload::Progress},
    instance::{
        buffer_writer::Draft,
        config::InstanceConfig,
        fault::Fault,
        guest_error::Refusal,
        handles::{Handle, Handles, HeldPayload},
        held_memory::Hold,
        meter::Meter,
        rope::Rope,
    },
};

/// Marks a `writer` of the contract; its bytes are in the handles.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum WriterMark {}
/// Marks a `payload` of the contract.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum PayloadMark {}
/// Marks a `bucket` of the contract; what it may do is in the handles.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum BucketMark {}
/// Marks a `context` of the contract. There is one, the call's.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum ContextMark {}

/// The one call that an instance is in.
pub(crate) struct Call {
    pub(crate) ctx: Context,
    pub(crate) clock: Arc<Clock>,
    /// Bytes of what the call was given, which its caller holds and has charged.
    pub(crate) input: usize,
    /// Whether a payload is at hand, which the guest could write into its log. Without one, no
    /// bucket is read, since what lies there are payloads.
    pub(crate) confidential: bool,
    /// An object that is read from a bucket has at most so many bytes.
    pub(crate) most: u64,
    /// The host's last refusal, which a guest's own error has no room for.
    pub(crate) refusal: Option<Refusal>,
    /// How far storing its object has come.
    pub(crate) progress: Progress,
}

impl Call {
    pub(crate) fn new(ctx: Context, clock: Arc<Clock>) -> Self {
        let progress = Progress::default();
        Self { ctx, clock, input: 0, confidential: true, most: 0, refusal: None, progress }
    }

    /// A call in which a plugin says what it is.
    pub(crate) fn describing(clock: Arc<Clock>) -> Self {
        Self { confidential: false, ..Self::new(Context::none(), clock) }
    }
}

pub(crate) struct State {
    pub(crate) scope: Arc<InstanceConfig>,
    pub(crate) call: Call,
    pub(crate) meter: Meter,
    handles: Handles,
    #[cfg(feature = "wasi")]
    pub(crate) wasi: Option<Box<crate::instance::wasi::Wasi>>,
}

impl State {
    pub(crate) fn new(scope: Arc<InstanceConfig>, call: Call) -> Self {
        Self {
            handles: Handles::new(scope.limits.handles.get()),
            meter: Meter::new(&scope.limits, &scope.memory, &call),
            #[cfg(feature = "wasi")]
            wasi: None,
            scope,
            call,
        }
    }

    pub(crate) fn begin(&mut self, call: Call) {
        self.meter.begin_call(&call);
        self.call = call;
    }

    /// Ends the call: all handles of it are void.
    pub(crate) fn end(&mut self) {
        self.handles.clear();
        self.meter.end_call();
        self.call.ctx = Context::none();
        self.call.refusal = None;
    }

    /// Whether the instance should not be used again.
    pub(crate) fn worn(&self) -> bool {
        self.handles.worn()
    }

    pub(crate) fn put_buffer(&mut self, rope: Rope) -> wasmtime::Result<Resource<Rope>> {
        Ok(Resource::new_own(self.handles.insert(Handle::Buffer(rope))?))
    }

    pub(crate) fn put_writer(&mut self) -> wasmtime::Result<Resource<WriterMark>> {
        let draft = Draft::new(self.meter.held())?;
        Ok(Resource::new_own(self.handles.insert(Handle::Writer(draft))?))
    }

    pub(crate) fn put_payload(
        &mut self,
        payload: HeldPayload,
    ) -> wasmtime::Result<Resource<PayloadMark>> {
        Ok(Resource::new_own(self.handles.insert(Handle::Payload(payload.into()))?))
    }

    pub(crate) fn put_bucket(
        &mut self,
        bucket: GrantedBuckets,
    ) -> wasmtime::Result<Resource<BucketMark>> {
        Ok(Resource::new_own(self.handles.insert(Handle::Bucket(bucket))?))
    }

    pub(crate) fn bucket(
        &mut self,
        handle: &Resource<BucketMark>,
    ) -> wasmtime::Result<GrantedBuckets> {
        match self.handles.get(handle.rep())? {
            Handle::Bucket(bucket) => Ok(bucket.clone()),
            _ => KIND.trap(),
        }
    }

    pub(crate) fn buffer(&mut self, handle: &Resource<Rope>) -> wasmtime::Result<&Rope> {
        match self.handles.get(handle.rep())? {
            Handle::Buffer(rope) => Ok(rope),
            _ => KIND.trap(),
        }
    }

    pub(crate) fn writer(&mut self, handle: &Resource<WriterMark>) -> wasmtime::Result<&mut Draft> {
        match self.handles.get(handle.rep())? {
            Handle::Writer(draft) => Ok(draft),
            _ => KIND.trap(),
        }
    }

    pub(crate) fn payload(
        &mut self,
        handle: &Resource<PayloadMark>,
    ) -> wasmtime::Result<&HeldPayload> {
        match self.handles.get(handle.rep())? {
            Handle::Payload(payload) => Ok(payload),
            _ => KIND.trap(),
        }
    }

    /// Returns the bytes of a buffer in one piece, and what counts them. The buffer keeps that
    /// piece from then on, and lets go of its parts.
    pub(crate) async fn join(
        &mut self,
        handle: &Resource<Rope>,
    ) -> wasmtime::Result<(Bytes, Hold)> {
        let (length, split) = (self.buffer(handle)?.len(), self.buffer(handle)?.is_split());
        if split {
            long_work::begin(length, &self.call.clock).await;
            let hold = self.meter.hold(length)?.into();
            if let Handle::Buffer(rope) = self.handles.get(handle.rep())? {
                rope.join(hold);
            }
        }
        Ok(self.buffer(handle)?.clone().into_piece())
    }

    /// The same of a buffer that the guest gives away.
    pub(crate) async fn take_joined(&mut self, handle: Resource<Rope>) -> wasmtime::Result<Bytes> {
        let (bytes, _) = self.join(&handle).await?;
        self.discard(handle.rep())?;
        Ok(bytes)
    }

    pub(crate) fn take_writer(&mut self, handle: Resource<WriterMark>) -> wasmtime::Result<Draft> {
        match self.handles.take(handle.rep())? {
            Handle::Writer(draft) => Ok(draft),
            _ => KIND.trap(),
        }
    }

    pub(crate) fn take_payload(&mut self, handle: Resource<PayloadMark>) -> Result<Payload, Fault> {
        match self.handles.take(handle.rep())? {
            Handle::Payload(held) => Ok(held.payload),
            _ => Err(KIND),
        }
    }

    pub(crate) fn discard(&mut self, number: u32) -> wasmtime::Result<()> {
        self.handles.discard(number);
        Ok(())
    }
}

#[cfg(feature = "wasi")]
impl wasmtime_wasi::WasiView for State {
    /// Made when first asked for: most plugins import nothing of WASI.
    fn ctx(&mut self) -> wasmtime_wasi::WasiCtxView<'_> {
        let (scope, confidential) = (&self.scope, self.call.confidential);
        let wasi = self.wasi.get_or_insert_with(|| {
            let mut wasi = Box::new(crate::instance::wasi::Wasi::new(scope));
            wasi.begin_call(confidential);
            wasi
        });
        wasi.view()
    }
}

/// `wasmtime` checks kinds before we do.
const KIND: Fault = Fault::Protocol("used a handle of another kind");
