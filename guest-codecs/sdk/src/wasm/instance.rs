//! The plugin's value in its instance, and the calls of the host to it.

use std::cell::OnceCell;

use super::panic::log_panics;
use crate::{
    Buffer, Claim, Context, Description, Driver, Error, Payload, PayloadCodec, Settings,
    wasm::driver,
};

/// The plugin's value, created at the first call and kept for the calls of a warm instance.
#[derive(Default)]
pub struct Instance<P>(OnceCell<P>);

impl<P> Instance<P> {
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// A value that cannot be created is not kept: each call returns the error.
    fn get_or_create(&self, create: impl FnOnce() -> Result<P, Error>) -> Result<&P, Error> {
        log_panics();
        #[cfg(feature = "log")]
        crate::facade::install();
        // `OnceCell::get_or_try_init` is not stable yet.
        match self.0.get() {
            Some(plugin) => Ok(plugin),
            None => {
                let plugin = create()?;
                Ok(self.0.get_or_init(|| plugin))
            }
        }
    }
}

impl<C: PayloadCodec> Instance<C> {
    fn codec(&self) -> Result<&C, Error> {
        self.get_or_create(|| C::configure(&Settings::from_host(C::SETTINGS)))
    }

    pub fn describe_codec(&self) -> Result<Description, Error> {
        log_panics();
        // Only when the plugin is loaded: in `encode` each fresh instance would pay a call for it.
        Settings::names_from_host().refuse_unknown(C::SETTINGS)?;
        self.codec().map(C::describe)
    }

    pub fn encode(&self, ctx: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        self.codec()?.encode(ctx, payload)
    }

    pub fn decode(&self, ctx: &Context, payload: &Payload) -> Result<Payload, Error> {
        self.codec()?.decode(ctx, payload)
    }
}

impl<D: Driver> Instance<D> {
    fn driver(&self) -> Result<&D, Error> {
        self.get_or_create(|| D::configure(&Settings::from_host(D::SETTINGS)))
    }

    pub fn describe_driver(&self) -> Result<driver::Description, Error> {
        log_panics();
        Settings::names_from_host().refuse_unknown(D::SETTINGS)?;
        self.driver()?.check()?;
        Ok(driver::Description { kind: D::KIND.to_owned() })
    }

    pub fn store(&self, ctx: &Context, object: Buffer) -> Result<Vec<(String, String)>, Error> {
        self.driver()?.store(ctx, object).map(|claim| claim.0)
    }

    pub fn retrieve(&self, ctx: &Context, claim: Vec<(String, String)>) -> Result<Buffer, Error> {
        self.driver()?.retrieve(ctx, &Claim(claim))
    }
}
