//! `driver`, the export.

use bytes::Bytes;
use cloakroom_core::{Claim, Error, Object};
use wasmtime::{
    Store,
    component::{ComponentExportIndex, ComponentType, InstancePre, Lift, Resource, TypedFunc},
};

use super::{Exports, LinkedPlugin, functions, known};
use crate::contract::v0_1::{bindings::cloakroom::plugin::types::Error as GuestError, convert};
use crate::instance::{
    fault::Fault,
    guest_error::GivenUp,
    rope::Rope,
    state::{ContextMark, State},
};

const EXPORT: &str = "cloakroom:plugin/driver@0.1.0";

type Pairs = Vec<(String, String)>;
type Described = (Result<Description, GuestError>,);
type StoreParams = (Resource<ContextMark>, Resource<Rope>);
type Stored = (Result<Pairs, GuestError>,);
type RetrieveParams = (Resource<ContextMark>, Pairs);
type Retrieved = (Result<Resource<Rope>, GuestError>,);

/// The generator of bindings trips over a function called `store`, so this record is written here.
#[derive(ComponentType, Lift)]
#[component(record)]
struct Description {
    kind: String,
}

/// Where the functions are in a component.
pub(crate) struct ExportIndices {
    describe: ComponentExportIndex,
    store: ComponentExportIndex,
    retrieve: ComponentExportIndex,
}

impl ExportIndices {
    pub(super) fn of(pre: &InstancePre<State>) -> Option<Self> {
        let names = ["describe", "store", "retrieve"];
        let [describe, store, retrieve] = functions(pre, EXPORT, names)?;
        Some(Self { describe, store, retrieve })
    }
}

/// Where they are in an instance.
#[derive(Default)]
pub(super) struct ExportFuncs {
    store: Option<TypedFunc<StoreParams, Stored>>,
    retrieve: Option<TypedFunc<RetrieveParams, Retrieved>>,
}

impl LinkedPlugin {
    /// Asks an instance what kind of storage it is. Looks up the other exports too.
    pub(crate) async fn describe_driver(
        &self,
        store: &mut Store<State>,
        exports: &mut Exports,
    ) -> wasmtime::Result<Result<String, Error>> {
        let (found, instance) = (self.driver()?, &exports.instance);
        known(&mut exports.driver.store, instance, store, &found.store)?;
        known(&mut exports.driver.retrieve, instance, store, &found.retrieve)?;
        let describe = instance.get_typed_func::<(), Described>(&mut *store, &found.describe)?;
        let (described,) = describe.call_async(store, ()).await?;
        Ok(described.map(|Description { kind }| kind).map_err(convert::error))
    }

    /// Has an instance keep an object.
    pub(crate) async fn store(
        &self,
        store: &mut Store<State>,
        exports: &mut Exports,
        object: Object,
    ) -> wasmtime::Result<Result<Claim, GivenUp>> {
        let (found, instance) = (self.driver()?, &exports.instance);
        let object = store.data_mut().put_buffer(object.into())?;
        let function = known(&mut exports.driver.store, instance, store, &found.store)?;
        let (stored,) = function.call_async(&mut *store, (Resource::new_borrow(0), object)).await?;
        match stored {
            Ok(pairs) => Ok(Ok(claim(pairs)?)),
            Err(error) => Ok(Err(convert::given_up(error))),
        }
    }

    /// Has an instance find an object again.
    pub(crate) async fn retrieve(
        &self,
        store: &mut Store<State>,
        exports: &mut Exports,
        claim: &Claim,
    ) -> wasmtime::Result<Result<Bytes, GivenUp>> {
        let (found, instance) = (self.driver()?, &exports.instance);
        let pairs = claim.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let function = known(&mut exports.driver.retrieve, instance, store, &found.retrieve)?;
        let (found,) = function.call_async(&mut *store, (Resource::new_borrow(0), pairs)).await?;
        match found {
            Ok(buffer) => Ok(Ok(store.data_mut().take_joined(buffer).await?)),
            Err(error) => Ok(Err(convert::given_up(error))),
        }
    }
}

fn claim(pairs: Pairs) -> Result<Claim, Fault> {
    let count = pairs.len();
    let claim: Claim = pairs.into_iter().collect();
    match claim.len() == count {
        true => Ok(claim),
        false => Err(Fault::Protocol("gave a claim with two entries of one name")),
    }
}
