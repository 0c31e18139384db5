//! `demo`: two sandboxed plugins at work on one payload, with no server and no account.

use std::{
    io::{self, Write as _},
    sync::Arc,
    time::{Duration, Instant},
};

use cloakroom::{
    Context, Grants, Host, Material, Payload, Pipeline, PluginCodec, Reuse, Ring, Settings, Stage,
    World,
};

use crate::{
    args::Demo,
    change::cache_folder,
    failure::Failure,
    table::{table, thousands},
};

/// A key for everybody to see: what the demo seals is nobody's secret.
const KEY: [u8; 32] = *b"this key is public: a demo's key";

pub(crate) async fn run(args: &Demo) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut host = Host::builder();
    if let Some(folder) = cache_folder() {
        host = host.cache(folder);
    }
    let host = host.build()?;
    writeln!(out, "Loading two plugins. The first time, they are compiled for this machine.\n")?;
    let ring = Arc::new(Ring::of("demo-2026", &Material::new(KEY)).map_err(Failure::operation)?);
    let sealing = Settings::none().set("ring", "demo");
    let zstd = load(&host, &mut out, "zstd", Grants::none(), Settings::none()).await?;
    let aes = load(&host, &mut out, "aes-gcm", Grants::none().keys("demo", ring), sealing).await?;

    let ctx = Context::namespace("demo");
    let original = ocr_result(args.size.as_usize());
    let mut rows = vec![
        ["", "encoding", "bytes", "time"].map(str::to_owned).to_vec(),
        row("what the worker sends", &original, None),
    ];
    let zstd =
        Pipeline::builder().stage(Stage::new("zstd", zstd)).build().map_err(Failure::usage)?;
    let aes = Stage::new("aes-gcm", aes).required();
    let aes = Pipeline::builder().stage(aes).build().map_err(Failure::usage)?;

    let compressed =
        step(&mut rows, "zstd: compressed", zstd.encode(&ctx, vec![original.clone()])).await?;
    let sealed = step(&mut rows, "aes-gcm: sealed", aes.encode(&ctx, compressed)).await?;
    let opened = step(&mut rows, "aes-gcm: opened", aes.decode(&ctx, sealed)).await?;
    let decoded = step(&mut rows, "zstd: decompressed", zstd.decode(&ctx, opened)).await?;

    writeln!(out, "\n{}", table(&rows))?;
    if decoded != [original] {
        return Err(Failure::operation("what came back is not what was sent"));
    }
    writeln!(out, "What came back is what was sent, byte for byte. The middle row is all that a")?;
    writeln!(out, "workflow engine would have stored; the key never entered a plugin.")?;
    Ok(())
}

async fn load(
    host: &Host,
    out: &mut impl io::Write,
    name: &str,
    grants: Grants,
    settings: Settings,
) -> Result<PluginCodec, Failure> {
    let start = Instant::now();
    let plugin = host.load(cloakroom::bundled(name)?, grants).await?;
    let codec = plugin.codec(settings, Reuse::Fresh).await?;
    let inspection = plugin.inspection();
    let may = match inspection.world {
        Some(World::Compressor) => "imports nothing it could misuse",
        Some(World::Cipher) => "may seal with the key ring `demo`, and never sees a key",
        _ => "has a world of its own",
    };
    writeln!(
        out,
        "  {name:<8} {:>9} bytes of WebAssembly, loaded in {}: {may}",
        thousands(inspection.size),
        time(start.elapsed())
    )?;
    Ok(codec)
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

/// What a document scanner finds on an invoice: the kind of result that outgrows a workflow.
fn ocr_result(size: usize) -> Payload {
    let mut json = String::from("{\"pages\":[{\"words\":[");
    let words = ["Invoice", "No.", "Amount", "due", "net", "30", "days", "Total", "EUR", "VAT"];
    for (index, word) in words.iter().cycle().enumerate() {
        if size <= json.len() + 96 {
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
