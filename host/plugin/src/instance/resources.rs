//! Marker types of the contract's resources. What stands behind them is in the handle table.

/// Marker of a `writer`.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum WriterResource {}
/// Marker of a `payload`.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum PayloadResource {}
/// Marker of a `bucket`.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum BucketResource {}
/// Marker of a `service`.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum ServiceResource {}
/// Marker of a `context`. There is one, the call's, so it has no handle.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum ContextResource {}
