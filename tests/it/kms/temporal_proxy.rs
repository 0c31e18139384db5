//! The format of temporal-proxy: what it wrote, recorded, is read, and what is written, it would read.
//!
//! `tests/data/temporal-proxy/README.md` says how the bytes were made.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cloakroom::{
    Context, ErrorKind, Payload, Pipeline, Stage,
    keys::{KeyLookup, KeyMaterial, KeyRing, RingKey},
    plugin::{Grants, Limits, Reuse, Settings, bundled},
};
use cloakroom_tests::{KEY, host};
use serde_json::Value;

/// A ring whose only data key has this id. Services are left out here: no client of ours speaks to the
/// test key that temporal-proxy was recorded with.
struct Unwrapped(Arc<RingKey>);

impl Unwrapped {
    fn new(id: &str, key: &[u8]) -> Arc<Self> {
        let material = KeyMaterial::new(key.try_into().unwrap());
        Arc::new(Self(Arc::new(RingKey::from_material(id, &material).unwrap())))
    }
}

impl KeyRing for Unwrapped {
    fn current<'a>(&'a self, _: Option<&'a str>) -> KeyLookup<'a> {
        KeyLookup::found(self.0.clone())
    }

    fn find<'a>(&'a self, id: &'a str, _: Option<&'a str>) -> KeyLookup<'a> {
        let is_it = cloakroom::keys::Key::id(&*self.0) == id;
        if is_it { KeyLookup::found(self.0.clone()) } else { KeyLookup::none() }
    }
}

async fn pipeline(ring: Arc<Unwrapped>) -> Pipeline {
    let grants = Grants::none().with_keys("r", ring);
    let plugin = host(Limits::default()).load(bundled("aes-gcm").unwrap(), grants).await.unwrap();
    let settings =
        Settings::none().with_setting("ring", "r").with_setting("format", "temporal-proxy");
    let codec = plugin.codec(settings, Reuse::Fresh).await.unwrap();
    Pipeline::builder().with_stage(Stage::new("seal", codec).required()).build().unwrap()
}

fn bytes(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap()).unwrap()
}

fn text(payload: &Payload, name: &str) -> String {
    String::from_utf8(payload.metadata[name].to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_temporal_proxy_wrote_is_read_under_its_data_key_alone() {
    let recorded = include_str!("../../data/temporal-proxy/vectors.json");
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    for vector in recorded["vectors"].as_array().unwrap() {
        let proxied = &vector["proxied"];
        let payload = |text: &Value| Payload::from_envelope(Bytes::from(bytes(text))).unwrap();
        let (sealed, plain) = (payload(&proxied["payload"]), payload(&vector["plain"]));
        let [uri, wrapped] =
            ["encryption-key-id", "encryption-dek"].map(|name| text(&sealed, name));
        let id = format!("temporal-proxy:{uri}#{wrapped}");
        let data_key = bytes(&proxied["data_key"]);
        let here = Context::namespace("default");
        let opening = pipeline(Unwrapped::new(&id, &data_key)).await;
        let opened = opening.decode(&here, vec![sealed.clone()]).await.unwrap();
        assert_eq!(opened, [plain], "{}", vector["name"]);

        let other = pipeline(Unwrapped::new(&id, &KEY)).await;
        let refused = other.decode(&here, vec![sealed.clone()]).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Malformed, "{refused}");
        let unknown = pipeline(Unwrapped::new(&format!("{id}A"), &data_key)).await;
        let refused = unknown.decode(&here, vec![sealed]).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::UnknownKey, "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_opens_as_temporal_proxy_opens_it() {
    let uri = "awskms:///alias/payments?region=eu-central-1";
    let ring = Unwrapped::new(&format!("temporal-proxy:{uri}#AAEC"), &KEY);
    let plain = Payload::new("json/plain", "\"text\"");
    let sealing = pipeline(ring).await;
    let sealed = sealing.encode(&Context::none(), vec![plain.clone()]).await.unwrap().remove(0);
    assert_eq!(text(&sealed, "encoding"), "binary/encrypted");
    assert_eq!(text(&sealed, "encryption-key-id"), uri);
    assert_eq!(text(&sealed, "encryption-dek"), "AAEC");
    assert_eq!(sealed.metadata.len(), 3);
    let (nonce, body) = sealed.data.split_at(12);
    let (nonce, mut body) = (Nonce::try_assume_unique_for_key(nonce).unwrap(), body.to_vec());
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).unwrap());
    let opened = key.open_in_place(nonce, Aad::empty(), &mut body).unwrap();
    assert_eq!(Payload::from_envelope(Bytes::copy_from_slice(opened)).unwrap(), plain);
}
