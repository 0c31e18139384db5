//! The official clients of AWS, Google and Azure, for Python: each unwraps what the clients of ours wrap, and
//! the other way round. So the small server of the tests is held against clients that are not ours.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_kms::{KeyContext, KeyFailure, KeyService};
use cloakroom_tests::rigs::{KeyServer, MotoKms};
use serde_json::{Value, json};

use super::{assert_failure, azure_settings, context, key, service};
use crate::scripts::python;

/// An official client, the key that it uses, and another.
struct Official {
    service: &'static str,
    url: String,
    keys: [String; 2],
}

/// Answers of an official client.
struct Answers {
    /// Our wrapped key, unwrapped, or the code of the error: under the context, under another, by another key.
    unwrapped: [Result<Vec<u8>, String>; 3],
    /// The data key, wrapped under the context.
    wrapped: Vec<u8>,
}

impl Official {
    /// Has the client unwrap `ours`, and wrap the same data key.
    fn ask(&self, ours: &[u8]) -> Answers {
        let [mine, other] = &self.keys;
        let ask = |op: &str, key: &str, context: &KeyContext, bytes: &[u8]| json!({"op": op, "key": key, "context": context.entries(), "bytes": STANDARD.encode(bytes)});
        let (shop, bank) = (context("shop"), context("bank"));
        let asks = [
            ask("unwrap", mine, &shop, ours),
            ask("unwrap", mine, &bank, ours),
            ask("unwrap", other, &shop, ours),
            ask("wrap", mine, &shop, key().bytes()),
        ];
        let request = json!({"service": self.service, "url": self.url, "asks": asks});
        let answer = python("key_clients.py", &request);
        let answers = answer["answers"].as_array().unwrap();
        let result = |place: usize| read(&answers[place]);
        Answers { unwrapped: [0, 1, 2].map(result), wrapped: result(3).unwrap() }
    }

    /// Asserts what holds for every service. `ours` is the client of ours for the same key, and `other` for
    /// the other one.
    async fn assert_agrees(&self, ours: &dyn KeyService, other: &dyn KeyService) -> Answers {
        let shop = context("shop");
        let wrapped = ours.wrap(&key(), Some(&shop)).await.unwrap();
        let answers = self.ask(&wrapped);
        assert_eq!(answers.unwrapped[0].as_deref(), Ok(&key().bytes()[..]));
        let theirs = &answers.wrapped;
        assert_eq!(theirs.len(), wrapped.len(), "the same form");
        let opened = ours.unwrap(theirs, Some(&shop)).await.unwrap();
        assert_eq!(opened.bytes(), key().bytes());
        assert_failure(other.unwrap(theirs, Some(&shop)).await, KeyFailure::Mismatch);
        if ours.binds_context() {
            let bank = context("bank");
            assert_failure(ours.unwrap(theirs, Some(&bank)).await, KeyFailure::Mismatch);
        }
        answers
    }
}

fn read(answer: &Value) -> Result<Vec<u8>, String> {
    match answer["bytes"].as_str() {
        Some(text) => Ok(STANDARD.decode(text).unwrap()),
        None => Err(answer["error"].as_str().unwrap().to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_aws() {
    let moto = MotoKms::start();
    for name in ["payments", "orders"] {
        moto.key(name);
    }
    let url = moto.url();
    let ours = |name: &str| {
        let uri = format!("awskms:///alias/{name}?region=eu-central-1");
        service(&uri, &[("address", &url), ("access_key_id", "id"), ("secret_access_key", "s")])
    };
    let keys = ["payments", "orders"].map(|name| format!("alias/{name}"));
    let official = Official { service: "aws", url: url.clone(), keys };
    let answers = official.assert_agrees(&*ours("payments"), &*ours("orders")).await;
    let refused = |place: usize| answers.unwrapped[place].as_ref().unwrap_err().as_str();
    assert_eq!(refused(1), "InvalidCiphertextException");
    // So does moto refuse it. AWS documents `IncorrectKeyException`, which `aws::failure` reads alike.
    assert_eq!(refused(2), "AccessDeniedException");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_google() {
    let server = KeyServer::start();
    let url = server.url();
    let keys =
        ["k", "other"].map(|k| format!("projects/p/locations/global/keyRings/r/cryptoKeys/{k}"));
    let ours = |key: &str| {
        service(&format!("gcpkms://{key}"), &[("address", &url), ("bearer_token", "google-token")])
    };
    let [mine, other] = keys.each_ref().map(|key| ours(key));
    let official = Official { service: "google", url: url.clone(), keys };
    let answers = official.assert_agrees(&*mine, &*other).await;
    for place in [1, 2] {
        assert_eq!(answers.unwrapped[place], Err("INVALID_ARGUMENT".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_azure() {
    let server = KeyServer::start();
    let url = server.url();
    let settings = azure_settings(&url);
    let ours =
        |key: &str| service(&format!("azurekeyvault://v.vault.azure.net/keys/{key}"), &settings);
    let (mine, other) = (ours("k"), ours("other"));
    let keys = [format!("k/{:032x}", 1), "other".to_owned()];
    let official = Official { service: "azure", url: url.clone(), keys };
    let answers = official.assert_agrees(&*mine, &*other).await;
    // RSA binds nothing.
    assert_eq!(answers.unwrapped[1].as_deref(), Ok(&key().bytes()[..]));
    assert_eq!(answers.unwrapped[2], Err("BadParameter".to_owned()));
}
