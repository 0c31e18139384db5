//! Service over HTTP, with credentials that only the host knows.

mod builder;
mod client;
mod failure;
mod request_body;
mod response;
mod secrets;
#[cfg(test)]
mod tests;

pub use self::{builder::HttpServiceBuilder, client::HttpService};
