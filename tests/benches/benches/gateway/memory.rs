//! Memory of a gateway under load, and after it.

use cloakroom_benches::{Cell, Report, Table};
use tokio::runtime::Runtime;

use crate::{
    client,
    pages::{Encoding, Pages},
    proxies::{self, STAGES},
    story::Story,
};

/// Turns of small calls, each of 50,000.
const TURNS: usize = 10;

/// Returns the memory of a gateway over half a million small calls, and around large ones.
pub(crate) fn measure(runtime: &Runtime, pages: &Pages, report: &Report) -> Table {
    let stories = Story::all(pages, "");
    let find = |title: &str| stories.iter().find(|story| story.title().starts_with(title));
    let small = find("16 callers, 1 kB; plaintext, identity").expect("is among them");
    let large = find("page of 3,000 plaintext").expect("is among them");
    let stub = proxies::stub(&pages.file(Encoding::Plain));
    let gateway = proxies::gateway("gateway", STAGES, small, stub.address);
    let mut table = Table::new("memory", &["zstd and AES-GCM", "memory"]);
    let mut row = |what: &str| {
        table.row([what.into(), Cell::memory(&vec![gateway.resident()].into())]);
    };
    row("at the start");
    for turn in 1..=TURNS {
        for _ in 0..50_000_usize.div_ceil(small.calls) {
            runtime.block_on(client::turn(&gateway, small));
        }
        if [1, TURNS / 2, TURNS].contains(&turn) {
            row(&format!("after {turn} times 50,000 calls of 1 kB"));
        }
        report.progress();
    }
    for turns in [1, 10, 20] {
        for _ in 0..turns {
            runtime.block_on(client::turn(&gateway, large));
        }
        row(&format!("after {} more pages of 3 MB", turns * large.calls));
    }
    for _ in 0..3 {
        runtime.block_on(client::turn(&gateway, small));
    }
    row("after small calls again");
    table
}
