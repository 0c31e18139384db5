//! Sentences with figures, each refused if the figures do not keep what it promises.

use anyhow::{Result, ensure};

use super::measured::{Measured, Row};

/// Least ratio that still is "as fast as".
const AS_FAST: f64 = 0.9;

/// Story of the gateway that the sentences are about.
const CALLS: &str = "16 callers, 1 kB; plaintext, identity";

/// Column of the benchmark of peers.
const RATIO: &str = "Extism / Cloakroom";

/// Writes a sentence, or refuses to.
type Sentence = fn(&Measured) -> Result<String>;

/// Sentences, and the benchmark that each is about.
const SENTENCES: [(&str, Sentence); 5] = [
    ("price", plugin),
    ("peers", extism),
    ("storage", storage),
    ("server", codec_server),
    ("gateway", gateway),
];

/// Returns the lines of the README.
pub(super) fn of_readme(measured: &Measured) -> Result<String> {
    let run = measured.runs(&benches(measured))?;
    let lines = sentences(measured)?.join("\n");
    let source =
        "[performance](host/docs/performance.md) has all tables, and the goals that are missed";
    Ok(format!("{lines} Measured {run}, on two of its cores; {source}.\n"))
}

/// Returns the lines of the page about performance.
pub(super) fn of_page(measured: &Measured) -> Result<String> {
    let lines =
        sentences(measured)?.iter().map(|sentence| format!("- {sentence}\n")).collect::<String>();
    Ok(format!("In short, measured {}:\n{lines}", measured.runs(&benches(measured))?))
}

/// Returns the benchmarks of which there is a run. Sentences about others are left out.
fn benches(measured: &Measured) -> Vec<&'static str> {
    SENTENCES.iter().map(|(bench, _)| *bench).filter(|bench| measured.has(bench)).collect()
}

fn sentences(measured: &Measured) -> Result<Vec<String>> {
    let known = SENTENCES.iter().filter(|(bench, _)| measured.has(bench));
    let sentences = known.map(|(_, sentence)| sentence(measured)).collect::<Result<Vec<_>>>()?;
    ensure!(
        !sentences.is_empty(),
        "there are no figures: run `cargo xtask bench price --json FILE`"
    );
    Ok(sentences)
}

fn plugin(measured: &Measured) -> Result<String> {
    let table = measured.table("price", "calls")?;
    let row = table.row(&[("operation", "AES-256-GCM, encode"), ("size", "1 KiB")])?;
    let native = row.figure("native")?;
    let (warm, fresh) = (row.figure("warm")? - native, row.figure("fresh")? - native);
    ensure!(
        0.0 < warm && warm < fresh,
        "the README promises that a warm instance costs less than a fresh one, and {} has {warm} and {fresh} seconds",
        row.name
    );
    Ok(format!(
        "A plugin adds {} to a payload on a fresh instance, the default, and {} on a warm one (`aes-gcm`, 1 KiB, beside the same in native Rust).",
        micros(fresh),
        micros(warm)
    ))
}

fn extism(measured: &Measured) -> Result<String> {
    let rows = measured.table("peers", "an instance for each call")?.rows(&[])?;
    let [least, most] = range(&rows, RATIO)?;
    ensure!(
        least.1 > 1.0,
        "the README promises that fresh instances are faster than Extism's, and {} has {:.2}",
        least.0,
        least.1
    );
    let rows = measured.table("peers", "one instance")?.rows(&[])?;
    let [kept_least, kept_most] = range(&rows, RATIO)?;
    Ok(format!(
        "AES-GCM and zstd are {:.1} to {:.1} times as fast as in Extism with an instance for each call, and {:.1} to {:.1} times with one that stays (1 KiB to 32 MiB).",
        least.1, most.1, kept_least.1, kept_most.1
    ))
}

fn storage(measured: &Measured) -> Result<String> {
    let rows = measured.table("storage", "driver")?.rows(&[])?;
    let [least, most] = range(&rows, "direct / plugin")?;
    ensure!(
        least.1 >= AS_FAST,
        "the README promises `as fast as object_store`, and {} has {:.2}",
        least.0,
        least.1
    );
    Ok(format!(
        "Storing and retrieving 4 and 50 MiB through a plugin is as fast as `object_store` itself: {:.2} to {:.2} times.",
        least.1, most.1
    ))
}

fn codec_server(measured: &Measured) -> Result<String> {
    let table = measured.table("server", "processor time")?;
    let ratio = |size| -> Result<f64> {
        let row = table.row(&[("CPU of a request", size), ("connections", "64")])?;
        let ratio = row.figure("Python / Cloakroom")?;
        ensure!(
            ratio > 1.0,
            "the README promises less processor time than Python's codec server, and {} has {ratio:.1}",
            row.name
        );
        Ok(ratio)
    };
    let (small, large) = (ratio("1 KiB")?, ratio("256 KiB")?);
    Ok(format!(
        "The codec server answers {small:.1} times as many requests of 1 KiB with the same processor time as one in the shape of Temporal's Python samples, and {large:.1} times as many of 256 KiB."
    ))
}

