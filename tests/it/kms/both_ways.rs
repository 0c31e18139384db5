//! The format of temporal-proxy from a configuration, under a key of AWS: another implementation, with AWS's
//! own client, reads what is written, and the other way round.

use cloakroom::{Cloakroom, CloakroomBuilder, Context, ErrorKind, Payload};
use cloakroom_tests::{compile_cache, plain, rigs::MotoKms};
use serde_json::json;

use crate::scripts::{from_json, python, to_json};

const URI: &str = "awskms:///alias/payments?region=eu-central-1";

async fn open(folder: &tempfile::TempDir, url: &str, settings: &str, keys: &str) -> Cloakroom {
    std::fs::write(folder.path().join("secret"), "secret\n").unwrap();
    let text = format!(
        "[[stage]]\nplugin = \"bundled:aes-gcm\"\nrequired = true\n\
         settings = {{ ring = \"payments\", {settings} }}\ngrants.keys = [\"payments\"]\n\
         [keys.payments]\n{keys}\n\
         [key_services.awskms]\naddress = \"{url}\"\nenvironment = false\naccess_key_id = \"id\"\n\
         secret_access_key = {{ file = \"secret\" }}\n"
    );
    let path = folder.path().join("cloakroom.toml");
    std::fs::write(&path, text).unwrap();
    CloakroomBuilder::file(path).with_cache(compile_cache()).open().await.unwrap()
}

fn other(op: &str, url: &str, payloads: &[Payload]) -> Vec<Payload> {
    let payloads: Vec<_> = payloads.iter().map(to_json).collect();
    let request = json!({
        "op": op, "url": url, "region": "eu-central-1", "key": "alias/payments", "uri": URI,
        "payloads": payloads,
    });
    let answer = python("proxied.py", &request);
    answer["payloads"].as_array().unwrap().iter().map(from_json).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reads_what_the_other_wrote_before_and_after_the_change() {
    let (moto, folder) = (MotoKms::start(), tempfile::tempdir().unwrap());
    moto.key("payments");
    moto.key("next");
    let url = moto.url();
    let ctx = Context::namespace("shop");
    let sent = vec![plain("\"1\""), plain("\"2\"").with_metadata("note", "x")];

    let beside = format!("service = \"{URI}\"\ndata_key = {{ form = \"temporal-proxy\" }}");
    let beside = open(&folder, &url, "format = \"temporal-proxy\"", &beside).await;
    let ours = beside.encode(&ctx, sent.clone()).await.unwrap();
    assert_eq!(other("decode", &url, &ours), sent);
    let theirs = other("encode", &url, &sent);
    assert_eq!(beside.decode(&ctx, theirs.clone()).await.unwrap(), sent);

    // Afterwards: another key and another format, and the payloads of before open.
    let folder = tempfile::tempdir().unwrap();
    let keys = "service = \"awskms:///alias/next?region=eu-central-1\"\n";
    let keys = format!("{keys}retired = [\"{URI}\"]");
    let after = open(&folder, &url, "accept = \"sealed, temporal-proxy\"", &keys).await;
    for old in [ours, theirs] {
        assert_eq!(after.decode(&ctx, old.clone()).await.unwrap(), sent);
    }
    let sealed = after.encode(&ctx, sent.clone()).await.unwrap();
    assert_eq!(sealed[0].encoding(), Some("binary/sealed"));
    assert_eq!(after.decode(&ctx, sealed).await.unwrap(), sent);

    // A key that no configuration names is not asked, whatever a payload says.
    let mut foreign = other("encode", &url, &sent).remove(0);
    let uri = "awskms:///alias/payments?region=us-east-1";
    foreign.metadata.insert("encryption-key-id".into(), uri.into());
    let refused = after.decode(&ctx, vec![foreign]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnknownKey, "{}", refused.report());
}
