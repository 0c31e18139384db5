//! The plugin in Extism: compiled once, and called on one instance or on one for each call.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use extism::{CompiledPlugin, CurrentPlugin, PTR, Plugin, PluginBuilder, UserData, Val};

use crate::cipher::Cipher;

pub(crate) struct Peer {
    compiled: CompiledPlugin,
    warm: Plugin,
    input: Vec<u8>,
    output: Vec<u8>,
}

type Work = fn(&Cipher, &[u8]) -> Vec<u8>;

impl Peer {
    pub(crate) fn new(wasm: &[u8]) -> Result<Self> {
        let cipher = Arc::new(Cipher::new());
        let mut builder = PluginBuilder::new(wasm).with_cache_disabled();
        let works: [(&str, Work); 2] = [("host_seal", Cipher::seal), ("host_open", Cipher::open)];
        for (name, work) in works {
            let cipher = cipher.clone();
            let call = move |plugin: &mut CurrentPlugin,
                             inputs: &[Val],
                             outputs: &mut [Val],
                             _: UserData<()>| {
                let output = work(&cipher, plugin.memory_get_val(&inputs[0])?);
                let place = plugin.memory_new(output)?;
                outputs[0] = plugin.memory_to_val(place);
                Ok(())
            };
            builder = builder.with_function(name, [PTR], [PTR], UserData::new(()), call);
        }
        let compiled = builder.compile()?;
        let warm = Plugin::new_from_compiled(&compiled)?;
        Ok(Self { compiled, warm, input: Vec::new(), output: Vec::new() })
    }

    pub(crate) fn set_input(&mut self, input: Vec<u8>) {
        self.input = input;
    }

    pub(crate) fn output(&self) -> &[u8] {
        &self.output
    }

    /// Calls a function, and returns how long all calls took, their outputs taken and dropped.
    pub(crate) fn run(&mut self, warm: bool, function: &str, count: u32) -> Result<Duration> {
        let start = Instant::now();
        for _ in 0..count {
            self.output = if warm {
                self.warm.call(function, &*self.input)?
            } else {
                Plugin::new_from_compiled(&self.compiled)?.call(function, &*self.input)?
            };
        }
        Ok(start.elapsed())
    }
}
