//! Memory of a gateway under load, and after it.

use tokio::runtime::Runtime;

use crate::{
    client,
    pages::{Encoding, Pages},
    proxies::{self, STAGES},
    report,
    story::Story,
};

/// Turns of small calls, each of 50,000.
const TURNS: usize = 10;

/// Prints the memory of a gateway over half a million small calls, and around large ones.
pub(crate) fn measure(runtime: &Runtime, pages: &Pages) {
    let stories = Story::all(pages, "");
    let find = |title: &str| stories.iter().find(|story| story.title().starts_with(title));
    let small = find("16 callers, 1 kB; plaintext, identity").expect("is among them");
    let large = find("page of 3,000 plaintext").expect("is among them");
    let stub = proxies::stub(&pages.file(Encoding::Plain));
    let gateway = proxies::gateway("gateway", STAGES, small, stub.address);
    println!("\n| zstd and AES-GCM | memory |\n|---|--:|");
    let row = |what: &str| {
        println!("| {what} | {:.0} MiB |", gateway.resident() / f64::from(1 << 20));
    };
    row("at the start");
    for turn in 1..=TURNS {
        for _ in 0..50_000_usize.div_ceil(small.calls) {
            runtime.block_on(client::turn(&gateway, small));
        }
        if [1, TURNS / 2, TURNS].contains(&turn) {
            row(&format!("after {turn} times 50,000 calls of 1 kB"));
        }
        report::progress();
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
}
