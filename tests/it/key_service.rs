//! Key rings over a key service, whose answers have to be awaited.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cloakroom::{
    Context, Error, ErrorKind, Limit, Payload, Pipeline, Stage,
    keys::{Key, KeyLookup, KeyMaterial, KeyRing, RingKey},
    plugin::{Grants, Limits, Reuse, Settings, bundled},
};
use cloakroom_tests::{KEY, chain, host};

/// A ring whose keys are in a service's hands.
struct ServiceRing {
    answer: Answer,
    asked: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Answer {
    Key,
    Nothing,
    Unavailable,
    Never,
}

impl ServiceRing {
    fn new(answer: Answer) -> Arc<Self> {
        Arc::new(Self { answer, asked: AtomicUsize::new(0) })
    }

    /// Answers after a wait that needs the runtime's timer.
    async fn ask(&self) -> Result<Option<Arc<dyn Key>>, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(1)).await;
        match self.answer {
            Answer::Key => {
                Ok(Some(Arc::new(RingKey::from_material("service-1", &KeyMaterial::new(KEY))?)))
            }
            Answer::Nothing => Ok(None),
            Answer::Unavailable => {
                Err(Error::new(ErrorKind::Unavailable, "the key service is restarting"))
            }
            Answer::Never => std::future::pending().await,
        }
    }
}

impl KeyRing for ServiceRing {
    fn current<'a>(&'a self, _: Option<&'a str>) -> KeyLookup<'a> {
        KeyLookup::later(self.ask())
    }

    fn find<'a>(&'a self, id: &'a str, _: Option<&'a str>) -> KeyLookup<'a> {
        KeyLookup::later(async move { Ok(self.ask().await?.filter(|key| key.id() == id)) })
    }
}

async fn sealing(plugin: &str, ring: Arc<ServiceRing>, limits: Limits) -> Pipeline {
    let grants = Grants::none().with_keys("r", ring.clone()).with_subkeys("r", ring);
    let plugin = host(limits).load(bundled(plugin).unwrap(), grants).await.unwrap();
    let codec =
        plugin.codec(Settings::none().with_setting("ring", "r"), Reuse::Fresh).await.unwrap();
    Pipeline::builder().with_stage(Stage::new("seal", codec).required()).build().unwrap()
}

async fn refusal(answer: Answer, limits: Limits) -> Error {
    let pipeline = sealing("aes-gcm", ServiceRing::new(answer), limits).await;
    let sent = vec![Payload::new("json/plain", "1")];
    pipeline.encode(&Context::none(), sent).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn seals_and_opens_under_keys_that_are_looked_up_later() {
    for plugin in ["aes-gcm", "chacha20-poly1305"] {
        let ring = ServiceRing::new(Answer::Key);
        let pipeline = sealing(plugin, ring.clone(), Limits::default()).await;
        let sent = vec![Payload::new("json/plain", "\"secret\"")];
        let sealed = pipeline.encode(&Context::none(), sent.clone()).await.unwrap();
        assert_eq!(ring.asked.load(Ordering::Relaxed), 1, "{plugin}");
        assert_ne!(sealed, sent);
        assert_eq!(pipeline.decode(&Context::none(), sealed).await.unwrap(), sent);
        assert_eq!(ring.asked.load(Ordering::Relaxed), 2, "{plugin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_service_is_the_errors_cause() {
    let error = refusal(Answer::Unavailable, Limits::default()).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.kind().is_transient());
    let text = chain(&error);
    assert!(text.contains("key ring `r`") && text.contains("is restarting"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_without_a_current_key_seals_nothing() {
    let error = refusal(Answer::Nothing, Limits::default()).await;
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(chain(&error).contains("key ring `r` has no current key"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_never_answers_is_given_up_within_the_time_of_a_call() {
    let limits = Limits { time: Duration::from_millis(500), ..Limits::default() };
    let error = refusal(Answer::Never, limits).await;
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Time), "{}", chain(&error));
    assert_eq!(error.stage(), Some("seal"), "{}", chain(&error));
}
