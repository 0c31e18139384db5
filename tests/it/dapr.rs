//! Dapr: real sidecars, and unmodified apps on each of its SDKs.

mod app;
mod apps;
mod behind;
mod exposition;
mod gateway;
mod limits;
mod mixed;
mod observer;
mod pair;
mod predicted;
mod process;
mod propagated;
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
