//! Explanation of a payload, layer by layer, without its contents.

use cloakroom_core::{Claim, Context, Direction, Error, Payload};

use crate::{
    Pipeline,
    admission::Call,
    item::{self, CountedPayload, Item},
    offload::proofs::Proof,
    part::at_driver,
    printable::printable,
    reference::ReferenceFormat,
};

/// Layers of a payload, from the history to the worker.
#[derive(Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The payload as it came, and its inner layers, from outside in.
    pub layers: Vec<Layer>,
    /// Stored object that it refers to, if it is a reference.
    pub stored: Option<Stored>,
    /// Error that kept the next layer from being opened.
    pub trouble: Option<Error>,
}

/// Layer of a payload.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Layer {
    /// Stage or driver that returned it; none for the payload as it came.
    pub by: Option<String>,
    /// Encoding.
    pub encoding: Option<String>,
    /// Size of its protobuf message in bytes.
    pub bytes: usize,
    /// Id of the key that it is encrypted under, if the metadata has one: at most 64 characters, without
    /// control characters.
    pub key: Option<String>,
    /// Whole id of that key. A stranger may have written it.
    pub key_id: Option<String>,
    /// Names of its metadata. Values are contents, and are left out.
    pub metadata: Vec<String>,
}

/// Object in external storage.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stored {
    /// Name of the driver in the reference.
    pub driver: String,
    /// Kind of the driver, if it is configured.
    pub kind: Option<String>,
    /// Whether the reference itself was encoded.
    pub encoded: bool,
    /// Claim of the driver.
    pub claim: Claim,
    /// Size in the reference.
    pub told: Option<i64>,
    /// Whether the claim proves that this pipeline wrote it; none if proofs are not configured.
    pub proven: Option<bool>,
    /// Whether the object was retrieved, with the claim's size and SHA-256.
    pub verified: bool,
}

/// Access of an explanation to stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Asks no store. A reference is explained as far as its claim goes.
    Nothing,
    /// Retrieves, checks and decodes objects.
    Objects,
}

/// Metadata in which encodings keep the id of their key, in plaintext.
const KEYS: [&str; 2] = ["sealed-key", "encryption-key-id"];

impl Layer {
    fn of(payload: &Payload, by: Option<&str>) -> Self {
        let text = |name: &&str| std::str::from_utf8(payload.metadata.get(*name)?).ok();
        let key_id = KEYS.iter().find_map(text).map(str::to_owned);
        Self {
            by: by.map(str::to_owned),
            encoding: payload.encoding().map(printable),
            bytes: payload.encoded_len(),
            key: key_id.as_deref().map(printable),
            key_id,
            metadata: payload.metadata.keys().map(|name| printable(name)).collect(),
        }
    }
}

impl Pipeline {
    /// Explains a payload layer by layer, without contents.
    ///
    /// The object of a reference is retrieved and checked, and each layer is decoded by the stage
    /// that knows its encoding. What fails is in [`Explanation::trouble`].
    pub async fn explain(&self, ctx: &Context, payload: Payload) -> Explanation {
        self.explain_opened(ctx, payload, Fetch::Objects).await.0
    }

    /// Explains a payload as [`Pipeline::explain`] does, and returns its innermost layer as well, which a
    /// worker would see. There is none if a layer could not be opened, or if its object was not
    /// retrieved.
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
                explanation.trouble = Some(self.name_remedies(error));
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
        // The workflow engine reads an envelope, so no stage has touched it and there are no
        // layers.
        if self.is_envelope(&payload) {
            return Ok(Some(payload));
        }
        let (call, mut items) = self.begin(ctx, Direction::Decode, vec![payload]).await?;
        let (format, item) = (self.format.as_deref(), items.pop());
        let opened = match (item, format) {
            (Some(Item::EncodedReference(encoded)), Some(format)) => {
                let reference = self.decode_reference(&call, format, encoded).await?;
                let layer = Layer::of(&reference.payload, Some("reference, decoded"));
                explanation.layers.push(layer);
                self.follow(&call, format, reference, true, fetch, explanation).await?
            }
            (Some(Item::Reference(reference, _)), Some(format)) => {
                self.follow(&call, format, reference, false, fetch, explanation).await?
            }
            (item, _) => item.and_then(Item::into_payload),
        };
        let Some(mut counted) = opened else {
            return Ok(None);
        };
        // As in decoding, but an error leaves the layers that were opened: they show where a
        // payload is stuck.
        for stage in self.stages.iter().rev() {
            let is_owned = stage.owns(&counted.payload);
            let before = counted.body_address();
            stage.decode(&call.ctx, 0, &mut counted.payload).await?;
            counted.recount(before)?;
            if is_owned {
                explanation.layers.push(Layer::of(&counted.payload, Some(stage.name())));
            }
        }
        Ok(Some(counted.payload))
    }

    /// Explains a reference, and returns its object if that is asked for.
    async fn follow(
        &self,
        call: &Call,
        format: &dyn ReferenceFormat,
        payload: CountedPayload,
        encoded: bool,
        fetch: Fetch,
        explanation: &mut Explanation,
    ) -> Result<Option<CountedPayload>, Error> {
        let reference = format.read(&payload.payload)?;
        let storage = self.storage.as_ref();
        let driver = storage.and_then(|storage| storage.drivers.get(&*reference.driver));
        let proofs = storage.and_then(|storage| storage.proofs.as_ref());
        // Noted before the store is asked: driver and claim matter most when the object cannot be
        // read.
        let stored = explanation.stored.insert(Stored {
            driver: printable(&reference.driver),
            kind: driver.map(|driver| driver.kind().to_owned()),
            encoded,
            claim: reference.claim.clone(),
            told: reference.size,
            proven: proofs.map(|proofs| {
                let proof = proofs.check(&call.ctx, &reference.driver, &reference.claim);
                matches!(proof, Ok(Proof::Size(_)))
            }),
            verified: false,
        });
        let storage = storage.ok_or_else(|| self.no_storage())?;
        let retrieved = match fetch {
            Fetch::Objects => storage.retrieve_payload(&call.ctx, 0, &reference).await.map(Some),
            Fetch::Nothing => storage.driver(&reference.driver).map(|_| None),
        };
        let retrieved = retrieved.map_err(at_driver(&reference.driver, Direction::Decode, 0))?;
        let Some((object, charge)) = retrieved else {
            return Ok(None);
        };
        stored.verified = true;
        let by = format!("storage {}", stored.driver);
        explanation.layers.push(Layer::of(&object, Some(&by)));
        let memory = item::memory(&call.ctx);
        Ok(Some(CountedPayload::retrieved(0, &memory, object, charge)?))
    }
}
