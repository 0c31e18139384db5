//! Tables in Markdown, as the documentation shows them.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::{client::Turn, story::Story};

/// One kind of call through every proxy.
pub(crate) struct Row {
    story: String,
    proxies: Vec<Measured>,
}

/// Medians over the turns of one proxy, and the mean of its processor time.
struct Measured {
    name: &'static str,
    rate: f64,
    half: f64,
    most: f64,
    work: f64,
    peak: f64,
}

impl Row {
    pub(crate) fn new(
        story: &Story,
        proxies: impl Iterator<Item = ((&'static str, Vec<Turn>), f64)>,
    ) -> Self {
        let measured = proxies.map(|((name, turns), peak)| {
            let within = |share| {
                let quantiles = turns.iter().map(|turn| quantile(turn.latencies.clone(), share));
                median(quantiles)
            };
            Measured {
                name,
                rate: median(turns.iter().map(|turn| turn.rate)),
                half: within(0.5),
                most: within(0.99),
                // The system counts it in steps of 10 ms: too coarse for one turn.
                work: turns.iter().map(|turn| turn.work).sum::<f64>() / turns.len() as f64,
                peak,
            }
        });
        Self { story: story.title(), proxies: measured.collect() }
    }

    /// Returns what was measured of each proxy, in seconds and bytes.
    fn json(&self) -> impl Iterator<Item = Value> {
        self.proxies.iter().map(|proxy| {
            json!({
                "calls": self.story,
                "through": proxy.name,
                "calls_a_second": proxy.rate,
                "p50": proxy.half,
                "p99": proxy.most,
                "cpu_of_a_call": proxy.work,
                "peak_memory": proxy.peak,
            })
        })
    }
}

/// Shows that something is going on.
pub(crate) fn progress() {
    eprint!(".");
    let _ = std::io::stderr().flush();
}

/// Prints all rows, for people or for programs.
pub(crate) fn print(rows: &[Row], is_json: bool) {
    if is_json {
        let rows: Vec<_> = rows.iter().flat_map(Row::json).collect();
        println!("{:#}", json!(rows));
        return;
    }
    println!(
        "\n\n| calls | through | calls a second | p50, over the forwarder's | p99, over the forwarder's \
         | processor for 1,000 calls | times the forwarder's | peak memory |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|");
    for row in rows {
        // There is none where callers connect by TLS.
        let forwarder = row.proxies.iter().find(|proxy| proxy.name == "forwarder");
        let over = |own: f64, floor: fn(&Measured) -> f64| match forwarder {
            Some(forwarder) => {
                format!("{:.2} ms, {:+.2}", own * 1e3, (own - floor(forwarder)) * 1e3)
            }
            None => format!("{:.2} ms", own * 1e3),
        };
        for proxy in &row.proxies {
            // The client's processor time is not the stub's, and no proxy is between them.
            let is_proxy = proxy.work > 0.0;
            let work = |text: String| if is_proxy { text } else { String::new() };
            let times = forwarder.map(|forwarder| format!("{:.1}", proxy.work / forwarder.work));
            println!(
                "| {} | {} | {:.0} | {} | {} | {} | {} | {} |",
                row.story,
                proxy.name,
                proxy.rate,
                over(proxy.half, |forwarder| forwarder.half),
                over(proxy.most, |forwarder| forwarder.most),
                work(format!("{:.0} ms", proxy.work * 1e6)),
                work(times.unwrap_or_default()),
                work(format!("{:.0} MiB", proxy.peak / f64::from(1 << 20))),
            );
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values.collect(), 0.5)
}

fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
