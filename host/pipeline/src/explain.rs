//! What a payload is, layer by layer, without showing what it holds.

use cloakroom_core::{Claim, Context, Direction, Error, Payload};

use crate::{
    Pipeline,
    admission::AdmittedCall,
    item::{self, BodyAddress, CountedPayload},
    offload::proofs::Proof,
    offload::reference::Kind,
    offload::retrieve::PendingReference,
    offload::storage::{self, at_driver},
};

/// What a payload is: from how it lies in a history to what a worker would see.
#[derive(Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// As it came, and what was found in it, outside in.
    pub layers: Vec<Layer>,
    /// Where it is stored, if it stands for an object elsewhere.
    pub stored: Option<Stored>,
    /// What kept the next layer from being reached.
    pub trouble: Option<Error>,
}

/// One layer of a payload.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Layer {
    /// The stage or the driver that gave it back; none for the payload as it came.
    pub by: Option<String>,
    /// Its encoding.
    pub encoding: Option<String>,
    /// Bytes of its protobuf message.
    pub bytes: usize,
    /// The id of the key that it is sealed under, if it says so.
    pub key: Option<String>,
    /// The names of all its metadata. Values are contents.
    pub metadata: Vec<String>,
}

/// Where an object is stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stored {
    /// The driver's name, as the reference has it.
    pub driver: String,
    /// What kind of storage that driver is, if it is configured.
    pub kind: Option<String>,
    /// Whether the reference itself was encoded.
    pub encoded: bool,
    /// What the driver wrote to find the object again.
    pub claim: Claim,
    /// The size that the history tells.
    pub told: Option<i64>,
    /// Whether the claim proves that this pipeline wrote it; none if that is not checked here.
    pub proven: Option<bool>,
    /// Whether the object is there, with the claim's size and SHA-256.
    pub verified: bool,
}

/// Whether an explanation asks stores for objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// No store is asked. A reference is explained as far as its claim goes.
    Nothing,
    /// Objects are fetched, checked and opened.
    Objects,
}

/// Where encodings keep the id of their key, in the clear.
const KEYS: [&str; 2] = ["sealed-key", "encryption-key-id"];

impl Layer {
    fn of(payload: &Payload, by: Option<&str>) -> Self {
        let text = |name: &&str| {
            let value = payload.metadata.get(*name)?;
            std::str::from_utf8(value).ok().map(storage::printable)
        };
        Self {
            by: by.map(str::to_owned),
            encoding: payload.encoding().map(storage::printable),
            bytes: payload.encoded_len(),
            key: KEYS.iter().find_map(text),
            metadata: payload.metadata.keys().map(|name| storage::printable(name)).collect(),
        }
    }
}

impl Pipeline {
    /// Says what a payload is. What it stands for is fetched and checked, and every stage that knows
    /// a layer opens it; contents are not printable.
    pub async fn explain(&self, ctx: &Context, payload: Payload) -> Explanation {
        self.explain_opened(ctx, payload, Fetch::Objects).await.0
    }

    /// Explains a payload as [`Pipeline::explain`] does, and returns its innermost layer as well,
    /// which is what a worker would see. There is none if a layer could not be opened, or if its
    /// object was not fetched.
    pub async fn explain_opened(
        &self,
        ctx: &Context,
        payload: Payload,
        fetch: Fetch,
    ) -> (Explanation, Option<Payload>) {
        let layers = vec![Layer::of(&payload, None)];
        let mut explanation = Explanation { layers, stored: None, trouble: None };
        match self.open_layers(ctx, payload, fetch, &mut explanation).await {
            Ok(innermost) => (explanation, innermost),
            Err(error) => {
                explanation.trouble = Some(error);
                (explanation, None)
            }
        }
    }

    async fn open_layers(
        &self,
        ctx: &Context,
        payload: Payload,
        fetch: Fetch,
        explanation: &mut Explanation,
    ) -> Result<Option<Payload>, Error> {
        if self.is_envelope(&payload) {
            return Ok(Some(payload));
        }
        let admitted = self.begin(ctx, Direction::Decode, 1).await?;
        let AdmittedCall { ctx, memory, .. } = &admitted;
        let kind = Kind::of(&payload);
        let mut held = CountedPayload::callers(memory, payload);
        let encoded = matches!(kind, Kind::Marked);
        if encoded {
            held = self.unmark(ctx, 0, held).await?;
            explanation.layers.push(Layer::of(&held.payload, Some("reference, decoded")));
        }
        match kind {
            Kind::Ordinary => {}
            Kind::Marked | Kind::Reference => {
                match self.follow(ctx, &held.payload, encoded, fetch, explanation).await? {
                    Some(object) => held = object,
                    None => return Ok(None),
                }
            }
        }
        let CountedPayload { mut payload, mut charge } = held;
        for stage in self.stages.iter().rev() {
            let before = BodyAddress::of(&payload);
            let known = stage.owns(&payload);
            payload = stage.decode(ctx, 0, payload).await?;
            charge.update(before, &payload)?;
            if known {
                explanation.layers.push(Layer::of(&payload, Some(stage.name())));
            }
        }
        Ok(Some(payload))
    }

    async fn follow(
        &self,
        ctx: &Context,
        payload: &Payload,
        encoded: bool,
        fetch: Fetch,
        explanation: &mut Explanation,
    ) -> Result<Option<CountedPayload>, Error> {
        let pending = PendingReference::read(0, payload)?;
        let reference = &pending.reference;
        let storage = self.storage.as_ref();
        let driver = storage.and_then(|storage| storage.drivers.get(&*reference.driver));
        let proofs = storage.and_then(|storage| storage.proofs.as_ref());
        let stored = explanation.stored.insert(Stored {
            driver: storage::printable(&reference.driver),
            kind: driver.map(|driver| driver.kind().to_owned()),
            encoded,
            claim: reference.claim.clone(),
            told: pending.sizes.first().copied(),
            proven: proofs.map(|proofs| {
                let proven = proofs.check(ctx, &reference.driver, &reference.claim);
                matches!(proven, Ok(Proof::Size(_)))
            }),
            verified: false,
        });
        let storage = storage.ok_or_else(storage::unresolved)?;
        let fetched = match fetch {
            Fetch::Objects => storage.retrieve_payload(ctx, &pending).await.map(Some),
            Fetch::Nothing => storage.driver(&reference.driver).map(|_| None),
        };
        let fetched = fetched.map_err(at_driver(&reference.driver, Direction::Decode, 0))?;
        let Some((fetched, object)) = fetched else {
            return Ok(None);
        };
        stored.verified = true;
        let by = format!("storage {}", stored.driver);
        explanation.layers.push(Layer::of(&fetched, Some(&by)));
        Ok(Some(CountedPayload::fetched(&item::memory(ctx), fetched, object)?))
    }
}
