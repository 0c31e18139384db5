//! Fuzz targets, each with its kept corpus and a fixed number of mutations of it. `cargo xtask fuzz`
//! runs one of them for as long as wanted.

use std::{collections::BTreeSet, fs};

use cloakroom_fuzz::{TARGETS, corpus, find};

macro_rules! replay {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let target = find(stringify!($name)).unwrap();
                assert!(target.replay() > 10);
            }
        )*

        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

replay! {
    config dapr envelope gzip http json jwt load puppet reference resp sealed signature snappy store
    wire zlib zstd
}

#[test]
fn every_target_has_a_test_and_a_corpus() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names, REPLAYED.iter().map(|name| (*name).to_owned()).collect());
    let folders = fs::read_dir(corpus()).unwrap();
    let folders = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names, folders.collect());
}

/// Everybody clones it.
#[test]
fn the_corpus_is_small() {
    let files = TARGETS.iter().flat_map(|target| fs::read_dir(corpus().join(target.name)).unwrap());
    let bytes: u64 = files.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes <= 300_000, "{bytes} bytes");
}
