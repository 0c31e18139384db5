//! WASI of one instance: clocks, randomness, an empty environment, no files, and output that goes to the
//! plugin's log. Its sockets are ours (`sockets`).

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncWrite, Empty, empty};
use tracing::Level;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{
    WasiCtx, WasiCtxView,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

use super::{config::InstanceConfig, fault::Fault};

/// Most bytes of randomness in one call of WASI, as in `random.draw` of the contract.
const RANDOM: u64 = 65_536;

/// WASI of one instance.
pub(crate) struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    output: Output,
}

impl Wasi {
    pub(crate) fn new(config: &Arc<InstanceConfig>) -> Self {
        let output = Output { config: config.clone(), call: Arc::default() };
        let mut builder = WasiCtx::builder();
        builder.stdout(output.clone()).stderr(output.clone());
        // Replaced by ours when a plugin is linked. Should one of them be missed, it can do nothing.
        builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        builder.max_random_size(RANDOM);
        let mut table = ResourceTable::new();
        // Streams and sockets of WASI are in a table of its own, which ours does not count.
        table.set_max_capacity(config.limits.handles.get());
        Self { ctx: builder.build(), table, output }
    }

    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.ctx, table: &mut self.table }
    }

    pub(crate) fn begin_call(&mut self, confidential: bool) {
        *self.output.lock() = CallOutput { bytes: 0, confidential };
    }

    /// Drops the output of the call from now on, unless the log is granted.
    pub(crate) fn hide_output(&mut self) {
        self.output.lock().confidential = true;
    }
}

/// Standard output and standard error of one instance.
#[derive(Clone)]
struct Output {
    config: Arc<InstanceConfig>,
    call: Arc<Mutex<CallOutput>>,
}

/// Output in one call.
struct CallOutput {
    bytes: usize,
    confidential: bool,
}

impl Default for CallOutput {
    fn default() -> Self {
        Self { bytes: 0, confidential: true }
    }
}

impl Output {
    fn lock(&self) -> std::sync::MutexGuard<'_, CallOutput> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    /// Returns a stream for WASI 0.1 and 0.3, which this host does not link.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        let nowhere: Empty = empty();
        Box::new(nowhere)
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut output = self.lock();
        output.bytes = output.bytes.saturating_add(bytes.len()).saturating_add(1);
        if output.bytes > self.config.limits.log.as_usize() {
            return Err(StreamError::Trap(Fault::Limit(cloakroom_core::Limit::Log).into()));
        }
        let log = self.config.guest_log(output.confidential);
        for line in String::from_utf8_lossy(&bytes).lines().filter(|line| !line.trim().is_empty()) {
            log.write(Level::INFO, line);
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(4096)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cloakroom_core::MemoryBudget;
    use wasmtime_wasi::p2::bindings::random::{insecure::Host as _, random::Host as _};

    use super::*;
    use crate::{
        Grants, Limits, OwnLimits, Settings, instance::key_messages::KeyMessages,
        limits::own::PluginLimits,
    };

    #[test]
    fn randomness_and_resources_are_bounded() {
        let limits = Limits { handles: 10.try_into().unwrap(), ..Limits::default() };
        let config = InstanceConfig {
            plugin: "bounds".into(),
            settings: Settings::none(),
            grants: Grants::none(),
            memory: MemoryBudget::new(limits.call_bytes, limits.process_bytes),
            limits: PluginLimits::new(&limits, OwnLimits::default(), false).unwrap().into(),
            key_messages: KeyMessages::default(),
        };
        let mut wasi = Wasi::new(&Arc::new(config));
        let view = wasi.view();
        let random = view.ctx.random();
        assert_eq!(random.get_random_bytes(RANDOM).unwrap().len() as u64, RANDOM);
        assert!(random.get_random_bytes(RANDOM + 1).is_err());
        assert!(random.get_insecure_random_bytes(RANDOM + 1).is_err());
        let full = (0..11).find(|number| view.table.push(*number).is_err());
        assert_eq!(full, Some(10));
    }
}
