//! The reference of the configuration: it has every key and no other, the code's defaults, and says
//! rightly what a reload applies.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use cloakroom::{
    Cloakroom, CloakroomBuilder, Context, Error,
    pipeline::Kind,
    plugin::Limits,
    storage::{Bucket as _, ObjectBucket},
    temporal::SizeLimitSource as _,
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
    CloakroomBuilder::file(write(folder.path(), text)).cache(compile_cache()).open().await
}

/// The tables of the reference, and a file with a key of each in place of `KEY`.
const TABLES: [(&str, &str); 15] = [
    ("[[stage]]", "[[stage]]\nplugin = \"bundled:zstd\"\nKEY"),
    ("grants", "[[stage]]\nplugin = \"bundled:zstd\"\n[stage.grants]\nKEY"),
    ("[storage]", "[storage]\nKEY"),
    ("[[storage.rule]]", "[[storage.rule]]\nstore_with = \"inline\"\nKEY"),
    ("[[storage.driver]]", "[[storage.driver]]\nname = \"n\"\nplugin = \"bundled:s3\"\nKEY"),
    ("storage.claims", "[storage.claims]\npolicy = \"off\"\nKEY"),
    ("storage.cache", "[storage.cache]\nKEY"),
    ("[keys.NAME]", "[keys.k]\nKEY"),
    ("[limits]", "[limits]\nKEY"),
    ("[limits.code]", "[limits.code]\nKEY"),
    ("[temporal]", "[temporal]\nKEY"),
    ("[codec_server]", "[codec_server]\nKEY"),
    ("codec_server.jwt", "[codec_server.jwt]\nkeys = \"k\"\nKEY"),
    ("codec_server.tls", "[codec_server.tls]\ncertificate = \"c\"\nkey = \"k\"\nKEY"),
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
    assert_eq!(said_pipeline.most_payloads(), pipeline.most_payloads());
    assert_eq!(said.size_limits(), silent.size_limits());
    let server = |cloakroom: &Cloakroom| format!("{:?}", cloakroom.codec_server().unwrap());
    assert_eq!(server(&said), server(&silent));
    // Without a getter: the error names the limit.
    let row = &tables["[storage]"]["largest"];
    let large = file(&|_| String::new()).replace("[storage]\n", "[storage]\nthreshold = \"1GiB\"\n");
    let error = chain(&open(&large).await.map(drop).unwrap_err());
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
                other => panic!("{section}: `{key}` has {other:?} for reload"),
            }
        }
    }
    assert!(warned.len() > 3, "{warned:?}");
    assert_eq!(documented, warned);
}

/// A file with one plugin, and `settings` for it.
fn with_plugin(name: &str, settings: &str) -> String {
    let ring = "[keys.r]\ncurrent = \"1\"\nmaterial = { 1 = { file = \"key\" } }";
    let stage = |grants: &str| {
        format!("[[stage]]\nplugin = \"bundled:{name}\"\nsettings = {{ {settings} }}\n{grants}\n")
    };
    let driver = |grants: &str| {
        format!(
            "[[storage.driver]]\nname = \"d\"\nplugin = \"bundled:{name}\"\n\
             settings = {{ {settings} }}\n{grants}\n[buckets.b]\nurl = \"memory:b\"\n"
        )
    };
    match name {
        "aes-gcm" => stage("grants.keys = [\"r\"]") + ring,
        "chacha20-poly1305" => stage("grants.subkeys = [\"r\"]") + ring,
        "s3" | "gcs" | "azure" | "file" => driver("grants.buckets = [\"b\"]"),
        "redis" => driver("grants.tcp = [\"127.0.0.1:6379\"]"),
        _ => stage(""),
    }
}

