//! Builder of a ring over a key service.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::rand;
use cloakroom_core::{Bucket, Error, ErrorKind, KeyService};
use cloakroom_stores::DEFAULT_MESSAGES;

use crate::{
    access::Access,
    clock::{Clock, Monotonic},
    flights::Flights,
    inner::Inner,
    memory::Memory,
    metric::Lookups,
    ring::DataKeys,
    secret::{Secret, SecretText},
    settings::{DataKeySettings, Form, OpenedSettings, WrappedPlace},
    wrapped_keys::WrappedKeys,
};

/// Builder of [`DataKeys`].
#[must_use]
pub struct DataKeysBuilder {
    ring: Arc<str>,
    /// Services with their URIs as the configuration writes them. The first seals.
    services: Vec<(Arc<dyn KeyService>, String)>,
    settings: DataKeySettings,
    opened: OpenedSettings,
    secrets: Vec<SecretText>,
    bucket: Option<Arc<dyn Bucket>>,
    clock: Arc<dyn Clock>,
}

impl DataKeys {
    /// Returns a builder of a ring with this name, whose data keys `service` wraps.
    pub fn builder(ring: &str, service: Arc<dyn KeyService>) -> DataKeysBuilder {
        DataKeysBuilder::new(ring, service)
    }
}

impl DataKeysBuilder {
    fn new(ring: &str, service: Arc<dyn KeyService>) -> Self {
        let written = service.uri().to_owned();
        Self {
            ring: ring.into(),
            services: vec![(service, written)],
            settings: DataKeySettings::default(),
            opened: OpenedSettings::default(),
            secrets: Vec::new(),
            bucket: None,
            clock: Arc::new(Monotonic::new()),
        }
    }

    /// Sets the URI of the service's key as it is written in payloads of temporal-proxy. Default: its
    /// canonical form.
    pub fn with_written_uri(mut self, uri: &str) -> Self {
        if let Some((_, written)) = self.services.first_mut() {
            uri.clone_into(written);
        }
        self
    }

    /// Adds a key that wraps no more and still unwraps. `written` is its URI in payloads of
    /// temporal-proxy.
    pub fn with_retired(mut self, service: Arc<dyn KeyService>, written: &str) -> Self {
        self.services.push((service, written.to_owned()));
        self
    }

    /// Sets lifetime and use of data keys.
    pub fn with_data_keys(mut self, settings: DataKeySettings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets how many unwrapped keys are remembered, and for how long.
    pub fn with_opened(mut self, settings: OpenedSettings) -> Self {
        self.opened = settings;
        self
    }

    /// Reads wrapped keys from this bucket, and keeps new ones there if the settings say so.
    pub fn with_bucket(mut self, bucket: Arc<dyn Bucket>) -> Self {
        self.bucket = Some(bucket);
        self
    }

    /// Adds a secret: the text that [`make_secret`](crate::make_secret) returned. The first is in use, and
    /// others only open and verify.
    ///
    /// # Errors
    /// `Config` if it is no such text.
    pub fn with_secret(mut self, text: &str) -> Result<Self, Error> {
        self.secrets.push(SecretText::parse(text)?);
        Ok(self)
    }

    /// Measures ages by this clock. Default: the machine's monotonic clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the ring. Sends nothing.
    ///
    /// # Errors
    /// `Config` if a setting contradicts another, or a secret is wrapped by a key that is not among those
    /// of the ring.
    pub fn build(self) -> Result<DataKeys, Error> {
        check(&self.settings, self.bucket.is_some())?;
        // The first random bytes take the library some 20 ms. Draw them now, not at the first payload.
        let drawn = rand::fill(&mut [0; 32]);
        drawn.map_err(|_| Error::new(ErrorKind::Internal, "the system's random source failed"))?;
        let access = |(service, written): (Arc<dyn KeyService>, String)| {
            Access::new(service, written, self.ring.clone(), self.clock.clone())
        };
        let services: Vec<_> = self.services.into_iter().map(access).collect();
        let secret = |text: SecretText| {
            let service = services.iter().position(|service| service.tag() == text.service());
            let service = service.ok_or_else(|| {
                config(
                    "the secret was wrapped by another key, or for another ring: name its key in `service` \
                     or `retired`",
                )
            })?;
            Ok(Secret::new(text, service))
        };
        let secrets = self.secrets.into_iter().map(secret).collect::<Result<_, Error>>()?;
        let wrapped_keys = self.bucket.map(|bucket| WrappedKeys::new(bucket, self.ring.clone()));
        Ok(DataKeys::new(Inner {
            lookups: Lookups::new(&self.ring),
            name: self.ring,
            clock: self.clock,
            settings: self.settings,
            services,
            secrets,
            wrapped_keys,
            memory: Mutex::new(Memory::new(self.opened)),
            making: Flights::new(),
            opening: Flights::new(),
        }))
    }
}

fn check(settings: &DataKeySettings, has_bucket: bool) -> Result<(), Error> {
    let is_stored = settings.wrapped == WrappedPlace::Store;
    if is_stored && !has_bucket {
        return Err(config("`wrapped = \"store\"` needs a place: name it in the ring's `bucket`"));
    }
    if is_stored && settings.form == Form::TemporalProxy {
        return Err(config(
            "`wrapped = \"store\"` and `form = \"temporal-proxy\"` exclude each other: temporal-proxy reads \
             wrapped keys beside each payload alone",
        ));
    }
    let DataKeySettings { lifetime, renew_before, messages, .. } = settings;
    if lifetime.is_zero() || renew_before >= lifetime {
        return Err(config(
            "`renew_before` of data keys must be less than their `lifetime`: the next key is made that \
             long before the end",
        ));
    }
    if *lifetime > Duration::from_secs(366 * 86_400) {
        return Err(config("the `lifetime` of data keys is more than a year: write at most 366d"));
    }
    if messages.get() > DEFAULT_MESSAGES {
        let text = format!("`messages` of data keys is above {DEFAULT_MESSAGES}: write less");
        return Err(config(&text));
    }
    Ok(())
}

fn config(text: &str) -> Error {
    Error::new(ErrorKind::Config, text)
}

impl fmt::Debug for DataKeysBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKeysBuilder").field("ring", &self.ring).finish_non_exhaustive()
    }
}
