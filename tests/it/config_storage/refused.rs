//! Every way in which storage in a configuration can be wrong, and the errors.

use cloakroom::ErrorKind;
use cloakroom_tests::{assert_text, chain};
use expect_test::{Expect, expect};

use super::{GOOD, open};

/// A part of the valid configuration, its invalid replacement, facts in the error, and the error.
const WRONG: [(&str, &str, &[&str], Expect); 22] = [
    (
        "threshold",
        "treshold",
        &["line 9", "`threshold`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 9: unknown key `treshold`; did you mean `threshold`?
        "#]],
    ),
    (
        "store_with = \"aws.s3driver\"",
        "",
        &["store_with = \"aws.s3driver\""],
        expect![[r#"
            [folder]/cloakroom.toml, line 8: [storage] has several drivers: say which one stores, such as `store_with = "aws.s3driver"`
        "#]],
    ),
    (
        "store_with = \"aws.s3driver\"",
        "store_with = \"aws.s3drive\"",
        &["`aws.s3driver`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 10: `store_with` names `aws.s3drive`, and there is no such driver; did you mean `aws.s3driver`?
        "#]],
    ),
    (
        "store_with = \"inline\"",
        "store_with = \"online\"",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 15: `store_with` names `online`, and there is no such driver; add a [[storage.driver]]
        "#]],
    ),
    (
        "required = true",
        "",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 11: what is stored must be sealed, and no stage is required to: mark the one that encrypts as `required`
        "#]],
    ),
    (
        "policy = \"write\"",
        "policy = \"wirte\"",
        &["line 12"],
        expect![[r#"
            [folder]/cloakroom.toml, line 12: unknown word, expected one of `off`, `write`, `require`
        "#]],
    ),
    (
        "\"write\", ring = \"payments\"",
        "\"write\"",
        &["`storage.claims`", "`ring`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 12: `storage.claims` needs the `ring` whose keys prove who wrote a claim
        "#]],
    ),
    (
        "\"write\", ring = \"payments\"",
        "\"write\", ring = \"pay\"",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 12: storage.claims names `pay`, and there is no such key ring; add a [keys.pay]
        "#]],
    ),
    (
        "namespace = \"audit\"",
        "workflow_type = \"a\"\nactivity_type = \"b\"",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 17: a [[storage.rule]] asks for a workflow's type and an activity's: no payload has both
        "#]],
    ),
    (
        "name = \"redis\"",
        "name = \"aws.s3driver\"",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 25: another [[storage.driver]] is called `aws.s3driver` too: each needs a name of its own, because references name it
        "#]],
    ),
    (
        "name = \"redis\"",
        "name = \"inline\"",
        &["`inline`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 25: a driver cannot be called `inline`: rules use the word
        "#]],
    ),
    (
        "\"bundled:s3\"",
        "\"bundled:s4\"",
        &["driver `aws.s3driver`", "`s3`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 20: storage driver `aws.s3driver`: no bundled plugin is called `s4`; did you mean `s3`?
        "#]],
    ),
    (
        "\"bundled:s3\"",
        "\"bundled:zstd\"",
        &["plugin `zstd`", "[[stage]]"],
        expect![[r#"
            [folder]/cloakroom.toml, line 20, driver `aws.s3driver`, key `plugin`: plugin `zstd`: is a codec, not a storage driver: it goes into [[stage]]
        "#]],
    ),
    (
        "\"bundled:aes-gcm\"",
        "\"file:s3.wasm\"",
        &["plugin `s3`", "[[storage.driver]]"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `s3`, key `plugin`: plugin `s3` (`[folder]/s3.wasm`): is a storage driver, not a codec: it goes into [[storage.driver]]
        "#]],
    ),
    (
        "{ bucket = \"payloads\" }",
        "{}",
        &["plugin `s3`", "`bucket`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 21, driver `aws.s3driver`, key `settings`: plugin `s3`: setting `bucket` is needed
        "#]],
    ),
    (
        "{ bucket = \"payloads\" }",
        "{ bucket = \"x\" }",
        &["`x`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 21, driver `aws.s3driver`, key `settings.bucket`: plugin `s3`: setting `bucket` names `x`, which is not in `grants.buckets`: granted: `payloads`; name one of these, or grant it
        "#]],
    ),
    (
        "{ bucket = \"payloads\" }",
        "{ bucket = \"payloads\", prefix = \"/a\" }",
        &["`prefix`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 21, driver `aws.s3driver`, key `settings`: plugin `s3`: setting `prefix` has an empty segment
        "#]],
    ),
    (
        "grants.buckets = [\"payloads\"]",
        "",
        &["cloakroom:plugin/blobs", "grants.buckets"],
        expect![[r#"
            [folder]/cloakroom.toml, line 18, driver `aws.s3driver`, key `grants`: plugin `s3`: imports `cloakroom:plugin/blobs@0.1.1`, which was not granted: grant a bucket, or use another plugin (`grants.buckets = ["BUCKET"]`)
        "#]],
    ),
    (
        "grants.buckets = [\"payloads\"]",
        "grants.buckets = [\"payload\"]",
        &["`payloads`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 22: storage driver `aws.s3driver`: grants.buckets names `payload`, and there is no such bucket; did you mean `payloads`?
        "#]],
    ),
    (
        "grants.tcp = [\"127.0.0.1:6379\"]",
        "",
        &["wasi:sockets", "grants.tcp"],
        expect![[r#"
            [folder]/cloakroom.toml, line 24, driver `redis`, key `grants`: plugin `redis`: imports `wasi:sockets/network@0.2.6`, which was not granted: grant a server, or build the plugin without a network (componentize-py: `--stub-wasi`) (`grants.tcp = ["HOST:PORT"]`)
        "#]],
    ),
    (
        "address = \"127.0.0.1:6379\"",
        "address = \"redis\"",
        &["127", "6379"],
        expect![[r#"
            [folder]/cloakroom.toml, line 27, driver `redis`, key `settings`: plugin `redis`: setting `address` must be a name or an address, and a port, such as 127.0.0.1:6379
        "#]],
    ),
    (
        "\"memory:payloads\"",
        "\"s3://a/b\"",
        &["[buckets.payloads]", "s3://BUCKET"],
        expect![[r#"
            [folder]/cloakroom.toml, line 31: [buckets.payloads]: `s3://a/b`: the URL names no bucket or has a path: write `s3://BUCKET`, and limit the keys by the access that is granted (`buckets.NAME.prefix`)
        "#]],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_one_is_refused_before_anything_runs() {
    for (right, wrong, facts, snapshot) in &WRONG {
        assert!(GOOD.contains(right), "{right}");
        let error = open(&GOOD.replacen(right, wrong, 1)).await.map(drop).expect_err(wrong);
        let text = chain(&error);
        assert!(
            matches!(error.kind(), ErrorKind::Config | ErrorKind::MissingGrant),
            "{wrong}: {text}"
        );
        assert_text(&text, facts, snapshot);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_a_store_are_named_and_never_shown() {
    let told = |secret: &str| {
        let bucket = format!("\"s3://b\"\nregion = \"eu-west-1\"\nallow_http = {secret}");
        GOOD.replace("\"memory:payloads\"", &bucket)
    };
    assert!(open(&told("false")).await.is_ok());
    for (secret, snapshot) in [
        (
            "{ env = \"CLOAKROOM_NO_SUCH\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 33: [buckets.payloads] `allow_http`: the environment has no variable `CLOAKROOM_NO_SUCH`
            "#]],
        ),
        (
            "{ file = \"nowhere\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 33: [buckets.payloads] `allow_http`: cannot read `[folder]/nowhere`: correct the path: No such file or directory (os error 2)
            "#]],
        ),
        (
            "{ file = \"key\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 31: [buckets.payloads]: `s3://b`: the settings contradict each other, or one of them is malformed
            "#]],
        ),
        (
            "{ file = \"key\", env = \"PATH\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 33: [buckets.payloads] `allow_http`: give one of `env` and `file`
            "#]],
        ),
    ] {
        let text = chain(&open(&told(secret)).await.map(drop).unwrap_err());
        assert_text(&text, &["buckets.payloads"], &snapshot);
        assert!(!text.contains("every test may know"), "{text}");
    }
}
