//! Command `demo`: runs one payload through three sandboxed plugins, without a server.

use std::{
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    sync::Arc,
    time::{Duration, Instant},
};

use cloakroom::{
    ByteSize, Context, Payload, Pipeline, Stage,
    keys::{KeyMaterial, Ring},
    pipeline::Kind,
    plugin::{Grants, Host, Plugin, Reuse, Settings},
    storage::{BucketAccess, BucketUrl, Offload, TemporalReferences},
};

use crate::{
    args::Demo,
    failure::Failure,
    open::host_builder,
    table::{table, thousands},
};

/// Key of the demo. It is public, because the payload is a sample.
const KEY: [u8; 32] = *b"this key is public: a demo's key";

/// Threshold of storage: the default of Temporal's SDKs.
const THRESHOLD: ByteSize = ByteSize::kib(256);

pub(crate) async fn run(args: &Demo) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let folder = Folder::new()?;
    let host = host_builder().build()?;
    writeln!(out, "Loading three plugins. The first time, they are compiled for this machine.\n")?;
    let stages = stages(&host, &mut out).await?;
    let store = store(&host, &mut out, &folder).await?;

    let ctx = Context::namespace("demo").with_target(Kind::Workflow, "invoice 17", "Scan", None);
    let original = ocr_result(args.size.as_usize());
    let mut rows = vec![
        ["", "encoding", "bytes", "time"].map(str::to_owned).to_vec(),
        row("sent by the worker", &original, None),
    ];
    // A pipeline for each stage, so that each step can be timed and shown.
    let [zstd, aes] = stages.map(|stage| Pipeline::builder().with_stage(stage).build());
    let (zstd, aes) = (zstd.map_err(Failure::usage)?, aes.map_err(Failure::usage)?);
    let sent = vec![original.clone()];
    let compressed = step(&mut rows, "zstd: compressed", zstd.encode(&ctx, sent)).await?;
    let sealed = step(&mut rows, "aes-gcm: encrypted", aes.encode(&ctx, compressed)).await?;
    let kept = step(&mut rows, "file: stored, a claim remains", store.encode(&ctx, sealed)).await?;
    let stored = folder.objects()?;
    let fetched = step(&mut rows, "file: fetched and checked", store.decode(&ctx, kept)).await?;
    let opened = step(&mut rows, "aes-gcm: decrypted", aes.decode(&ctx, fetched)).await?;
    let decoded = step(&mut rows, "zstd: decompressed", zstd.decode(&ctx, opened)).await?;

    writeln!(out, "\n{}", table(&rows))?;
    if decoded != [original] {
        return Err(Failure::operation(
            "the payload that came back differs from the one that was sent: please report this",
        ));
    }
    writeln!(
        out,
        "The payload came back byte for byte. The fourth row is all that a workflow engine"
    )?;
    writeln!(
        out,
        "would have stored. The key never entered a plugin, and the bytes never entered the"
    )?;
    writeln!(out, "driver, which only named the object:\n")?;
    for key in stored {
        writeln!(out, "  {key}")?;
    }
    if THRESHOLD.as_usize() > args.size.as_usize() {
        writeln!(out, "\nPayloads below {THRESHOLD} stay in the history: try --size 3MiB.")?;
    }
    Ok(())
}

async fn stages(host: &Host, out: &mut impl io::Write) -> Result<[Stage; 2], Failure> {
    let ring =
        Arc::new(Ring::single("demo-2026", &KeyMaterial::new(KEY)).map_err(Failure::operation)?);
    let may = "imports nothing it could misuse";
    let zstd = load(host, out, "zstd", Grants::none(), may).await?;
    let may = "may encrypt with the key ring `demo`, and never sees a key";
    let aes = load(host, out, "aes-gcm", Grants::none().with_keys("demo", ring), may).await?;
    let sealing = Settings::none().with_setting("ring", "demo");
    Ok([
        Stage::new("zstd", zstd.codec(Settings::none(), Reuse::Fresh).await?),
        Stage::new("aes-gcm", aes.codec(sealing, Reuse::Fresh).await?).required(),
    ])
}

