//! `codec`, the exported interface.

use cloakroom_core::{Description, Direction, Error};
use wasmtime::{
    Store,
    component::{ComponentExportIndex, Instance, InstancePre, Resource, TypedFunc},
};

use super::lookup::{find_functions, get_function};
use crate::{
    contract::v0_1::{
        bindings::{
            cloakroom::plugin::types::Error as WitError, exports::cloakroom::plugin::codec,
        },
        convert,
    },
    instance::{
        guest_error::GuestError,
        handle_table::HeldPayload,
        resources::{ContextResource, PayloadResource},
        state::InstanceState,
    },
};

type Params = (Resource<ContextResource>, Resource<PayloadResource>);
type DescribeResult = (Result<codec::Description, WitError>,);
type EncodeResult = (Result<Option<Resource<PayloadResource>>, WitError>,);
type DecodeResult = (Result<Resource<PayloadResource>, WitError>,);

/// Positions of a codec's functions in its component.
pub(super) struct CodecIndices {
    describe: ComponentExportIndex,
    encode: ComponentExportIndex,
    decode: ComponentExportIndex,
}

/// A codec's functions in an instance, as far as they were looked up.
#[derive(Default)]
pub(super) struct CodecFuncs {
    encode: Option<TypedFunc<Params, EncodeResult>>,
    decode: Option<TypedFunc<Params, DecodeResult>>,
}

impl CodecIndices {
    pub(super) fn find(pre: &InstancePre<InstanceState>) -> Option<Self> {
        let names = ["describe", "encode", "decode"];
        let [describe, encode, decode] = find_functions(pre, "codec", names)?;
        Some(Self { describe, encode, decode })
    }

    /// Calls `describe`. Looks up the other functions too, so that one of another type is found while the
    /// plugin is loaded and not at the first payload.
    pub(super) async fn describe(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
        funcs: &mut CodecFuncs,
    ) -> wasmtime::Result<Result<Description, Error>> {
        get_function(&mut funcs.encode, instance, store, &self.encode)?;
        get_function(&mut funcs.decode, instance, store, &self.decode)?;
        let describe =
            instance.get_typed_func::<(), DescribeResult>(&mut *store, &self.describe)?;
        let (described,) = describe.call_async(&mut *store, ()).await?;
        Ok(match described {
            Ok(codec::Description { encodings, purpose }) => {
                Ok(Description { encodings, purpose: convert::purpose(purpose) })
            }
            Err(error) => Err(convert::describe_error(store.data_mut(), error)),
        })
    }

    /// Calls `encode` or `decode` with a payload. `None` means that the codec leaves it as it is.
    pub(super) async fn run(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
        funcs: &mut CodecFuncs,
        direction: Direction,
        input: Box<HeldPayload>,
    ) -> wasmtime::Result<Result<Option<Box<HeldPayload>>, GuestError>> {
        let payload = store.data_mut().put_input(input).await?;
        // Borrowed, so that the guest cannot keep the handle. The context is no entry of the table, so 0 does.
        let params = (Resource::new_borrow(0), Resource::new_borrow(payload.rep()));
        let answer = match direction {
            Direction::Encode => {
                let encode = get_function(&mut funcs.encode, instance, store, &self.encode)?;
                encode.call_async(&mut *store, params).await?.0
            }
            Direction::Decode => {
                let decode = get_function(&mut funcs.decode, instance, store, &self.decode)?;
                decode.call_async(&mut *store, params).await?.0.map(Some)
            }
        };
        match answer {
            Ok(Some(handle)) => Ok(Ok(Some(store.data_mut().take_payload(handle)?))),
            Ok(None) => Ok(Ok(None)),
            Err(error) => Ok(Err(convert::guest_error(error))),
        }
    }
}
