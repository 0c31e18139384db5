//! Dapr: real sidecars, and unmodified apps on each of its SDKs.

mod app;
mod behind;
mod exposition;
mod gateway;
mod limits;
mod observer;
mod process;
mod rust_app;
mod rust_work;
mod sdk;
mod sdks;
mod signing;
mod stall;
mod through;
mod trouble;
mod wrapped;
mod wrapped_work;