/// A value of a setting that has no default.
fn value(setting: &str) -> &'static str {
    match setting {
        "ring" => "\"r\"",
        "bucket" => "\"b\"",
        "address" => "\"127.0.0.1:6379\"",
        "ttl_seconds" => "60",
        "accept" => "\"sealed, temporal\"",
        other => panic!("`{other}` has no default: give the test a value for it"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_each_bundled_plugin_are_in_the_reference() {
    let tables = tables(&page("configuration.md"), "setting");
    let mut documented: BTreeMap<String, BTreeMap<String, Row>> = BTreeMap::new();
    for (heading, rows) in &tables {
        for name in heading.split([' ', ',']).filter_map(|word| word.strip_prefix("bundled:")) {
            documented.insert(name.to_owned(), rows.clone());
        }
    }
    for name in cloakroom::plugin::bundled_names() {
        let rows = documented.remove(name).unwrap_or_default();
        let said = |(setting, row): (&String, &Row)| {
            let value = default(row).unwrap_or_else(|| value(setting));
            format!("{setting} = {value}")
        };
        let settings = rows.iter().map(said).collect::<Vec<_>>().join(", ");
        let opened = open(&with_plugin(name, &settings)).await.map(drop);
        assert_eq!(opened.map_err(|error| chain(&error)), Ok(()), "{name}: {settings}");
        let unknown = format!("{settings}, {UNKNOWN} = 1");
        let unknown = unknown.trim_start_matches([',', ' ']);
        let error = chain(&open(&with_plugin(name, unknown)).await.map(drop).unwrap_err());
        let names: BTreeSet<_> = rows.keys().cloned().collect();
        assert_eq!(names, listed(&error), "{name}: {error}");
    }
    assert!(documented.is_empty(), "no such plugins: {documented:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_each_kind_of_bucket_are_listed() {
    let tables = tables(&page("buckets.md"), "setting");
    let names = |heading: &str| tables.get(heading).expect(heading).keys().cloned();
    for (heading, url) in
        [("S3", "s3://b"), ("Google Cloud Storage", "gs://b"), ("Azure Blob Storage", "az://b")]
    {
        let text = format!(
            "[[stage]]\nplugin = \"bundled:zstd\"\n[buckets.b]\nurl = \"{url}\"\n{UNKNOWN} = 1"
        );
        let error = chain(&open(&text).await.map(drop).unwrap_err());
        let documented: BTreeSet<_> = names(heading).chain(names("HTTP client")).collect();
        assert_eq!(documented, listed(&error), "{heading}");
    }
}

/// The JSON blocks of a page, parsed.
fn json_blocks(page: &str) -> Vec<serde_json::Value> {
    let blocks = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| serde_json::from_str(block).expect(block)).collect()
}

/// Each lifecycle rule matches what its driver stores, and leaves it there for as long as the page's
/// own sum says. Each removes what unfinished uploads leave, where the store does not do so itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_lifecycle_rules_match_the_keys_of_drivers() {
    let page = page("expiry.md");
    let (_, sum) = page.split_once("20 + 10 + 30 + 2 = ").unwrap();
    let days: u64 = sum.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(days, 20 + 10 + 30 + 2);
    let blocks = json_blocks(&page);
    let [s3, gcs, azure] = blocks.as_slice() else { panic!("{} rules", blocks.len()) };
    let azure = &azure["rules"][0];
    assert_eq!(s3["Rules"][0]["Expiration"]["Days"], days);
    assert_eq!(gcs["rule"][0]["condition"]["age"], days);
    let delete = &azure["definition"]["actions"]["baseBlob"]["delete"];
    assert_eq!(delete["daysAfterModificationGreaterThan"], days);
    assert!(s3["Rules"][1]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"].is_u64());
    assert_eq!(gcs["rule"][2]["action"]["type"], "AbortIncompleteMultipartUpload");
    let blob = azure["definition"]["filters"]["prefixMatch"][0].as_str().unwrap();
    let (container, azure) = blob.split_once('/').unwrap();
    assert_eq!(container, "my-container");
    let prefixes = [
        ("s3", s3["Rules"][0]["Filter"]["Prefix"].as_str().unwrap()),
        ("gcs", gcs["rule"][0]["condition"]["matchesPrefix"][0].as_str().unwrap()),
        ("gcs", gcs["rule"][1]["condition"]["matchesPrefix"][0].as_str().unwrap()),
        ("azure", azure),
    ];
    for (driver, prefix) in prefixes {
        for key in keys_of(driver).await {
            assert!(key.starts_with(prefix), "{driver}: {key}");
        }
    }
}

/// The policies of the page on buckets reach what a driver stores, and nothing of other namespaces.
#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_a_worker_reaches_its_objects() {
    let blocks = json_blocks(&page("buckets.md"));
    let [policy] = blocks.as_slice() else { panic!("{} policies", blocks.len()) };
    let [objects, list] = policy["Statement"].as_array().unwrap().as_slice() else {
        panic!("{policy}")
    };
    let resource = objects["Resource"].as_str().unwrap().split_once(":::").unwrap().1;
    let (bucket, prefix) = resource.split_once('/').unwrap();
    let prefix = prefix.strip_suffix('*').unwrap();
    for key in keys_of("s3").await {
        assert!(key.starts_with(prefix), "{key}");
    }
    let actions = objects["Action"].as_array().unwrap();
    for action in ["s3:GetObject", "s3:PutObject"] {
        assert!(actions.iter().any(|listed| listed == action), "{action}");
    }
    assert!(!actions.iter().any(|listed| listed == "s3:DeleteObject"), "no worker deletes");
    assert!(list["Resource"].as_str().unwrap().ends_with(&format!(":::{bucket}")));
    let listed = list["Condition"]["StringLike"]["s3:prefix"].as_str().unwrap();
    assert_eq!(listed.strip_suffix('*'), Some(prefix));
}

/// Keys that a bundled driver gives to payloads of the namespace `payments`.
async fn keys_of(driver: &str) -> Vec<String> {
    let bucket = Arc::new(ObjectBucket::memory("payloads"));
    let text = with_plugin(driver, "bucket = \"b\"")
        .replace("memory:b", "native:b")
        .replace("[[storage.driver]]", "[storage]\nthreshold = \"0B\"\n[[storage.driver]]");
    let folder = tempfile::tempdir().unwrap();
    let file = CloakroomBuilder::file(write(folder.path(), &text)).cache(compile_cache());
    let cloakroom = file.bucket("b", bucket.clone()).open().await.unwrap();
    let namespace = Context::namespace("payments");
    let run = namespace.clone().target(Kind::Workflow, "order-17", "Pay", Some("run"));
    for ctx in [namespace, run] {
        cloakroom.encode(&ctx, vec![plain("x")]).await.unwrap();
    }
    let keys = bucket.list("", None).await.unwrap();
    assert_eq!(keys.len(), 2, "{keys:?}");
    keys
}
