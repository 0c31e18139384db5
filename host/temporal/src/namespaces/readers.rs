//! Namespaces that each namespace may read, computed once for all messages.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::nexus_endpoints::NexusEndpoint;

/// A namespace that reads, and one that writes.
type Pair = (String, String);

/// Namespaces that each namespace may read, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Readers(BTreeMap<String, Reader>);

/// Namespaces that one namespace may read, besides itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reader {
    /// Those whose payloads it may open.
    pub(super) readable: Arc<[String]>,
    /// The same, and those whose operations of Nexus it handles.
    pub(super) handled: Arc<[String]>,
    /// Those whose objects it may read. They include those that it shares with: what it sends them is
    /// stored under their keys, and stands in its own history too.
    pub(super) objects: Arc<[String]>,
}

impl Readers {
    /// Returns what namespaces may read that share with each other, and call these endpoints.
    pub(super) fn new<'a>(
        shares: BTreeSet<Pair>,
        endpoints: impl Iterator<Item = &'a NexusEndpoint>,
    ) -> Self {
        let calls: BTreeSet<Pair> = endpoints.flat_map(calls).collect();
        let inputs = turned(&calls);
        let readable = &shares | &calls;
        let handled = &readable | &inputs;
        let objects = &handled | &turned(&shares);
        let mut readers = BTreeMap::<String, Reader>::new();
        for (reader, writers) in by_reader(readable) {
            readers.entry(reader).or_default().readable = writers;
        }
        for (reader, writers) in by_reader(handled) {
            readers.entry(reader).or_default().handled = writers;
        }
        for (reader, writers) in by_reader(objects) {
            readers.entry(reader).or_default().objects = writers;
        }
        Self(readers)
    }

    /// Returns what a namespace may read.
    pub(super) fn get(&self, namespace: &str) -> Reader {
        self.0.get(namespace).cloned().unwrap_or_default()
    }
}

/// Returns the callers of an endpoint as readers of its handlers' results, if these are in a namespace.
fn calls(endpoint: &NexusEndpoint) -> impl Iterator<Item = Pair> + '_ {
    let handler = endpoint.namespace();
    let callers = endpoint.callers().iter().filter(move |caller| Some(caller.as_str()) != handler);
    callers.filter_map(move |caller| Some((caller.clone(), handler?.to_owned())))
}

/// Returns pairs with reader and writer exchanged.
fn turned(pairs: &BTreeSet<Pair>) -> BTreeSet<Pair> {
    pairs.iter().map(|(reader, writer)| (writer.clone(), reader.clone())).collect()
}

fn by_reader(pairs: BTreeSet<Pair>) -> impl Iterator<Item = (String, Arc<[String]>)> {
    let mut grouped = BTreeMap::<_, Vec<_>>::new();
    for (reader, writer) in pairs {
        grouped.entry(reader).or_default().push(writer);
    }
    grouped.into_iter().map(|(reader, writers)| (reader, writers.into()))
}
