//! Limits of one plugin, lower than those of its host.

use std::{num::NonZeroUsize, ops::Deref, time::Duration};

use cloakroom_core::{ByteSize, Error, ErrorKind, Limit, Remedy};

use super::Limits;

/// Limits of one codec or driver, none above those of its host. `None` leaves the host's.
///
/// Exhaustive on purpose: `OwnLimits { time, ..OwnLimits::default() }` sets one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnLimits {
    /// Linear memory of one instance: see [`Limits::memory`].
    pub memory: Option<ByteSize>,
    /// Time of one call: see [`Limits::time`] for a codec, [`Limits::driver_time`] for a driver.
    pub time: Option<Duration>,
    /// Bytes that one call may have the host make: see [`Limits::output`].
    pub output: Option<ByteSize>,
    /// Bytes that the host may hold at once for one call: see [`Limits::held`].
    pub held: Option<ByteSize>,
    /// Handles that one call may hold at once: see [`Limits::handles`].
    pub handles: Option<NonZeroUsize>,
    /// Bytes that one call may log: see [`Limits::log`].
    pub log: Option<ByteSize>,
}

/// Limits of one plugin: those of its host, with its own in their place.
pub(crate) struct PluginLimits {
    limits: Limits,
    own: OwnLimits,
}

impl PluginLimits {
    /// Returns the limits of a plugin. `is_driver` decides which time its own time replaces.
    ///
    /// # Errors
    /// `Config` if one is above the host's. The host has sized its pool of memory for its own, and a plugin
    /// that may run longer than others wait would end as busy.
    pub(crate) fn new(host: &Limits, own: OwnLimits, is_driver: bool) -> Result<Self, Error> {
        let mut limits = host.clone();
        let OwnLimits { memory, time, output, held, handles, log } = own;
        let sizes: [(_, &mut ByteSize, _, &'static [Remedy]); 4] = [
            (memory, &mut limits.memory, "memory", &[Remedy::OwnMemory, Remedy::InstanceMemory]),
            (output, &mut limits.output, "output", &[Remedy::OwnOutput, Remedy::Output]),
            (held, &mut limits.held, "held bytes", &[Remedy::OwnHeld, Remedy::Held]),
            (log, &mut limits.log, "log", &[Remedy::OwnLog, Remedy::LogBytes]),
        ];
        for (own, host, what, remedies) in sizes {
            let own = own.unwrap_or(*host);
            if own > *host {
                return Err(above_host(what, &own.to_string(), &host.to_string(), remedies));
            }
            *host = own;
        }
        let handles = handles.unwrap_or(limits.handles);
        if handles > limits.handles {
            let (own, host) = (handles.to_string(), limits.handles.to_string());
            return Err(above_host("handles", &own, &host, &[Remedy::OwnHandles, Remedy::Handles]));
        }
        limits.handles = handles;
        let (host_time, remedies): (_, &'static [Remedy]) = if is_driver {
            (&mut limits.driver_time, &[Remedy::OwnTime, Remedy::DriverTime])
        } else {
            (&mut limits.time, &[Remedy::OwnTime, Remedy::PluginTime])
        };
        let time = time.unwrap_or(*host_time);
        if time > *host_time {
            let (own, host) = (format!("{time:?}"), format!("{host_time:?}"));
            return Err(above_host("time", &own, &host, remedies));
        }
        *host_time = time;
        if is_driver {
            // It describes itself within the time of a codec, and not for longer than it may store.
            limits.time = limits.time.min(limits.driver_time);
        }
        Ok(Self { limits, own })
    }

    /// Returns the error of a call that exceeded `limit`. A driver's time is not known here: see
    /// `instance::trap::of_driver`.
    pub(crate) fn exceeded(&self, limit: Limit) -> Error {
        let OwnLimits { memory, time, output, held, handles, log } = self.own;
        let error = self.limits.exceeded(limit);
        match limit {
            Limit::Handles if handles.is_some() => error.with_remedies(&[Remedy::OwnHandles]),
            Limit::Held if held.is_some() => error.with_remedies(&[Remedy::OwnHeld]),
            Limit::Log if log.is_some() => error.with_remedies(&[Remedy::OwnLog]),
            Limit::Memory if memory.is_some() => error.with_remedies(&[Remedy::OwnMemory]),
            Limit::Output if output.is_some() => error.with_remedies(&[Remedy::OwnOutput]),
            Limit::Time if time.is_some() => error.with_remedies(&[Remedy::OwnTime]),
            _ => error,
        }
    }

    /// Returns the settings that decide about the time of a driver's call.
    pub(crate) fn driver_time_remedies(&self) -> &'static [Remedy] {
        if self.own.time.is_some() { &[Remedy::OwnTime] } else { &[Remedy::DriverTime] }
    }

