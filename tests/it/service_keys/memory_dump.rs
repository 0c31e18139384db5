//! A dump of the program's memory, searched for the data keys of a ring over AWS KMS.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::keys::{DataKey, KeyId, WrappedKey};
use cloakroom_tests::{rigs::MotoKms, wait_until};
use serde_json::Value;

use crate::{
    cli,
    codec_server::{client::post, command::Program},
    kms::{context, service},
};

const URI: &str = "awskms:///alias/payments?region=eu-central-1";

const PAYLOADS: &str =
    r#"{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"InNlY3JldCI="}]}"#;

/// Keys end after eight seconds, whether they encrypt or decrypt.
fn configure(folder: &Path, address: &str, id: &str, secret: &str) {
    let text = format!(
        "[[stage]]\nplugin = \"bundled:aes-gcm\"\nrequired = true\n\
         settings = {{ ring = \"payments\", namespace = \"record\" }}\ngrants.keys = [\"payments\"]\n\
         [keys.payments]\nservice = \"{URI}\"\n\
         data_key = {{ lifetime = \"8s\" }}\nopened = {{ age = \"8s\" }}\n\
         [key_services.awskms]\naddress = \"{address}\"\nenvironment = false\n\
         access_key_id = \"{id}\"\nsecret_access_key = {{ file = \"aws\" }}\n\
         [codec_server]\nlisten = \"127.0.0.1:0\"\n"
    );
    fs::write(folder.join("aws"), secret).unwrap();
    fs::write(folder.join("cloakroom.toml"), text).unwrap();
}

/// Size of a page, and of its entry in `pagemap`.
const PAGE: (usize, usize) = (4096, 8);

/// Pages that are searched at once.
const PAGES: usize = 4096;

/// Returns how often each text is in the memory of a process: in every page that is there, as in a dump.
fn found<const N: usize>(process: u32, texts: [&[u8]; N]) -> [usize; N] {
    let of = |name: &str| format!("/proc/{process}/{name}");
    let [memory, pages] = ["mem", "pagemap"].map(|name| File::open(of(name)).unwrap());
    let mut counts = [0; N];
    for line in fs::read_to_string(of("maps")).unwrap().lines() {
        let mut parts = line.split_whitespace();
        let (range, access) = (parts.next().unwrap(), parts.next().unwrap());
        if !access.starts_with('r') {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] =
            [start, end].map(|text| usize::from_str_radix(text, 16).unwrap() / PAGE.0);
        for first in (start..end).step_by(PAGES) {
            let mut there = vec![0; (end - first).min(PAGES) * PAGE.1];
            if pages.read_exact_at(&mut there, (first * PAGE.1) as u64).is_err() {
                continue;
            }
            // The two highest bits: in memory, or swapped out.
            let is_there = |entry: &[u8]| entry[7] & 0xc0 != 0;
            let mut bytes = Vec::new();
            for (at, entry) in there.chunks(PAGE.1).enumerate() {
                let mut page = vec![0; PAGE.0];
                let place = ((first + at) * PAGE.0) as u64;
                if is_there(entry) && memory.read_exact_at(&mut page, place).is_ok() {
                    bytes.extend(page);
                }
            }
            for (count, text) in counts.iter_mut().zip(texts) {
                *count += memchr::memmem::find_iter(&bytes, text).count();
            }
        }
    }
    counts
}

/// A key as it is, and in the base64 of the service's requests.
fn copies(process: u32, key: &DataKey) -> [usize; 2] {
    let text = STANDARD.encode(key.bytes());
    found(process, [key.bytes(), &text.as_bytes()[..40]])
}

/// The wrapped key of the only payload.
fn wrapped(encoded: &str) -> Vec<u8> {
    let answer: Value = serde_json::from_str(encoded).unwrap();
    let id = answer["payloads"][0]["metadata"]["sealed-key"].as_str().unwrap();
    let id = String::from_utf8(STANDARD.decode(id).unwrap()).unwrap();
    let WrappedKey::Inline(bytes) = KeyId::parse(&id).unwrap().wrapped().clone() else {
        panic!("{id}")
    };
    bytes.to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_holds_the_data_key_in_use_and_none_whose_time_is_over() {
    let (moto, folder) = (MotoKms::start(), tempfile::tempdir().unwrap());
    moto.key("payments");
    let user = moto.user("worker", &["kms:Encrypt", "kms:Decrypt"]);
    moto.enforce();
    let url = moto.url();
    configure(folder.path(), &url, &user.id, &user.secret);
    let mut program = Program::start_with(folder.path(), &[], None);
    let (server, process) = (program.address(), program.child.id());
    let settings =
        [("address", &*url), ("access_key_id", &*user.id), ("secret_access_key", &*user.secret)];
    let kms = service(URI, &settings);
    let encoded = post(server, "/shop/encode", &[], PAYLOADS);
    assert_eq!(encoded.status, 200, "{encoded:?}");
    let key = kms.unwrap(&wrapped(&encoded.body), Some(&context("shop"))).await.unwrap();
    // A busy machine may be too slow to see a key before its time is over: then the next one.
    let [raw, text] = loop {
        let again = post(server, "/shop/encode", &[], PAYLOADS);
        let key = kms.unwrap(&wrapped(&again.body), Some(&context("shop"))).await.unwrap();
        let in_use = copies(process, &key);
        if in_use[0] > 0 {
            break in_use;
        }
    };
    // One in the cryptography library, and none in HTTP: more would be a leak that somebody has to look at.
    assert!(raw <= 2 && text <= 1, "{raw} copies, {text} in base64");
    // Nobody asks the program for anything any more.
    wait_until("the data key is gone", || copies(process, &key) == [0, 0]).await;
    // The program has not ended, and another process opens what it wrote, in its namespace alone.
    assert!(program.child.try_wait().unwrap().is_none());
    let config = folder.path().join("cloakroom.toml").display().to_string();
    let decode = |namespace: &str| {
        cli::run(&["decode", "--config", &config, "--namespace", namespace], &encoded.body)
    };
    assert!(cli::check(&decode("shop"), 0, &[]).contains("InNlY3JldCI="));
    assert!(!decode("bank").status.success());
}
