//! Table of calls through proxies.

use cloakroom_benches::{Cell, Samples, Table, Turns};

use crate::story::Story;

/// One kind of call through every proxy.
pub(crate) struct Row {
    story: String,
    proxies: Vec<Measured>,
}

/// Measurements of one proxy, turn by turn.
struct Measured {
    name: &'static str,
    rate: Samples,
    half: Samples,
    most: Samples,
    work: Samples,
    peak: f64,
}

impl Row {
    pub(crate) fn new(
        story: &Story,
        proxies: impl Iterator<Item = ((&'static str, Turns), f64)>,
    ) -> Self {
        let measured = proxies.map(|((name, turns), peak)| Measured {
            name,
            rate: turns.rate(),
            half: turns.within(0.5),
            most: turns.within(0.99),
            work: turns.work(),
            peak,
        });
        Self { story: story.title(), proxies: measured.collect() }
    }
}

/// Returns a row for each proxy, beside the forwarder.
pub(crate) fn table(rows: &[Row]) -> Table {
    let columns = [
        "calls",
        "through",
        "calls a second",
        "p50",
        "p50, over the forwarder's",
        "p99",
        "p99, over the forwarder's",
        "processor for a call",
        "times the forwarder's",
        "peak memory",
    ];
    let mut table = Table::new("calls", &columns);
    for row in rows {
        // There is none where callers connect by TLS.
        let forwarder = row.proxies.iter().find(|proxy| proxy.name == "forwarder");
        for proxy in &row.proxies {
            table.row(cells(&row.story, proxy, forwarder));
        }
    }
    table
}

fn cells(story: &str, proxy: &Measured, forwarder: Option<&Measured>) -> [Cell; 10] {
    let over = |figure: fn(&Measured) -> &Samples| {
        let over = |forwarder| (figure(proxy).median() - figure(forwarder).median()) * 1e3;
        Cell::from(forwarder.map_or_else(String::new, |floor| format!("{:+.2} ms", over(floor))))
    };
    // The client's processor time is not the stub's, and no proxy is between them.
    let is_proxy = proxy.work.mean() > 0.0;
    let of_proxy = |cell: Cell| if is_proxy { cell } else { "".into() };
    let times = |floor: &Measured| {
        // The system counts it in steps of 10 ms: too coarse for one turn.
        format!("{:.1}", proxy.work.mean() / floor.work.mean())
    };
    [
        story.into(),
        proxy.name.into(),
        Cell::per_second(&proxy.rate),
        Cell::time(&proxy.half),
        over(|proxy| &proxy.half),
        Cell::time(&proxy.most),
        over(|proxy| &proxy.most),
        of_proxy(Cell::mean_time(&proxy.work)),
        of_proxy(forwarder.map(times).unwrap_or_default().into()),
        of_proxy(Cell::memory(&vec![proxy.peak].into())),
    ]
}
