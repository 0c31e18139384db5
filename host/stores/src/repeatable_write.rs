//! Mark of a write that may be sent again.

/// Mark of a write that may be sent again after its connection broke, in the request's extensions.
///
/// `object_store` sends a `PUT` that must not overwrite only once if the connection is reset or times
/// out after it was sent, since the store may have done it already. The same is true of a reset that
/// hits a store on its way down. Here the second attempt is harmless: it finds the object that the
/// first one wrote, and [`ObjectBucket::create`](crate::ObjectBucket) takes that for stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RepeatableWrite;
