//! A plugin that is linked, and the exports of its instances.

use bytes::Bytes;
use cloakroom_core::{Claim, Description, Direction, Error, Object};
use wasmtime::{
    Engine, Store,
    component::{Instance, InstancePre},
};

use super::{
    about::AboutIndices,
    codec::{CodecFuncs, CodecIndices},
    driver::{DriverFuncs, DriverIndices},
};
use crate::{
    about::About,
    instance::{
        fault::Fault, guest_error::GuestError, handle_table::HeldPayload, state::InstanceState,
    },
};

/// Component whose imports are resolved and whose exports are found, ready to be instantiated. It is
/// independent of grants, settings and calls, which an instance's state has.
pub(crate) struct LinkedPlugin {
    pre: InstancePre<InstanceState>,
    codec: Option<CodecIndices>,
    driver: Option<DriverIndices>,
    about: Option<AboutIndices>,
}

/// Exports of one instance.
pub(crate) struct Exports {
    instance: Instance,
    codec: CodecFuncs,
    driver: DriverFuncs,
}

impl LinkedPlugin {
    /// Finds the exports of a component. Returns `None` if it has none of the contract's.
    pub(crate) fn new(pre: InstancePre<InstanceState>) -> Option<Self> {
        let (codec, driver) = (CodecIndices::find(&pre), DriverIndices::find(&pre));
        let about = AboutIndices::find(&pre);
        (codec.is_some() || driver.is_some()).then_some(Self { pre, codec, driver, about })
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    /// Instantiates the component in a store, and runs its start functions.
    pub(crate) async fn instantiate(
        &self,
        store: &mut Store<InstanceState>,
    ) -> wasmtime::Result<Exports> {
        // Start functions are code of the guest: they run on the call's clock, and can be interrupted.
        let instance = self.pre.instantiate_async(store).await?;
        Ok(Exports { instance, codec: CodecFuncs::default(), driver: DriverFuncs::default() })
    }

    /// Returns whether the plugin describes itself.
    pub(crate) fn has_about(&self) -> bool {
        self.about.is_some()
    }

    /// Asks a plugin about itself.
    pub(crate) async fn about(
        &self,
        store: &mut Store<InstanceState>,
        Exports { instance, .. }: &mut Exports,
    ) -> wasmtime::Result<About> {
        let about = self.about.as_ref().ok_or(Fault::Protocol("exports no `about`"))?;
        about.ask(store, instance).await
    }

    /// Asks a codec for its description.
    pub(crate) async fn describe_codec(
        &self,
        store: &mut Store<InstanceState>,
        Exports { instance, codec, .. }: &mut Exports,
    ) -> wasmtime::Result<Result<Description, Error>> {
        self.codec()?.describe(store, instance, codec).await
    }

    /// Asks a driver for its kind.
    pub(crate) async fn describe_driver(
        &self,
        store: &mut Store<InstanceState>,
        Exports { instance, driver, .. }: &mut Exports,
    ) -> wasmtime::Result<Result<String, Error>> {
        self.driver()?.describe(store, instance, driver).await
    }

    /// Encodes or decodes a payload. `None` means that the codec leaves it as it is.
    pub(crate) async fn run_codec(
        &self,
        store: &mut Store<InstanceState>,
        Exports { instance, codec, .. }: &mut Exports,
        direction: Direction,
        input: Box<HeldPayload>,
    ) -> wasmtime::Result<Result<Option<Box<HeldPayload>>, GuestError>> {
        self.codec()?.run(store, instance, codec, direction, input).await
    }

    /// Stores an object, and returns its claim.
    pub(crate) async fn store(
        &self,
        store: &mut Store<InstanceState>,
        Exports { instance, driver, .. }: &mut Exports,
        object: Object,
    ) -> wasmtime::Result<Result<Claim, GuestError>> {
        self.driver()?.store(store, instance, driver, object).await
    }

    /// Retrieves the object of a claim.
    pub(crate) async fn retrieve(
        &self,
        store: &mut Store<InstanceState>,
        Exports { instance, driver, .. }: &mut Exports,
        claim: &Claim,
    ) -> wasmtime::Result<Result<Bytes, GuestError>> {
        self.driver()?.retrieve(store, instance, driver, claim).await
    }

    fn codec(&self) -> Result<&CodecIndices, Fault> {
        self.codec.as_ref().ok_or(Fault::Protocol("exports no codec"))
    }

    fn driver(&self) -> Result<&DriverIndices, Fault> {
        self.driver.as_ref().ok_or(Fault::Protocol("exports no driver"))
    }
}
