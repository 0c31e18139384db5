//! The reference of the configuration: it has every key and no other, the code's defaults, and says
//! rightly what a reload applies.

mod library;
mod permits;
mod rules;
mod settings;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cloakroom::{
    Cloakroom, CloakroomBuilder, Context, Error, plugin::Limits, temporal::SizeLimitSource as _,
};
use cloakroom_tests::{KEY, chain, compile_cache, plain};

/// A name that no key is near to, so that the error lists those that are known.
const UNKNOWN: &str = "qqqqqqqqqqqqqqqqqqqqqqqq";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("host/docs").join(name)).unwrap()
}

/// A row of a table: its cells after the name of the key.
type Row = Vec<String>;

/// The tables of a page whose first column is `first`, by the heading above them.
fn tables(page: &str, first: &str) -> BTreeMap<String, BTreeMap<String, Row>> {
    let mut tables: BTreeMap<_, BTreeMap<String, Row>> = BTreeMap::new();
    let (mut heading, mut in_table) = (String::new(), false);
    for line in page.lines() {
        if let Some(text) = line.strip_prefix("##") {
            heading = text.trim_start_matches('#').trim().replace('`', "");
        }
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        match cells.as_slice() {
            [name, ..] if *name == first => in_table = true,
            [name, cells @ ..] if in_table && name.starts_with('`') && !cells.is_empty() => {
                let cells = cells.iter().map(|cell| (*cell).to_owned()).collect();
                let name = name.trim_matches('`').to_owned();
                let before = tables.entry(heading.clone()).or_default().insert(name, cells);
                assert_eq!(before, None, "{heading} has a row twice: {line}");
            }
            [rule, ..] if in_table && rule.starts_with("---") => {}
            _ => in_table = false,
        }
    }
    tables
}

/// The default of a row, as TOML, unless it is described in words.
fn default(row: &Row) -> Option<&str> {
    let cell = row.get(1)?.strip_prefix('`')?;
    cell.split('`').next()
}

/// Names in backticks after the first one, which is the unknown name.
fn listed(text: &str) -> BTreeSet<String> {
    let (_, text) = text.split_once(&format!("`{UNKNOWN}`")).expect(text);
    // Of `bundled:zstd`, `s3://b` and the like only the list behind them counts.
    let names = text.split('`').skip(1).step_by(2);
    names.filter(|name| !name.contains(':')).map(str::to_owned).collect()
}

fn write(folder: &Path, text: &str) -> PathBuf {
    fs::write(folder.join("key"), KEY).unwrap();
    let path = folder.join("cloakroom.toml");
    fs::write(&path, text).unwrap();
    path
}

async fn open(text: &str) -> Result<Cloakroom, Error> {
    let folder = tempfile::tempdir().unwrap();
    CloakroomBuilder::file(write(folder.path(), text)).with_cache(compile_cache()).open().await
}

