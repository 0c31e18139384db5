//! A pipeline that encrypts, and its times.

use std::{fs, sync::Arc, time::Instant};

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload};
use cloakroom_tests::Kek;

/// A ring of a static key.
pub const STATIC: &str = "current = \"one\"\nmaterial.one = { file = \"key\" }\n";

/// Returns a ring over the benchmark's service, with more settings.
pub fn over_service(more: &str) -> String {
    format!("service = \"native:kek\"\n{more}")
}

/// Operation that is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Encode,
    Decode,
}

impl Op {
    pub fn name(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Decode => "decode",
        }
    }
}

/// A pipeline with one stage, `aes-gcm`.
pub struct Contestant {
    pub cloakroom: Cloakroom,
    /// Its files, which it reads when it is opened.
    _folder: tempfile::TempDir,
}

impl Contestant {
    /// Opens a pipeline with a ring, and makes the data key of the namespace `bench`.
    pub async fn open(ring: &str, kek: &Arc<Kek>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let stage = "[[stage]]\nplugin = \"bundled:aes-gcm\"\nsettings = { ring = \"r\" }\n\
                     grants.keys = [\"r\"]\n[keys.r]\n";
        fs::write(folder.path().join("key"), cloakroom_tests::KEY).expect("a file");
        let path = folder.path().join("cloakroom.toml");
        fs::write(&path, format!("{stage}{ring}")).expect("a file");
        let builder = CloakroomBuilder::file(&path).with_cache(cloakroom_tests::compile_cache());
        let builder = builder.with_key_service("kek", kek.clone());
        let cloakroom = builder.open().await.expect("opens");
        let this = Self { cloakroom, _folder: folder };
        this.encode("bench", vec![payload(1)]).await;
        this
    }

    pub async fn encode(&self, namespace: &str, payloads: Vec<Payload>) -> Vec<Payload> {
        self.cloakroom.encode(&Context::namespace(namespace), payloads).await.expect("encodes")
    }

    pub async fn decode(&self, namespace: &str, payloads: Vec<Payload>) -> Vec<Payload> {
        self.cloakroom.decode(&Context::namespace(namespace), payloads).await.expect("decodes")
    }

    /// Returns the seconds that a payload takes, over so many of them.
    pub async fn turn(&self, op: Op, size: usize, payloads: usize) -> f64 {
        let plain = payload(size);
        let sealed = self.encode("bench", vec![plain.clone()]).await;
        let began = Instant::now();
        for _ in 0..payloads {
            drop(match op {
                Op::Encode => self.encode("bench", vec![plain.clone()]).await,
                Op::Decode => self.decode("bench", sealed.clone()).await,
            });
        }
        began.elapsed().as_secs_f64() / payloads as f64
    }
}

/// Returns a payload that no stage has seen.
pub fn payload(size: usize) -> Payload {
    Payload::new("binary/plain", vec![7; size])
}
