//! The settings of bundled plugins and of each kind of bucket.

use std::collections::{BTreeMap, BTreeSet};

use cloakroom_tests::chain;

use super::{Row, UNKNOWN, default, listed, open, page, tables};

/// A file with one plugin, and `settings` for it.
pub(super) fn with_plugin(name: &str, settings: &str) -> String {
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
        "redis" => {
            let secret = "[secrets]\ns = { file = \"key\" }\n";
            driver("grants.tcp = [\"127.0.0.1:6379\"]\ngrants.secrets = [\"s\"]") + secret
        }
        _ => stage(""),
    }
}

/// A value of a setting that has no default.
fn value(setting: &str) -> &'static str {
    match setting {
        "ring" => "\"r\"",
        "bucket" => "\"b\"",
        "address" => "\"127.0.0.1:6379\"",
        "password_secret" => "\"s\"",
        "ttl_seconds" => "60",
        "user" => "\"alice\"",
        "accept" => "\"sealed, temporal\"",
        other => panic!("`{other}` has no default: give the test a value for it"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_each_bundled_plugin_are_in_the_reference() {
    let tables = tables(&page("plugins.md"), "setting");
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
