//! `driver`, the exported interface.

use bytes::Bytes;
use cloakroom_core::{Claim, Error, Object};
use wasmtime::{
    Store,
    component::{
        ComponentExportIndex, ComponentType, Instance, InstancePre, Lift, Resource, TypedFunc,
    },
};

use super::lookup::{find_functions, get_function};
use crate::{
    contract::v0_1::{bindings::cloakroom::plugin::types::Error as WitError, convert},
    instance::{
        fault::Fault, guest_error::GuestError, resources::ContextResource, rope::Rope,
        state::InstanceState,
    },
};

type Pairs = Vec<(String, String)>;
type DescribeResult = (Result<Description, WitError>,);
type StoreParams = (Resource<ContextResource>, Resource<Rope>);
type StoreResult = (Result<Pairs, WitError>,);
type RetrieveParams = (Resource<ContextResource>, Pairs);
type RetrieveResult = (Result<Resource<Rope>, WitError>,);

/// A driver's description. Written by hand, since the bindings generator fails on a function called
/// `store` in an exported interface.
#[derive(ComponentType, Lift)]
#[component(record)]
struct Description {
    kind: String,
}

/// Positions of a driver's functions in its component.
pub(super) struct DriverIndices {
    describe: ComponentExportIndex,
    store: ComponentExportIndex,
    retrieve: ComponentExportIndex,
}

/// A driver's functions in an instance, as far as they were looked up.
#[derive(Default)]
pub(super) struct DriverFuncs {
    store: Option<TypedFunc<StoreParams, StoreResult>>,
    retrieve: Option<TypedFunc<RetrieveParams, RetrieveResult>>,
}

impl DriverIndices {
    pub(super) fn find(pre: &InstancePre<InstanceState>) -> Option<Self> {
        let names = ["describe", "store", "retrieve"];
        let [describe, store, retrieve] = find_functions(pre, "driver", names)?;
        Some(Self { describe, store, retrieve })
    }

    /// Calls `describe`, which returns the kind of storage. Looks up the other functions too, so that one
    /// of another type is found while the plugin is loaded.
    pub(super) async fn describe(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
        funcs: &mut DriverFuncs,
    ) -> wasmtime::Result<Result<String, Error>> {
        get_function(&mut funcs.store, instance, store, &self.store)?;
        get_function(&mut funcs.retrieve, instance, store, &self.retrieve)?;
        let describe =
            instance.get_typed_func::<(), DescribeResult>(&mut *store, &self.describe)?;
        let (described,) = describe.call_async(&mut *store, ()).await?;
        let described = described.map(|Description { kind }| kind);
        Ok(described.map_err(|error| convert::describe_error(store.data_mut(), error)))
    }

    /// Calls `store` with an object, and returns its claim.
    pub(super) async fn store(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
        funcs: &mut DriverFuncs,
        object: Object,
    ) -> wasmtime::Result<Result<Claim, GuestError>> {
        let object = store.data_mut().put_buffer(object.into())?;
        let function = get_function(&mut funcs.store, instance, store, &self.store)?;
        let (stored,) = function.call_async(&mut *store, (Resource::new_borrow(0), object)).await?;
        match stored {
            Ok(pairs) => Ok(Ok(claim(pairs)?)),
            Err(error) => Ok(Err(convert::guest_error(error))),
        }
    }

    /// Calls `retrieve` with a claim, and returns the object's bytes.
    pub(super) async fn retrieve(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
        funcs: &mut DriverFuncs,
        claim: &Claim,
    ) -> wasmtime::Result<Result<Bytes, GuestError>> {
        let pairs = claim.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let function = get_function(&mut funcs.retrieve, instance, store, &self.retrieve)?;
        let params = (Resource::new_borrow(0), pairs);
        let (retrieved,) = function.call_async(&mut *store, params).await?;
        match retrieved {
            Ok(buffer) => Ok(Ok(store.data_mut().take_joined(buffer).await?)),
            Err(error) => Ok(Err(convert::guest_error(error))),
        }
    }
}

/// Reads a claim. A reference keeps one of two entries of one name, so the object could not be found again.
fn claim(pairs: Pairs) -> Result<Claim, Fault> {
    let count = pairs.len();
    let claim: Claim = pairs.into_iter().collect();
    if claim.len() == count {
        Ok(claim)
    } else {
        Err(Fault::Protocol("gave a claim with two entries of one name"))
    }
}