fn gateway(measured: &Measured) -> Result<String> {
    let table = measured.table("gateway", "calls")?;
    let work = |through| {
        let row = table.row(&[("calls", CALLS), ("through", through)])?;
        row.figure("processor for a call")
    };
    let fresh = work("gateway, zstd and AES-GCM")?;
    let warm = work("gateway, the same on warm instances")?;
    let (envoy, proxy) = (work("Envoy")?, work("temporal-proxy, AES-GCM")?);
    ensure!(
        warm < proxy,
        "the README promises that the gateway takes less than temporal-proxy, and the run has {warm} and {proxy} seconds"
    );
    Ok(format!(
        "A call of 1 kB takes {} of processor time in the gateway, compressed and encrypted on warm instances, and {} on fresh ones; temporal-proxy, which encrypts, takes {}, and Envoy, which does neither, {}.",
        micros(warm),
        micros(fresh),
        micros(proxy),
        micros(envoy)
    ))
}

/// Returns the rows with the least and the largest figure of a column, and these figures.
fn range<'a>(rows: &'a [Row<'_>], column: &str) -> Result<[(&'a str, f64); 2]> {
    let mut least = ("no row", f64::MAX);
    let mut most = ("no row", f64::MIN);
    for row in rows {
        let figure = row.figure(column)?;
        if figure < least.1 {
            least = (&row.name, figure);
        }
        if figure > most.1 {
            most = (&row.name, figure);
        }
    }
    Ok([least, most])
}

fn micros(seconds: f64) -> String {
    let micros = seconds * 1e6;
    if micros < 100.0 { format!("{micros:.1} µs") } else { format!("{micros:.0} µs") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Figures in which one ratio of storage, those of the codec server and of Extism, and the gateway's time
    /// on warm instances are these.
    fn measured(storage: f64, server: f64, extism: f64, warm: f64) -> Measured {
        let time = |seconds: f64| json!({ "median": seconds, "text": "" });
        let ratio = |ratio: f64| json!({ "ratio": ratio, "text": "" });
        let connections = json!({ "count": 64, "text": "64" });
        let through = |name: &str, seconds: f64| json!({ "calls": CALLS, "through": name, "processor for a call": { "mean": seconds } });
        let price = json!({
            "operation": "AES-256-GCM, encode", "size": "1 KiB",
            "native": time(0.9e-6), "warm": time(6.9e-6), "fresh": time(26.9e-6),
        });
        let server = ["1 KiB", "256 KiB"].map(|size| {
            json!({ "CPU of a request": size, "connections": connections, "Python / Cloakroom": ratio(server) })
        });
        let storage = [
            json!({ "operation": "store", "direct / plugin": ratio(1.01) }),
            json!({ "operation": "retrieve", "direct / plugin": ratio(storage) }),
        ];
        let gateway = [
            through("Envoy", 41e-6),
            through("gateway, zstd and AES-GCM", 311e-6),
            through("gateway, the same on warm instances", warm),
            through("temporal-proxy, AES-GCM", 234e-6),
        ];
        let run = json!({ "date": "2026-11-28", "commit": "abc", "processor": "P" });
        let bench = |table: &str, rows: &[serde_json::Value]| json!({ "run": run, "tables": { table: { "rows": rows } } });
        let peers = json!({
            "an instance for each call": { "rows": [{ "operation": "seal", RATIO: ratio(extism) }] },
            "one instance": { "rows": [{ "operation": "seal", RATIO: ratio(0.7) }] },
        });
        let figures = json!({
            "price": bench("calls", &[price]),
            "peers": { "run": run, "tables": peers },
            "storage": bench("driver", &storage),
            "server": bench("processor time", &server),
            "gateway": bench("calls", &gateway),
        });
        Measured::parse(&figures.to_string()).unwrap()
    }

    #[test]
    fn sentences_have_the_figures() {
        let lines = of_readme(&measured(0.95, 1.4, 2.5, 128e-6)).unwrap();
        for text in [
            "26.0 µs",
            "6.0 µs",
            "2.5 to 2.5 times as fast as in Extism",
            "0.7 to 0.7 times",
            "0.95 to 1.01 times",
            "1.4 times",
            "128 µs",
            "234 µs",
        ] {
            assert!(lines.contains(text), "{text}: {lines}");
        }
        assert!(lines.contains("on 2026-11-28 at commit abc (P)"), "{lines}");
    }

    #[test]
    fn a_promise_that_the_figures_do_not_keep_is_refused() {
        let refused = |storage, server, extism, warm| {
            let measured = measured(storage, server, extism, warm);
            let error = of_readme(&measured).unwrap_err().to_string();
            assert!(error.contains("the README promises"), "{error}");
            error
        };
        let error = refused(0.85, 1.4, 2.5, 128e-6);
        assert!(error.contains("as fast as") && error.contains("retrieve has 0.85"), "{error}");
        assert!(refused(0.95, 0.9, 2.5, 128e-6).contains("less processor time"), "Python");
        assert!(refused(0.95, 1.4, 2.5, 300e-6).contains("temporal-proxy"), "temporal-proxy");
        assert!(refused(0.95, 1.4, 0.9, 128e-6).contains("seal has 0.90"), "Extism");
    }

    #[test]
    fn figures_that_are_missing_are_named_with_their_command() {
        let error =
            |text: &str| of_readme(&Measured::parse(text).unwrap()).unwrap_err().to_string();
        assert!(error("{}").contains("cargo xtask bench price --json"));
        let empty = error(r#"{ "storage": { "tables": {} } }"#);
        assert!(empty.contains("cargo xtask bench storage --json"), "{empty}");
    }
}