async fn store(
    host: &Host,
    out: &mut impl io::Write,
    folder: &Folder,
) -> Result<Pipeline, Failure> {
    let bucket = Arc::new(BucketUrl::new(format!("file:{}", folder.0.display())).open()?);
    let grants = Grants::none().with_bucket("payloads", bucket, BucketAccess::whole());
    let may = "may use the bucket `payloads`, and no other file";
    let file = load(host, out, "file", grants, may).await?;
    let driver =
        file.driver(Settings::none().with_setting("bucket", "payloads"), Reuse::Fresh).await?;
    // Without a cache, so that the payload is read back from the folder.
    let offload = Offload::new(THRESHOLD).with_driver("local.filedriver", driver);
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    Pipeline::builder()
        .with_reference_format(TemporalReferences)
        .with_offload(offload)
        .build()
        .map_err(Failure::usage)
}

async fn load(
    host: &Host,
    out: &mut impl io::Write,
    name: &str,
    grants: Grants,
    may: &str,
) -> Result<Plugin, Failure> {
    let start = Instant::now();
    let plugin = host.load(cloakroom::plugin::bundled(name)?, grants).await?;
    writeln!(
        out,
        "  {name:<8} {:>9} bytes of WebAssembly, loaded in {}: {may}",
        thousands(plugin.inspection().size),
        time(start.elapsed())
    )?;
    Ok(plugin)
}

/// Temporary folder, removed on drop.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let name = format!("cloakroom-demo-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // The name can be guessed and the temporary folder is everybody's: this fails if somebody
        // made the folder first.
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| Failure::io(error, format!("cannot make `{}`", path.display())))?;
        Ok(Self(path))
    }

    /// Returns the keys of all stored objects, with their sizes.
    fn objects(&self) -> Result<Vec<String>, Failure> {
        let (mut found, mut folders) = (Vec::new(), vec![self.0.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let (entry, size) = entry.and_then(|entry| {
                    let metadata = entry.metadata()?;
                    Ok((entry.path(), metadata.is_file().then_some(metadata.len() as usize)))
                })?;
                match size {
                    None => folders.push(entry),
                    Some(size) => {
                        let key = entry.strip_prefix(&self.0).unwrap_or(&entry).display();
                        found.push(format!("{key}   {} bytes", thousands(size)));
                    }
                }
            }
        }
        Ok(found)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // If this fails, the system cleans its temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn step(
    rows: &mut Vec<Vec<String>>,
    what: &str,
    work: impl Future<Output = Result<Vec<Payload>, cloakroom::Error>>,
) -> Result<Vec<Payload>, Failure> {
    let start = Instant::now();
    let payloads = work.await?;
    let elapsed = start.elapsed();
    rows.extend(payloads.iter().map(|payload| row(what, payload, Some(elapsed))));
    Ok(payloads)
}

fn row(what: &str, payload: &Payload, elapsed: Option<Duration>) -> Vec<String> {
    let encoding = payload.encoding().unwrap_or("none").to_owned();
    let bytes = thousands(payload.encoded_len());
    vec![what.to_owned(), encoding, bytes, elapsed.map(time).unwrap_or_default()]
}

fn time(elapsed: Duration) -> String {
    match elapsed.as_micros() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros / 100 % 10),
        micros => format!("{}.{} s", micros / 1_000_000, micros / 100_000 % 10),
    }
}

/// Returns the JSON of a document scanner, a typical result that is too large for a history.
fn ocr_result(size: usize) -> Payload {
    let mut json = String::from("{\"pages\":[{\"words\":[");
    let words = ["Invoice", "No.", "Amount", "due", "net", "30", "days", "Total", "EUR", "VAT"];
    for (index, word) in words.iter().cycle().enumerate() {
        // An entry takes fewer than 96 bytes.
        if json.len() + 96 >= size {
            break;
        }
        let (x, y) = (index * 37 % 595, index * 53 % 842);
        let confidence = 9_000 + index * 7_919 % 1_000;
        json.push_str(&format!(
            "{{\"text\":\"{word}\",\"box\":[{x},{y},{},{}],\"confidence\":0.{confidence}}},",
            x + 12 + word.len() * 5,
            y + 11
        ));
    }
    json.push_str("{\"text\":\"end\"}]}]}");
    Payload::new("json/plain", json)
}
