//! A real key service: what a payload waits for whose data key is not at hand.

use std::{env, fs, path::Path, time::Instant};

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload};
use cloakroom_benches::{Cell, Samples, Table};
use cloakroom_tests::rigs::OpenBao;
use serde_json::json;

use crate::contest::payload;

/// Namespaces, each with a data key of its own.
const NAMESPACES: usize = 41;

/// Measures the first and the second payload of many namespaces. Returns none if OpenBao is not there.
pub async fn measure() -> Option<Table> {
    env::var_os("CLOAKROOM_PYTHON")?;
    let (bao, folder) = (OpenBao::start(), tempfile::tempdir().expect("a folder"));
    bao.tell("POST", "transit/keys/bench", json!({}));
    fs::write(folder.path().join("token"), bao.token("bench")).expect("a file");
    let text = format!(
        "[[stage]]\nplugin = \"bundled:aes-gcm\"\nsettings = {{ ring = \"r\" }}\n\
         grants.keys = [\"r\"]\n[keys.r]\nservice = \"vault://transit/bench\"\n\
         [key_services.vault]\naddress = \"{}\"\ntoken_file = \"token\"\nenvironment = false\n",
        bao.url()
    );
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, text).expect("a file");
    let (writer, reader) = (open(&path).await, open(&path).await);
    let mut table = Table::new("openbao", &["operation", "first payload", "second", "bytes of it"]);
    let (mut firsts, mut seconds, mut sealed) =
        (Samples::default(), Samples::default(), Vec::new());
    for namespace in contexts() {
        let (took, _) = encode(&writer, &namespace).await;
        firsts.push(took);
        let (took, payload) = encode(&writer, &namespace).await;
        seconds.push(took);
        sealed.push(payload);
    }
    let size: Samples = sealed.iter().map(|payload| wrapped(payload) as f64).collect();
    let bytes = || Cell::count(size.median() as usize);
    table.row(["encode".into(), Cell::time(&firsts), Cell::time(&seconds), bytes()]);
    let (mut firsts, mut seconds) = (Samples::default(), Samples::default());
    for (namespace, payload) in contexts().zip(sealed) {
        firsts.push(decode(&reader, &namespace, payload.clone()).await);
        seconds.push(decode(&reader, &namespace, payload).await);
    }
    table.row(["decode".into(), Cell::time(&firsts), Cell::time(&seconds), bytes()]);
    Some(table)
}

fn contexts() -> impl Iterator<Item = Context> {
    (0..NAMESPACES).map(|number| Context::namespace(format!("bench-{number}")))
}

/// Returns the bytes of the id that holds the wrapped key.
fn wrapped(payload: &Payload) -> usize {
    payload.metadata.get("sealed-key").map_or(0, |id| id.len())
}

async fn open(path: &Path) -> Cloakroom {
    let builder = CloakroomBuilder::file(path).with_cache(cloakroom_tests::compile_cache());
    builder.open().await.expect("opens")
}

async fn encode(cloakroom: &Cloakroom, namespace: &Context) -> (f64, Payload) {
    let began = Instant::now();
    let sealed = cloakroom.encode(namespace, vec![payload(1 << 10)]).await.expect("encodes");
    (began.elapsed().as_secs_f64(), sealed.into_iter().next().expect("one"))
}

async fn decode(cloakroom: &Cloakroom, namespace: &Context, sealed: Payload) -> f64 {
    let began = Instant::now();
    drop(cloakroom.decode(namespace, vec![sealed]).await.expect("decodes"));
    began.elapsed().as_secs_f64()
}
