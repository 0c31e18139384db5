//! Benchmark of growth: what a step along one size costs, each in a process of its own, and whether a cost
//! grows faster than the size.
//!
//! `cargo xtask bench growth`, or `cargo xtask bench growth plugins` for the sizes with this text in their
//! title. The plots are in `target/growth`.

mod axis;
mod calls;
mod configuration;
mod frontend;
mod meter;
mod namespaces;
mod pages;
mod payload;
mod plugins;
mod process;
mod table;

use std::{env, fs, path::Path};

use cloakroom_benches::{Report, Samples, plot};

use crate::{
    axis::Axis,
    meter::COSTS,
    process::{ALONE, FRONTEND},
};

/// Processes that measure the same step.
const TURNS: usize = 3;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let number = |text: &String| text.parse().expect("a number");
    match &*args {
        [word, title, size, argument] if word == ALONE => {
            return process::alone(&axes(), title, number(size), argument);
        }
        [word, payloads] if word == FRONTEND => return frontend::run(number(payloads)),
        _ => {}
    }
    let Some(mut report) = Report::start("growth") else { return };
    let mut panels = Vec::new();
    for mut axis in axes() {
        if !report.wants(axis.title) {
            continue;
        }
        let steps = measure(&mut axis, &report);
        panels.push(table::panel(&axis, &steps));
        report.print(table::table(&axis, &steps));
    }
    write(&plot::draw(&panels));
    report.finish();
}

fn axes() -> [Axis; 7] {
    [
        payload::axis(),
        calls::axis(),
        plugins::files(),
        plugins::one_file(),
        namespaces::static_keys(),
        namespaces::data_keys(),
        pages::axis(),
    ]
}

/// Costs at one size: one value of each for each turn.
pub(crate) type Step = (usize, [Samples; COSTS.len()]);

fn measure(axis: &mut Axis, report: &Report) -> Vec<Step> {
    let mut steps = Vec::new();
    for size in axis.sizes {
        let prepared = (axis.prepare)(*size);
        let mut costs: [Samples; COSTS.len()] = Default::default();
        for _ in 0..TURNS {
            let turn = process::measure(axis, *size, &prepared.argument);
            costs.iter_mut().zip(turn).for_each(|(cost, value)| cost.push(value));
            report.progress();
        }
        steps.push((*size, costs));
    }
    steps
}

/// Writes the plots beside what Cargo builds.
fn write(svg: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    let folder = target.join("growth");
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("growth.svg");
    fs::write(&file, svg).expect("a file");
    println!("\n{}", file.display());
}
