//! Benchmark of the same codecs in three hosts: Cloakroom, Extism, and wasmtime with nothing around it.
//! The compressor is the same code in each guest. Encryption is done by the host in each, and the guest asks
//! for it. They take turns; Extism is a process of its own, since its wasmtime is another version.
//!
//! `cargo xtask bench peers` builds the peers, which are not part of the workspace, and runs this.

#[path = "../../peers/extism/src/cipher.rs"]
mod cipher;
mod contest;
#[path = "../price/data.rs"]
mod data;
mod extism;
mod ours;
mod peer;
mod plain;

use std::{env, path::PathBuf};

use cloakroom_benches::{Cell, Report, Samples, Table};

use crate::{
    contest::contest,
    extism::Extism,
    ours::Ours,
    peer::{Operation, Peer, Way},
    plain::Plain,
};

const SIZES: [(usize, &str); 5] = [
    (1 << 10, "1 KiB"),
    (16 << 10, "16 KiB"),
    (256 << 10, "256 KiB"),
    (4 << 20, "4 MiB"),
    (32 << 20, "32 MiB"),
];

const COLUMNS: [&str; 6] =
    ["operation", "size", "wasmtime", "Extism", "Cloakroom", "Extism / Cloakroom"];

fn main() {
    let Some(mut report) = Report::start("peers") else { return };
    let folder = env::var_os("CLOAKROOM_PEERS").filter(|folder| !folder.is_empty());
    let Some(folder) = folder.map(PathBuf::from) else {
        eprintln!("peers: not built, so not measured; run `cargo xtask bench peers`");
        return;
    };
    let mut peers: [Box<dyn Peer>; 3] =
        [Box::new(Plain::load(&folder)), Box::new(Extism::start(&folder)), Box::new(Ours::load())];
    for (way, name) in [(Way::Warm, "one instance"), (Way::Fresh, "an instance for each call")] {
        let mut table = Table::new(name, &COLUMNS);
        for operation in Operation::ALL {
            if !report.wants(operation.name()) {
                continue;
            }
            for (size, text) in SIZES {
                let times = contest(&mut peers, way, operation, size);
                table.row(row(operation, text, &times));
                report.progress();
            }
        }
        report.print(table);
    }
    report.finish();
}

fn row(operation: Operation, size: &str, [plain, extism, ours]: &[Samples; 3]) -> [Cell; 6] {
    [
        operation.name().into(),
        size.into(),
        Cell::time(plain),
        Cell::time(extism),
        Cell::time(ours),
        Cell::ratio(extism, ours),
    ]
}
