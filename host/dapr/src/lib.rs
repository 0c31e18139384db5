//! Cloakroom for Dapr workflows: payloads as text, messages of a sidecar, and Dapr's size budget.
//!
//! A payload of Dapr is a text. [`text`] says how an encoded payload lies in one. [`Exchange`] encodes
//! the payloads of messages to the sidecar and decodes those of its answers and work items. It knows no
//! transport. [`budget`] weighs what is dispatched as Dapr does, and `Exchange` predicts for each
//! instance what its next dispatch will weigh.
//!
//! Apps in Rust that have no gateway encode and decode in their own process, with [`AppTexts`].
//!
//! Programs that run workflows without a sidecar weigh their dispatches with a [`DispatchGuard`].

pub mod budget;
mod exchange;
mod fields;
mod forecast;
#[cfg(feature = "gateway")]
pub mod gateway;
mod guard;
mod instances;
pub mod metric;
mod quantity;
mod settings;
mod stall;
pub mod text;
mod wrap;

pub use self::{
    exchange::{
        Call, Exchange,
        decode::{Decoded, Refused},
        encode::Encoded,
        work_item::{ItemKind, WorkItem, WorkItemHead},
    },
    forecast::Forecast,
    guard::{Dispatch, DispatchGuard},
    quantity::parse_body_size,
    settings::{ExchangeSettings, ExchangeSettingsSource},
    stall::Stall,
    wrap::AppTexts,
};
