//! References and claims of strangers, and claims of drivers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Context, Driver, Error, Payload, Pipeline,
    storage::{Claim, ClaimPolicy, Object, Offload, TemporalReferences},
};
use cloakroom_tests::{ctx, plain, ring};
use futures::future::BoxFuture;
use serde_json::Value;

use crate::{
    input::Input,
    promise::{self, wait},
};

/// An even first byte stands before the text of a reference, an odd one before a driver's claim.
pub(crate) fn reference(data: &[u8]) {
    let mut input = Input::new(data);
    let (kind, size) = (input.byte(), input.byte());
    if kind & 1 == 0 {
        read(input.rest(), kind >> 1, size);
    } else {
        store(&claim(&mut input));
    }
}

/// The object that every claim finds, however it is written, and what stores it.
struct Scene {
    pipeline: Pipeline,
    /// The same, with proofs required.
    strict: Pipeline,
    driver: Arc<Finder>,
    /// A reference with a proof.
    proven: Payload,
}

/// Gives the same object for each claim, and remembers the claim.
struct Finder {
    object: Bytes,
    claim: Mutex<Claim>,
    asked: Mutex<Option<Claim>>,
}

impl Driver for Finder {
    fn kind(&self) -> &str {
        "finder"
    }

    fn store<'a>(&'a self, _: &'a Context, _: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async { Ok(self.claim.lock().expect("a claim").clone()) })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        claim: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        *self.asked.lock().expect("a place") = Some(claim.clone());
        Box::pin(async { Ok(self.object.clone()) })
    }
}

fn stored() -> Payload {
    plain("\"the object\"")
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let object = stored().envelope().to_bytes();
        let driver = Finder { object, claim: Mutex::default(), asked: Mutex::default() };
        let driver = Arc::new(driver);
        let build = |policy| {
            let offload = Offload::new(ByteSize::bytes(0)).with_driver("finder", driver.clone());
            let offload =
                offload.with_memory_cache(ByteSize::bytes(0)).with_claim_proofs(ring(), policy);
            cloakroom_tests::pipeline().with_offload(offload).build().expect("a pipeline")
        };
        let (pipeline, strict) = (build(ClaimPolicy::Write), build(ClaimPolicy::Require));
        driver.claim.lock().expect("a claim").insert("key".to_owned(), "a/b".to_owned());
        let proven = wait(strict.encode(&ctx(), vec![stored()])).expect("stores").remove(0);
        Scene { pipeline, strict, driver, proven }
    })
}

/// Decodes a reference with this text. If anything comes back it is the object, the driver was asked
/// with the claim that the text has, and a proof that passes was written by us.
fn read(text: &[u8], sizes: u8, size: u8) {
    let scene = scene();
    let mut payload = Payload { data: Bytes::copy_from_slice(text), ..scene.proven.clone() };
    match sizes % 4 {
        0 => {}
        1 => payload.external_sizes = Vec::new(),
        2 => payload.external_sizes = vec![i64::from(size)],
        _ => payload.external_sizes = vec![i64::MIN, i64::MAX],
    }
    assert!(TemporalReferences::is_reference(&payload));
    *scene.driver.asked.lock().expect("a place") = None;
    let decoded = wait(scene.pipeline.decode(&ctx(), vec![payload.clone()]));
    let asked = scene.driver.asked.lock().expect("a place").take();
    if let Some(asked) = asked {
        let told = told(text).expect("a claim of texts");
        let theirs = told.into_iter().filter(|(name, _)| !name.starts_with("cloakroom_"));
        assert_eq!(asked, theirs.collect(), "the driver was asked for another claim");
    }
    match decoded {
        Ok(decoded) => assert!(decoded == [stored()]),
        Err(error) => promise::check(&error),
    }
    match wait(scene.strict.decode(&ctx(), vec![payload.clone()])) {
        Ok(decoded) => {
            assert!(decoded == [stored()]);
            assert_eq!(told(text), told(&scene.proven.data), "a forged claim passed");
        }
        Err(error) => promise::check(&error),
    }
    let _ = wait(scene.pipeline.explain(&ctx(), payload));
}

/// The claim in the text of a reference.
fn told(text: &[u8]) -> Option<BTreeMap<String, String>> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let claims = match value.get("driver_claim").filter(|legacy| legacy.is_object()) {
        Some(legacy) => [legacy.get("claim_data"), legacy.get("claimData")],
        None => [value.get("claimData"), value.get("claim_data")],
    };
    let Some(claim) = claims.into_iter().flatten().next() else {
        return Some(BTreeMap::new());
    };
    let entry = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    claim.as_object()?.iter().map(entry).collect()
}

/// A driver's claim of any names and texts.
fn claim(input: &mut Input<'_>) -> Claim {
    let mut claim = Claim::new();
    while !input.is_empty() && claim.len() < 80 {
        let (name, value) = (usize::from(input.byte()), usize::from(input.number()));
        let mut text = |count| String::from_utf8_lossy(input.bytes(count)).into_owned();
        claim.insert(text(name), text(value));
    }
    claim
}

/// Stores a payload under a claim. If that works, what is written finds it again.
fn store(claim: &Claim) {
    let scene = scene();
    *scene.driver.claim.lock().expect("a claim") = claim.clone();
    match wait(scene.strict.encode(&ctx(), vec![stored()])) {
        Err(error) => promise::check(&error),
        Ok(references) => {
            assert!(TemporalReferences::is_reference(&references[0]), "it is not stored");
            let decoded = wait(scene.strict.decode(&ctx(), references));
            assert!(decoded.expect("reads what it wrote") == [stored()]);
            let asked = scene.driver.asked.lock().expect("a place").take().expect("was asked");
            assert!(claim.iter().all(|(name, value)| asked.get(name) == Some(value)));
        }
    }
}