    /// Returns the settings that decide about the bytes that a call may make.
    pub(crate) fn output_remedies(&self) -> &'static [Remedy] {
        if self.own.output.is_some() { &[Remedy::OwnOutput] } else { &[Remedy::Output] }
    }
}

impl From<Limits> for PluginLimits {
    fn from(limits: Limits) -> Self {
        Self { limits, own: OwnLimits::default() }
    }
}

impl Deref for PluginLimits {
    type Target = Limits;

    fn deref(&self) -> &Limits {
        &self.limits
    }
}

fn above_host(what: &str, own: &str, host: &str, remedies: &'static [Remedy]) -> Error {
    let text = format!(
        "its own limit of {what} is {own}, and no plugin of this host may have more than {host}: lower \
         the one or raise the other"
    );
    Error::new(ErrorKind::Config, text).with_remedies(remedies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuses(own: OwnLimits, is_driver: bool, remedies: &[Remedy]) {
        let refused = PluginLimits::new(&Limits::default(), own, is_driver).map(drop);
        let error = refused.unwrap_err();
        assert_eq!((error.kind(), error.remedies()), (ErrorKind::Config, remedies), "{error}");
    }

    #[test]
    fn none_is_above_the_hosts() {
        let (none, minute) = (OwnLimits::default(), Some(Duration::from_secs(60)));
        let memory = OwnLimits { memory: Some(ByteSize::mib(65)), ..none };
        refuses(memory, false, &[Remedy::OwnMemory, Remedy::InstanceMemory]);
        let output = OwnLimits { output: Some(ByteSize::mib(129)), ..none };
        refuses(output, false, &[Remedy::OwnOutput, Remedy::Output]);
        let held = OwnLimits { held: Some(ByteSize::mib(385)), ..none };
        refuses(held, false, &[Remedy::OwnHeld, Remedy::Held]);
        let handles = OwnLimits { handles: NonZeroUsize::new(1025), ..none };
        refuses(handles, true, &[Remedy::OwnHandles, Remedy::Handles]);
        let time = OwnLimits { time: minute, ..none };
        refuses(time, false, &[Remedy::OwnTime, Remedy::PluginTime]);
        assert!(PluginLimits::new(&Limits::default(), time, true).is_ok());
        let time = OwnLimits { time: Some(Duration::from_secs(61)), ..none };
        refuses(time, true, &[Remedy::OwnTime, Remedy::DriverTime]);
    }

    #[test]
    fn an_error_names_the_limit_that_ended_the_call() {
        let own = OwnLimits { memory: Some(ByteSize::mib(1)), ..OwnLimits::default() };
        let limits = PluginLimits::new(&Limits::default(), own, false).unwrap();
        assert_eq!(limits.exceeded(Limit::Memory).remedies(), [Remedy::OwnMemory]);
        assert!(limits.exceeded(Limit::Memory).to_string().contains("1MiB"));
        assert_eq!(limits.exceeded(Limit::Time).remedies(), [Remedy::PluginTime]);
    }
}
