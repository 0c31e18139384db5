//! `codec`, the export: found once a plugin, called once a payload.

use cloakroom_core::{Description, Direction, Error, Payload};
use wasmtime::{
    Engine, Store,
    component::{
        ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, Resource,
        TypedFunc,
    },
};

use super::{
    bindings::{cloakroom::plugin::types::Error as GuestError, exports::cloakroom::plugin::codec},
    convert,
};
use crate::state::{ContextMark, PayloadMark, State};

const EXPORT: &str = "cloakroom:plugin/codec@0.1.0";

type Params = (Resource<ContextMark>, Resource<PayloadMark>);
type Described = (Result<codec::Description, GuestError>,);
type Encoded = (Result<Option<Resource<PayloadMark>>, GuestError>,);
type Decoded = (Result<Resource<PayloadMark>, GuestError>,);

/// A plugin linked and ready to be instantiated.
pub(crate) struct Prepared {
    pre: InstancePre<State>,
    describe: ComponentExportIndex,
    encode: ComponentExportIndex,
    decode: ComponentExportIndex,
}

impl Prepared {
    /// Finds the exports; `None` names none of ours.
    pub(crate) fn new(pre: InstancePre<State>) -> Option<Self> {
        let component = pre.component();
        let interface = component.get_export_index(None, EXPORT)?;
        let find = |name| component.get_export_index(Some(&interface), name);
        let (describe, encode, decode) = (find("describe")?, find("encode")?, find("decode")?);
        Some(Self { pre, describe, encode, decode })
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    pub(crate) async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Exports> {
        let instance = self.pre.instantiate_async(store).await?;
        Ok(Exports { instance, encode: None, decode: None })
    }

    /// Asks an instance what it is. Looks up the other exports too, so that one of another type is
    /// found now.
    pub(crate) async fn describe(
        &self,
        store: &mut Store<State>,
        exports: &mut Exports,
    ) -> wasmtime::Result<Result<Description, Error>> {
        find::<Params, Encoded>(&exports.instance, store, &self.encode)?;
        find::<Params, Decoded>(&exports.instance, store, &self.decode)?;
        let describe = find::<(), Described>(&exports.instance, store, &self.describe)?;
        let (described,) = describe.call_async(store, ()).await?;
        Ok(match described {
            Ok(codec::Description { encodings, purpose }) => {
                Ok(Description { encodings, purpose: convert::purpose(purpose) })
            }
            Err(error) => Err(convert::error(error)),
        })
    }

    /// Has an instance encode or decode a payload; `None` leaves it as it is.
    pub(crate) async fn change(
        &self,
        store: &mut Store<State>,
        exports: &mut Exports,
        direction: Direction,
        payload: Payload,
    ) -> wasmtime::Result<Result<Option<Payload>, Error>> {
        let payload = store.data_mut().put_payload(payload)?;
        let params = (Resource::new_borrow(0), Resource::new_borrow(payload.rep()));
        let answer = match direction {
            Direction::Encode => {
                let encode = known(&mut exports.encode, &exports.instance, store, &self.encode)?;
                encode.call_async(&mut *store, params).await?.0
            }
            Direction::Decode => {
                let decode = known(&mut exports.decode, &exports.instance, store, &self.decode)?;
                decode.call_async(&mut *store, params).await?.0.map(Some)
            }
        };
        match answer {
            Ok(Some(handle)) => Ok(Ok(Some(store.data_mut().take_payload(handle)?))),
            Ok(None) => Ok(Ok(None)),
            Err(error) => Ok(Err(convert::error(error))),
        }
    }
}

/// The exports of one instance, those looked up that were called.
pub(crate) struct Exports {
    instance: Instance,
    encode: Option<TypedFunc<Params, Encoded>>,
    decode: Option<TypedFunc<Params, Decoded>>,
}

fn known<R: ComponentNamedList + Lift + 'static>(
    cached: &mut Option<TypedFunc<Params, R>>,
    instance: &Instance,
    store: &mut Store<State>,
    index: &ComponentExportIndex,
) -> wasmtime::Result<TypedFunc<Params, R>> {
    match *cached {
        Some(found) => Ok(found),
        None => Ok(*cached.insert(find(instance, store, index)?)),
    }
}

fn find<P, R>(
    instance: &Instance,
    store: &mut Store<State>,
    index: &ComponentExportIndex,
) -> wasmtime::Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower + 'static,
    R: ComponentNamedList + Lift + 'static,
{
    instance.get_typed_func::<P, R>(store, index)
}