/// The tables of the reference, and a file with a key of each in place of `KEY`.
const TABLES: [(&str, &str); 37] = [
    ("[[stage]]", "[[stage]]\nplugin = \"bundled:zstd\"\nKEY"),
    ("grants", "[[stage]]\nplugin = \"bundled:zstd\"\n[stage.grants]\nKEY"),
    ("Limits of a stage or a driver", "[[stage]]\nplugin = \"bundled:zstd\"\n[stage.limits]\nKEY"),
    ("[storage]", "[storage]\nKEY"),
    ("[[storage.rule]]", "[[storage.rule]]\nstore_with = \"inline\"\nKEY"),
    ("[[storage.driver]]", "[[storage.driver]]\nname = \"n\"\nplugin = \"bundled:s3\"\nKEY"),
    ("storage.claims", "[storage.claims]\npolicy = \"off\"\nKEY"),
    ("storage.cache", "[storage.cache]\nKEY"),
    ("[services.NAME]", "[services.s]\nurl = \"https://h/\"\nKEY"),
    ("[keys.NAME]", "[keys.k]\nKEY"),
    ("keys.NAME.data_key", "[keys.k.data_key]\nKEY"),
    ("keys.NAME.opened", "[keys.k.opened]\nKEY"),
    ("[limits]", "[limits]\nKEY"),
    ("[limits.code]", "[limits.code]\nKEY"),
    ("[temporal]", "[temporal]\nKEY"),
    ("[codec_server]", "[codec_server]\nKEY"),
    ("codec_server.jwt", "[codec_server.jwt]\nkeys = \"k\"\nKEY"),
    ("codec_server.tls", "[codec_server.tls]\ncertificate = \"c\"\nkey = \"k\"\nKEY"),
    ("[gateway.temporal]", "[gateway.temporal]\nupstream = \"http://h:1\"\nKEY"),
    (
        "gateway.temporal.tls",
        "[gateway.temporal]\nupstream = \"http://h:1\"\n\
         [gateway.temporal.tls]\ncertificate = \"c\"\nkey = \"k\"\nKEY",
    ),
    (
        "[[gateway.temporal.identity]]",
        "[gateway.temporal]\nupstream = \"http://h:1\"\n\
         [[gateway.temporal.identity]]\nname = \"n\"\nnamespaces = []\nKEY",
    ),
    (
        "gateway.temporal.upstream_tls",
        "[gateway.temporal]\nupstream = \"http://h:1\"\n[gateway.temporal.upstream_tls]\nKEY",
    ),
    (
        "gateway.temporal.history",
        "[gateway.temporal]\nupstream = \"http://h:1\"\n[gateway.temporal.history]\nKEY",
    ),
    (
        "gateway.temporal.client",
        "[gateway.temporal]\nupstream = \"http://h:1\"\n[[gateway.temporal.client]]\nKEY",
    ),
    ("[gateway.dapr]", "[gateway.dapr]\nupstream = \"http://h:1\"\nKEY"),
    (
        "gateway.dapr.tls",
        "[gateway.dapr]\nupstream = \"http://h:1\"\n\
         [gateway.dapr.tls]\ncertificate = \"c\"\nkey = \"k\"\nKEY",
    ),
    (
        "[[gateway.dapr.identity]]",
        "[gateway.dapr]\nupstream = \"http://h:1\"\n\
         [[gateway.dapr.identity]]\nname = \"n\"\nKEY",
    ),
    (
        "gateway.dapr.upstream_tls",
        "[gateway.dapr]\nupstream = \"http://h:1\"\n[gateway.dapr.upstream_tls]\nKEY",
    ),
    ("[namespace.NAME]", "[namespace.n]\nKEY"),
    ("[namespace.NAME.storage]", "[namespace.n.storage]\nKEY"),
    (
        "[[namespace.NAME.storage.rule]]",
        "[[namespace.n.storage.rule]]\nstore_with = \"inline\"\nKEY",
    ),
    ("[[namespace.NAME.plain]]", "[[namespace.n.plain]]\nKEY"),
    ("[nexus.ENDPOINT]", "[nexus.e]\nnamespace = \"n\"\nKEY"),
    ("[plugins]", "[plugins]\nKEY"),
    ("[plugins.keys.NAME]", "[plugins.keys.k]\nKEY"),
    ("[registries.\"HOST\"]", "[registries.\"h.example\"]\nKEY"),
    ("[cache]", "[cache]\nKEY"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_key_is_in_the_reference_and_no_other() {
    let tables = tables(&page("configuration.md"), "key");
    let names = |section: &str| -> BTreeSet<String> {
        tables.get(section).expect(section).keys().cloned().collect()
    };
    let mut sections: BTreeSet<_> = tables.keys().map(String::as_str).collect();
    for (section, template) in TABLES {
        let text = template.replace("KEY", &format!("{UNKNOWN} = 1"));
        let error = chain(&open(&text).await.map(drop).unwrap_err());
        assert_eq!(names(section), listed(&error), "{section}");
        assert!(sections.remove(section), "no table for {section}");
    }
    // A bucket has settings of its store besides, so it cannot list its own keys in an error.
    let source = fs::read_to_string(root().join("host/src/config/bucket.rs")).unwrap();
    let list = source.split("const OURS").nth(1).unwrap().split(';').nth(1).unwrap();
    let ours: BTreeSet<_> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(names("[buckets.NAME]"), ours);
    assert!(sections.remove("[buckets.NAME]"));
    // So has a kind of key services.
    let ours = ["environment", "timeout"].map(str::to_owned).into();
    assert_eq!(names("[key_services.SCHEME]"), ours);
    assert!(sections.remove("[key_services.SCHEME]"));
    assert_eq!(sections, BTreeSet::new(), "tables that no test knows");
}

#[test]
fn every_key_is_in_the_annotated_file() {
    let page = page("configuration.md");
    let annotated = page.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: BTreeSet<_> = annotated.split(|c| !is_part(c)).collect();
    for (section, rows) in tables(&page, "key") {
        for key in rows.keys() {
            assert!(words.contains(&**key), "{section}: the annotated file does not show `{key}`");
        }
    }
}

/// The documented defaults of a table, one a line.
fn defaults(tables: &BTreeMap<String, BTreeMap<String, Row>>, section: &str) -> String {
    let line = |(key, row): (&String, &Row)| Some(format!("{key} = {}\n", default(row)?));
    tables.get(section).expect(section).iter().filter_map(line).collect()
}

/// A file that says nothing and one that says every documented default open the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_documented_defaults_are_the_codes() {
    let tables = tables(&page("configuration.md"), "key");
    let of = |section: &str| defaults(&tables, section);
    let file = |says: &dyn Fn(&str) -> String| {
        format!(
            "[[stage]]\nplugin = \"bundled:zstd\"\n{}[stage.grants]\n{}\n\
             [storage]\n{}[storage.cache]\n{}\
             [[storage.driver]]\nname = \"d\"\nplugin = \"bundled:s3\"\n{}\
             settings = {{ bucket = \"b\" }}\ngrants.buckets = [\"b\"]\n\
             [buckets.b]\nurl = \"memory:b\"\n{}\
             [keys.k]\ncurrent = \"1\"\nmaterial = {{ 1 = {{ file = \"key\" }} }}\n{}\
             [limits]\n{}[limits.code]\n{}[temporal]\n{}[codec_server]\n{}",
            says("[[stage]]"),
            says("grants"),
            says("[storage]"),
            says("storage.cache"),
            says("[[storage.driver]]"),
            says("[buckets.NAME]"),
            says("[keys.NAME]"),
            says("[limits]"),
            says("[limits.code]"),
            says("[temporal]"),
            says("[codec_server]"),
        )
    };
    let said = open(&file(&of)).await.map_err(|error| chain(&error)).unwrap();
    let silent = open(&file(&|_| String::new())).await.map_err(|error| chain(&error)).unwrap();
    assert_eq!(said.host().limits(), &Limits::default());
    assert_eq!(silent.host().limits(), &Limits::default());
    let (said_pipeline, pipeline) = (said.pipeline(), silent.pipeline());
    assert_eq!(said_pipeline.threshold(), pipeline.threshold());
    assert_eq!(said_pipeline.max_payloads(), pipeline.max_payloads());
    assert_eq!(said.size_limits(), silent.size_limits());
    let server = |cloakroom: &Cloakroom| format!("{:?}", cloakroom.codec_server().unwrap());
    assert_eq!(server(&said), server(&silent));
    // Without a getter: the error names the limit.
    let row = &tables["[storage]"]["largest"];
    let large =
        file(&|_| String::new()).replace("[storage]\n", "[storage]\nthreshold = \"1GiB\"\n");
    let error = chain(&open(&large).await.map(drop).unwrap_err());
    assert!(error.contains(default(row).unwrap().trim_matches('"')), "{error}");
    let row = &tables["[limits]"]["payload"];
    let payload = vec![plain(vec![0; 64 << 20])];
    let error = chain(&silent.encode(&Context::none(), payload).await.unwrap_err());
    assert!(error.contains("limits.payload"), "{error}");
    assert!(error.contains(default(row).unwrap().trim_matches('"')), "{error}");
}

/// The program knows what a reload does not apply, and warns of it.
#[test]
fn what_needs_a_restart_is_what_the_program_warns_of() {
    let source = fs::read_to_string(root().join("host/cli/src/restart_only.rs")).unwrap();
    let source = source.split("#[cfg(test)]").next().unwrap();
    let keys = source.split('"').skip(1).step_by(2);
    let warned: BTreeSet<_> =
        keys.filter_map(|key| key.strip_prefix("codec_server.")).map(str::to_owned).collect();
    let mut documented = BTreeSet::new();
    for (section, rows) in tables(&page("configuration.md"), "key") {
        for (key, row) in rows {
            match row.last().map(String::as_str) {
                Some("yes") => {}
                Some("restart") if section == "[codec_server]" => drop(documented.insert(key)),
                // The program warns of the table as a whole.
                Some("restart") if section.contains("gateway.") => {}
                other => panic!("{section}: `{key}` has {other:?} for reload"),
            }
        }
    }
    assert!(warned.len() > 3, "{warned:?}");
    assert_eq!(documented, warned);
}
