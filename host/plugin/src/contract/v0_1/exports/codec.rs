//! `codec`, the export.

use cloakroom_core::{Description, Direction, Error, Payload};
use wasmtime::{
    Store,
    component::{ComponentExportIndex, InstancePre, Resource, TypedFunc},
};

use super::{Exports, LinkedPlugin, functions, known};
use crate::contract::v0_1::{
    bindings::{cloakroom::plugin::types::Error as GuestError, exports::cloakroom::plugin::codec},
    convert,
};
use crate::instance::{
    guest_error::GivenUp,
    state::{ContextMark, PayloadMark, State},
};

const EXPORT: &str = "cloakroom:plugin/codec@0.1.0";

type Params = (Resource<ContextMark>, Resource<PayloadMark>);
type Described = (Result<codec::Description, GuestError>,);
type Encoded = (Result<Option<Resource<PayloadMark>>, GuestError>,);
type Decoded = (Result<Resource<PayloadMark>, GuestError>,);

/// Where the functions are in a component.
pub(crate) struct ExportIndices {
    describe: ComponentExportIndex,
    encode: ComponentExportIndex,
    decode: ComponentExportIndex,
}

impl ExportIndices {
    pub(super) fn of(pre: &InstancePre<State>) -> Option<Self> {
        let [describe, encode, decode] = functions(pre, EXPORT, ["describe", "encode", "decode"])?;
        Some(Self { describe, encode, decode })
    }
}

/// Where they are in an instance.
#[derive(Default)]
pub(super) struct ExportFuncs {
    encode: Option<TypedFunc<Params, Encoded>>,
    decode: Option<TypedFunc<Params, Decoded>>,
}

impl LinkedPlugin {
    /// Asks an instance what it is. Looks up the other exports too, so that one of another type is
    /// found now.
    pub(crate) async fn describe_codec(
        &self,
        store: &mut Store<State>,
        exports: &mut Exports,
    ) -> wasmtime::Result<Result<Description, Error>> {
        let (found, instance) = (self.codec()?, &exports.instance);
        known(&mut exports.codec.encode, instance, store, &found.encode)?;
        known(&mut exports.codec.decode, instance, store, &found.decode)?;
        let describe = instance.get_typed_func::<(), Described>(&mut *store, &found.describe)?;
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
    ) -> wasmtime::Result<Result<Option<Payload>, GivenUp>> {
        let (found, instance) = (self.codec()?, &exports.instance);
        let payload = store.data_mut().put_payload(payload.into())?;
        let params = (Resource::new_borrow(0), Resource::new_borrow(payload.rep()));
        let answer = match direction {
            Direction::Encode => {
                let encode = known(&mut exports.codec.encode, instance, store, &found.encode)?;
                encode.call_async(&mut *store, params).await?.0
            }
            Direction::Decode => {
                let decode = known(&mut exports.codec.decode, instance, store, &found.decode)?;
                decode.call_async(&mut *store, params).await?.0.map(Some)
            }
        };
        match answer {
            Ok(Some(handle)) => Ok(Ok(Some(store.data_mut().take_payload(handle)?))),
            Ok(None) => Ok(Ok(None)),
            Err(error) => Ok(Err(convert::given_up(error))),
        }
    }
}
