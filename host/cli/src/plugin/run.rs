//! Command `plugin run`: calls a plugin once for each payload, and shows what it does.

mod trace_text;

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::Path,
};

use cloakroom::{
    ByteSize, Codec as _, Context, Driver as _, Payload,
    codec::Encoded,
    plugin::{Plugin, Reuse},
    storage::Claim,
    temporal::json,
};

use super::{
    args::{Call, Run},
    candidate::{Candidate, is_driver},
    made_up_key::MadeUpKey,
    measure, sample,
};
use crate::failure::Failure;

/// Namespace of the calls.
const NAMESPACE: &str = "default";

pub(crate) async fn run(args: &Run) -> Result<(), Failure> {
    let candidate = Candidate::read(&args.plugin).await?;
    let host = Candidate::host(candidate.limits.clone())?;
    let grants = candidate.grants(MadeUpKey::First)?;
    let grants = if args.trace { grants.with_trace(trace_text::trace()) } else { grants };
    let plugin = candidate.load(&host, grants).await?;
    check_kind(args.call, is_driver(&plugin))?;
    let input = read(args.input.as_deref())?;
    let out = if is_driver(&plugin) {
        let largest = candidate.limits.output;
        call_driver(&candidate, &plugin, args.call, input, largest).await?
    } else {
        call_codec(&candidate, &plugin, args.call, &input).await?
    };
    Ok(io::stdout().lock().write_all(&out)?)
}

/// Refuses calls that the plugin does not have.
fn check_kind(call: Call, is_driver: bool) -> Result<(), Failure> {
    let text = match (call.store || call.retrieve, is_driver) {
        (true, false) => "the plugin is a codec: call it with --encode or --decode",
        (false, true) => "the plugin is a storage driver: call it with --store or --retrieve",
        _ => return Ok(()),
    };
    Err(Failure::usage(text))
}

async fn call_codec(
    candidate: &Candidate,
    plugin: &Plugin,
    call: Call,
    input: &[u8],
) -> Result<Vec<u8>, Failure> {
    let codec = candidate.codec(plugin, Reuse::Fresh).await?;
    let ctx = Context::namespace(NAMESPACE);
    let mut answers = Vec::new();
    for payload in json::read(input)? {
        let answer = if call.encode {
            match codec.encode(&ctx, &payload).await? {
                Encoded::Changed(encoded) => encoded,
                Encoded::Unchanged => payload,
            }
        } else if measure::owns(&codec, &payload) {
            codec.decode(&ctx, payload).await?
        } else {
            // A pipeline does not offer it either.
            payload
        };
        answers.push(answer);
    }
    Ok(json::write(&answers)?)
}

async fn call_driver(
    candidate: &Candidate,
    plugin: &Plugin,
    call: Call,
    input: Vec<u8>,
    largest: ByteSize,
) -> Result<Vec<u8>, Failure> {
    let driver = candidate.driver(plugin, Reuse::Fresh).await?;
    let ctx = Context::namespace(NAMESPACE);
    if call.store {
        let object = sample::object(&Payload::new("binary/plain", input));
        let claim = driver.store(&ctx, object).await?;
        return Ok(format!("{:#}\n", serde_json::json!(claim)).into_bytes());
    }
    let claim: Claim = serde_json::from_slice(&input).map_err(|error| {
        Failure::usage(format!("the input is no claim, such as {{\"key\": \"x\"}}: {error}"))
    })?;
    let envelope = driver.retrieve(&ctx, &claim, largest).await?;
    Ok(json::write(&[Payload::from_envelope(envelope)?])?)
}

fn read(path: Option<&Path>) -> Result<Vec<u8>, Failure> {
    if let Some(path) = path {
        return fs::read(path)
            .map_err(|error| Failure::io(error, format!("cannot read {}", path.display())));
    }
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        // Otherwise a command without a pipe looks as if it hung.
        eprintln!("reading the input from standard input: end it with Ctrl-D");
    }
    let mut input = Vec::new();
    stdin.read_to_end(&mut input)?;
    Ok(input)
}
