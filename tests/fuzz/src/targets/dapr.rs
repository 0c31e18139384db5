//! Messages between an app and Dapr's sidecar: no byte is lost, and each text comes back.

use std::sync::OnceLock;

use bytes::Bytes;
use cloakroom::{
    Pipeline, Stage,
    dapr::{Call, Exchange, ExchangeSettings, Refused, WorkItemHead, parse_body_size, text},
    plugin::{Limits, Reuse, Settings},
};
use cloakroom_tests::{
    bundled,
    dapr_protos::{
        CreateInstanceRequest, GetInstanceResponse, WorkItem, WorkflowResponse,
        runtime::GetWorkflowResponse,
    },
    host,
};
use cloakroom_wire::{Schema, scan};

use super::wire::{rewrite, same};
use crate::{
    input::Input,
    promise::{self, wait},
};

const SERVICE: &str = "/TaskHubSidecarService/";

/// Methods whose requests are encoded; the first byte of the input selects one, or another case.
const REQUESTS: [&str; 3] = ["StartInstance", "CompleteWorkflowTask", "CompleteActivityTask"];

/// Sends a message through the exchange, or reads a text.
pub(crate) fn dapr(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = usize::from(input.byte()) % 7;
    let bytes = Bytes::copy_from_slice(input.rest());
    match kind {
        0..3 => request(&format!("{SERVICE}{}", REQUESTS[kind]), kind, &bytes),
        3 => work_item(&bytes),
        4 => answer("GetInstanceResponse", &bytes, same::<GetInstanceResponse>),
        5 => {
            answer("dapr.proto.runtime.v1.GetWorkflowResponse", &bytes, same::<GetWorkflowResponse>)
        }
        _ => texts(&bytes),
    }
}

/// Encodes a request and decodes it again.
fn request(path: &str, kind: usize, bytes: &Bytes) {
    let call = Call { path, memory: None };
    let encoded = match wait(exchange().encode_request(&call, bytes.clone())) {
        Ok(encoded) => encoded,
        Err(error) => return promise::check(&error),
    };
    encoded.stalls.iter().for_each(|stall| assert!(!stall.to_string().contains('\n')));
    let is_same = match kind {
        0 => come_back::<CreateInstanceRequest>(path, bytes, &encoded.bytes),
        1 => come_back::<WorkflowResponse>(path, bytes, &encoded.bytes),
        _ => true,
    };
    assert!(is_same, "another parser reads another message");
}

/// Returns whether each text of an encoded request decodes to what it was, and the message is otherwise
/// the same to a parser.
fn come_back<M: prost::Message + Default + PartialEq + Clone>(
    path: &str,
    before: &Bytes,
    after: &Bytes,
) -> bool {
    let message = Schema::dapr().method(path).expect("is in the table").request;
    let [found, encoded] = [before, after].map(|bytes| scan(message, bytes).expect("was scanned"));
    assert_eq!(found.sites().len(), encoded.sites().len(), "texts come or go");
    let pipeline = pipeline();
    let ctx = cloakroom::Context::namespace("app");
    let mut texts = Vec::new();
    for site in 0..found.sites().len() {
        let decoded = match text::read(&encoded.payload(site)) {
            Ok(Some(payload)) => {
                let decoded =
                    wait(pipeline.decode(&ctx, vec![payload])).expect("decodes").remove(0);
                if text::is_plain(&decoded) { decoded.data } else { text::write(&decoded) }
            }
            // A text in the clear, or one for the sidecar itself, whatever that looks like.
            _ => encoded.payload(site),
        };
        assert_eq!(decoded, found.payload(site), "another text");
        texts.push(Some(decoded));
    }
    let restored = cloakroom_wire::splice(&encoded, texts).expect("fits");
    same::<M>(before, &restored)
}

fn work_item(bytes: &Bytes) {
    let head = WorkItemHead::read(bytes);
    let error = cloakroom::Error::new(cloakroom::ErrorKind::Malformed, "x");
    drop(head.fail_activity(&error));
    match wait(exchange().decode_work_item(None, bytes.clone(), 1 << 20)) {
        Ok(item) if item.payloads == 0 => {
            assert_eq!(item.bytes, *bytes, "nothing was decoded");
        }
        Ok(_) | Err(Refused::TooLarge { .. }) => {}
        Err(Refused::Undecodable(error)) => promise::check(&error),
    }
    answer("WorkItem", bytes, same::<WorkItem>);
}

/// Scans and rewrites a message.
fn answer(name: &str, bytes: &Bytes, same: fn(&[u8], &[u8]) -> bool) {
    let message = Schema::dapr().message(name).expect("is in the table");
    if let Ok(found) = scan(message, bytes) {
        let written = rewrite(&found);
        // To a parser an event in a chunk is bytes, in which a length may be written in a shorter form.
        let mut spans = found.spans();
        let has_chunk = spans.any(|(_, message)| message.name() == "PropagatedHistoryChunk");
        assert!(has_chunk || same(bytes, &written), "another parser reads another message");
    }
}

fn texts(bytes: &Bytes) {
    let payload = match text::read(bytes) {
        Ok(payload) => payload.unwrap_or_else(|| text::plain(bytes.clone())),
        Err(error) => return promise::check(&error),
    };
    let written = text::write(&payload);
    let read = text::read(&written).expect("it was written here");
    assert_eq!(read.unwrap_or_else(|| text::plain(written)), payload);
    if let Ok(Err(error)) = std::str::from_utf8(bytes).map(parse_body_size) {
        promise::check(&error);
    }
}

fn exchange() -> &'static Exchange {
    static EXCHANGE: OnceLock<Exchange> = OnceLock::new();
    EXCHANGE.get_or_init(|| Exchange::new(pipeline().clone(), ExchangeSettings::new("app")))
}

/// A pipeline that changes nearly every text, and has no key.
fn pipeline() -> &'static Pipeline {
    static PIPELINE: OnceLock<Pipeline> = OnceLock::new();
    PIPELINE.get_or_init(|| {
        let host = host(Limits::default());
        let codec = wait(bundled(&host, "zlib", Settings::none(), Reuse::Warm));
        cloakroom_tests::pipeline().with_stage(Stage::new("zlib", codec)).build().expect("builds")
    })
}
