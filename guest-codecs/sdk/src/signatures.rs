//! The bindings of a component and their native stand-ins have the same signatures.
//!
//! This is compiled for both. A plugin that compiles natively would otherwise fail in WebAssembly, on
//! its author's machine and not here.

#![expect(clippy::type_complexity, reason = "the signatures are the point")]

use crate::{
    Buffer, Context, Description, Error, Payload, Purpose, Writer,
    blobs::{self, Bucket, Mode, Outcome},
    http::{self, Headers, Response, Service},
    keys::{self, Sealed},
    log, random, secrets,
    subkeys::{self, Subkey},
};

type Metadata = Vec<(String, Vec<u8>)>;
type Seal = fn(&str, &Buffer, &[u8]) -> Result<Sealed, Error>;
type Open = fn(&str, &str, &Buffer, &[u8]) -> Result<Buffer, Error>;
type Derive = fn(&str, Option<&str>, &str, &[u8], u32) -> Result<Subkey, Error>;

const _: fn(&[u8]) -> Buffer = Buffer::new;
const _: fn(&Buffer) -> u64 = Buffer::length;
const _: fn(&Buffer, u64, u32) -> Vec<u8> = Buffer::read;
const _: fn(&Buffer, u64, u64) -> Buffer = Buffer::slice;
const _: fn(&Buffer) -> Vec<u8> = Buffer::sha256;

const _: fn() -> Writer = Writer::new;
const _: fn(&Writer, &[u8]) = Writer::write;
const _: fn(&Writer, &Buffer) = Writer::append;
const _: fn(Writer) -> Buffer = Writer::finish;

const _: fn(&[(String, Vec<u8>)], &Buffer) -> Payload = Payload::new;
const _: fn(&Buffer) -> Result<Payload, Error> = Payload::from_envelope;
const _: fn(&Payload) -> Buffer = Payload::envelope;
const _: fn(&Payload) -> Buffer = Payload::data;
const _: fn(&Payload) -> Metadata = Payload::metadata;
const _: fn(&Payload, &str) -> Option<Vec<u8>> = Payload::get;

const _: [fn(&Context) -> Option<String>; 5] =
    [Context::namespace, Context::kind, Context::id, Context::type_name, Context::run_id];
const _: fn(&Context) -> u64 = Context::time_left;

const _: [Seal; 3] = [keys::seal, keys::seal_repeatably, keys::seal_aes_gcm];
const _: [Open; 2] = [keys::open, keys::open_aes_gcm];
const _: fn(Sealed) -> (String, Buffer) = |Sealed { key, data }| (key, data);
const _: Derive = subkeys::derive;
const _: fn(Subkey) -> (String, Vec<u8>) = |Subkey { id, bytes }| (id, bytes);

const _: [fn(&str) -> Result<Bucket, Error>; 2] = [blobs::open, blobs::find];
const _: fn(&Bucket) -> String = Bucket::name;
const _: fn(&Bucket, &str, &Buffer, Mode) -> Result<Outcome, Error> = Bucket::put;
const _: fn(&Bucket, &str, u64) -> Result<Buffer, Error> = Bucket::get;
const _: fn(&Bucket, &str) -> Result<Option<u64>, Error> = Bucket::size;
const _: fn(&Bucket, &str) -> Result<(), Error> = Bucket::remove;
const _: fn(&Bucket, &str, Option<&str>) -> Result<Vec<String>, Error> = Bucket::list;
const _: [Mode; 2] = [Mode::Create, Mode::Overwrite];
const _: [Outcome; 2] = [Outcome::Written, Outcome::AlreadyThere];

type Send =
    fn(&Service, &str, &str, &[(String, String)], Option<&Buffer>, u64) -> Result<Response, Error>;

const _: fn(&str) -> Result<Service, Error> = http::open;
const _: Send = Service::request;
const _: fn(Response) -> (u16, Headers, Buffer) =
    |Response { status, headers, body }| (status, headers, body);

const _: fn(log::Level, &str) = log::write;
const _: fn(u32) -> Vec<u8> = random::draw;
const _: fn(&str) -> Result<Vec<u8>, Error> = secrets::get;

const _: fn(Description) -> (Vec<String>, Purpose) =
    |Description { encodings, purpose }| (encodings, purpose);
const _: [Purpose; 3] = [Purpose::Compression, Purpose::Conversion, Purpose::Encryption];

/// All errors: the match is exhaustive.
const _: fn(Error) -> String = |error| match error {
    Error::Malformed(reason)
    | Error::Misconfigured(reason)
    | Error::Denied(reason)
    | Error::NotFound(reason)
    | Error::Unavailable(reason)
    | Error::TooLarge(reason)
    | Error::Other(reason) => reason,
};
