//! Beside temporal-proxy: the bytes that it wrote, recorded, in a chain with the gateway in either order.
//!
//! `tests/data/temporal-proxy/README.md` says how they were made.

use std::{net::SocketAddr, path::Path};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::Cloakroom;
use prost::Message as _;
use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::{
    harness::Served,
    inputs::{read, read_input, start},
};
use crate::worker::{folder_driver, opened, server, stages, unique};

fn vectors() -> Vec<Value> {
    let text = include_str!("../../data/temporal-proxy/vectors.json");
    serde_json::from_str::<Value>(text).unwrap()["vectors"].as_array().unwrap().clone()
}

fn bytes(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap()).unwrap()
}

fn payload(text: &Value) -> Payload {
    Payload::decode(&*bytes(text)).unwrap()
}

/// Opens a payload of temporal-proxy as temporal-proxy does: the nonce, then the sealed payload.
fn unproxied(sealed: &Payload, data_key: &Value) -> Payload {
    assert_eq!(sealed.metadata["encoding"], b"binary/encrypted");
    let key = UnboundKey::new(&AES_256_GCM, &bytes(data_key)).unwrap();
    let (nonce, body) = sealed.data.split_at(12);
    let (nonce, mut body) = (Nonce::try_assume_unique_for_key(nonce).unwrap(), body.to_vec());
    let opened = LessSafeKey::new(key).open_in_place(nonce, Aad::empty(), &mut body).unwrap();
    Payload::decode(&*opened).unwrap()
}

/// The configuration of the gateways that were recorded, with these stages.
async fn cloakroom(folder: &Path, stages: &str) -> Cloakroom {
    let storage = "[storage]\nthreshold = \"2KiB\"\ncache.memory = \"0B\"\n";
    let gateway = format!("[gateway.temporal]\nupstream = \"{}\"\n", server().url());
    let text = stages.to_owned() + storage + &folder_driver("local", folder) + &gateway;
    opened(text).open().await.unwrap()
}

fn direct() -> SocketAddr {
    server().target().parse().unwrap()
}

/// The recording is what it says: temporal-proxy sealed what the client and what the gateway had sent.
#[test]
fn the_recorded_bytes_are_those_of_temporal_proxy() {
    for vector in vectors() {
        let alone = &vector["proxied"];
        let opened = unproxied(&payload(&alone["payload"]), &alone["data_key"]);
        assert_eq!(opened, payload(&vector["plain"]), "{}", vector["name"]);
        let before = &vector["before"];
        let opened = unproxied(&payload(&before["proxied"]), &before["data_key"]);
        assert_eq!(opened, payload(&before["encoded"]), "{}", vector["name"]);
    }
}

/// Worker, gateway, temporal-proxy, server. Sealing is repeatable, so that the gateway hands the very
/// bytes to temporal-proxy that were recorded, and it opens what temporal-proxy hands back.
#[tokio::test(flavor = "multi_thread")]
async fn before_temporal_proxy_the_gateway_reads_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Served::start(&cloakroom(folder.path(), &stages(true)).await).await;
    for vector in vectors() {
        let (name, before) = (&vector["name"], &vector["before"]);
        let (plain, encoded) = (payload(&vector["plain"]), payload(&before["encoded"]));
        // The key of an object has the id in it.
        let execution = before["execution"].as_str().unwrap();
        start(gateway.address, execution, vec![plain.clone()]).await;
        assert_eq!(read_input(direct(), execution).await, std::slice::from_ref(&encoded), "{name}");
        let id = unique("before-proxy");
        start(direct(), &id, vec![encoded.clone()]).await;
        assert_eq!(read_input(gateway.address, &id).await, [plain], "{name}");
    }
    gateway.end().await;
}

/// Worker, temporal-proxy, gateway, server. What temporal-proxy has sealed is encoded like any other
/// payload, and comes back byte by byte, so that temporal-proxy opens it.
#[tokio::test(flavor = "multi_thread")]
async fn behind_temporal_proxy_the_gateway_encodes_what_that_has_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Served::start(&cloakroom(folder.path(), &stages(true)).await).await;
    for vector in vectors() {
        let (name, alone, behind) = (&vector["name"], &vector["proxied"], &vector["behind"]);
        let sealed = payload(&alone["payload"]);
        let id = unique("behind-proxy");
        start(gateway.address, &id, vec![sealed.clone()]).await;
        let kept = read_input(direct(), &id).await.remove(0);
        assert_ne!(kept.metadata["encoding"], b"binary/encrypted", "{name}: it passed as it was");
        let back = read_input(gateway.address, &id).await.remove(0);
        assert_eq!(back, sealed, "{name}");
        assert_eq!(unproxied(&back, &alone["data_key"]), payload(&vector["plain"]), "{name}");

        let (theirs, ours) = (payload(&behind["proxied"]), payload(&behind["encoded"]));
        // The object of a stored one was not recorded.
        if ours.external_payloads.is_empty() {
            let id = unique("behind-proxy");
            start(direct(), &id, vec![ours]).await;
            assert_eq!(read_input(gateway.address, &id).await, [theirs], "{name}");
        }
    }
    gateway.end().await;
}

/// Where temporal-proxy no longer decrypts, its payloads reach the gateway sealed. They are for nobody's
/// key here, also not for the codec that reads the other format of this name.
#[tokio::test(flavor = "multi_thread")]
async fn what_temporal_proxy_left_sealed_passes_or_is_refused_by_policy() {
    let (folder, ids) = (tempfile::tempdir().unwrap(), [unique("sealed"), unique("sealed")]);
    let vector = vectors().remove(0);
    let sealed = [payload(&vector["proxied"]["payload"]), payload(&vector["before"]["proxied"])];
    for (id, sealed) in ids.iter().zip(&sealed) {
        start(direct(), id, vec![sealed.clone()]).await;
    }
    let required = Served::start(&cloakroom(folder.path(), &stages(true)).await).await;
    let lenient = stages(true).replace("required = true", "required = \"encode\"");
    let lenient = Served::start(&cloakroom(folder.path(), &lenient).await).await;
    for (id, sealed) in ids.iter().zip(&sealed) {
        let refused = read(required.address, id).await;
        assert!(refused.body.is_empty() && refused.code != "0", "{}", refused.code);
        let says = "the payload is encrypted in the format of temporal-proxy";
        assert!(refused.message.contains(says), "{}", refused.message);
        assert_eq!(read_input(lenient.address, id).await, std::slice::from_ref(sealed));
    }
    required.end().await;
    lenient.end().await;
}
