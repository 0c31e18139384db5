//! A codec in Rust, as a stage of a pipeline.
//! `cargo run -p cloakroom --example native_codec`
#![allow(clippy::indexing_slicing, clippy::print_stdout, reason = "an example")]

use cloakroom::{
    BoxFuture, Codec, Context, Error, Payload, Pipeline, Stage,
    codec::{Description, Encoded, Purpose},
};

/// Writes payloads backwards.
struct Reverse(Description);

impl Codec for Reverse {
    fn description(&self) -> &Description {
        &self.0
    }

    /// Encodes the whole payload, with its metadata, so that decoding gives back both.
    fn encode<'a>(
        &'a self,
        _: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        let mut bytes = payload.envelope().to_bytes().to_vec();
        bytes.reverse();
        Box::pin(async move { Ok(Encoded::Changed(Payload::new("binary/reversed", bytes))) })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        let mut bytes = payload.data.to_vec();
        bytes.reverse();
        Box::pin(async move { Payload::from_envelope(bytes.into()) })
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Decoding asks the codec for payloads of this encoding, and for no others.
    let encodings = vec!["binary/reversed".to_owned()];
    let codec = Reverse(Description { encodings, purpose: Purpose::Conversion });
    let pipeline = Pipeline::builder().with_stage(Stage::new("reverse", codec)).build()?;

    let sent = vec![Payload::new("json/plain", "\"stressed\"")];
    let encoded = pipeline.encode(&Context::none(), sent.clone()).await?;
    let decoded = pipeline.decode(&Context::none(), encoded.clone()).await?;
    println!(
        "encoded: {}",
        String::from_utf8_lossy(&encoded[0].data).replace(char::is_control, " ")
    );
    println!("decoded: {}", String::from_utf8_lossy(&decoded[0].data));
    assert_eq!(decoded, sent);
    Ok(())
}
