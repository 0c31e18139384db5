//! Pages of a history that the stub answers with.

use std::{fs, path::PathBuf};

use prost::Message as _;
use tokio::runtime::Runtime;

use crate::{
    client,
    messages::{self, Payload, Signal},
    proxy::Proxy,
    stub,
};

/// Payloads of a page. With 1 kB each, it has 3 MB.
const PAYLOADS: usize = 3000;

/// Payloads of one message, which a server accepts.
const AT_ONCE: usize = 300;

/// State of the payloads in a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    /// The gateway has encoded them.
    Gateway,
    /// Temporal's own proxy has encrypted them.
    Temporal,
}

/// Pages in files.
pub(crate) struct Pages {
    folder: tempfile::TempDir,
    size: usize,
    payloads: Vec<Payload>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        let payloads: Vec<_> =
            (0..PAYLOADS).map(|number| messages::payload(1000, number)).collect();
        let page = messages::page(payloads.clone());
        let pages =
            Self { folder: tempfile::tempdir().expect("a folder"), size: page.len(), payloads };
        fs::write(pages.file(Encoding::Plain), page).expect("a page");
        pages
    }

    /// Makes the page with the payloads as they leave a proxy, whose stub serves the plain one.
    pub(crate) fn encode(&self, runtime: &Runtime, encoding: Encoding, proxy: &Proxy) {
        let kept = stub::signals(&self.file(Encoding::Plain));
        let _ = fs::remove_file(&kept);
        for payloads in self.payloads.chunks(AT_ONCE) {
            runtime.block_on(client::signal(proxy, &messages::signal(payloads)));
        }
        let (kept, mut encoded) = (fs::read(kept).expect("signals"), Vec::new());
        let mut rest = &kept[..];
        while let Some((prefix, after)) = rest.split_first_chunk::<5>() {
            let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
            let signal = Signal::decode(&after[..length]).expect("a signal");
            encoded.extend(signal.input.expect("an input").payloads);
            rest = &after[length..];
        }
        assert!(encoded.len() == PAYLOADS && encoded != self.payloads, "they are encoded");
        fs::write(self.file(encoding), messages::page(encoded)).expect("a page");
    }

    /// Returns the length of an answer with the plaintext page.
    pub(crate) fn answer(&self) -> usize {
        self.size + 5
    }

    /// Returns the length of an answer with a page as it is stored, if there is one.
    pub(crate) fn stored(&self, encoding: Encoding) -> usize {
        fs::metadata(self.file(encoding)).map_or(0, |page| page.len() as usize + 5)
    }

    pub(crate) fn file(&self, encoding: Encoding) -> PathBuf {
        self.folder.path().join(match encoding {
            Encoding::Plain => "plain",
            Encoding::Gateway => "gateway",
            Encoding::Temporal => "temporal",
        })
    }
}
