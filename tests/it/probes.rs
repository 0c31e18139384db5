//! Every codec is tried when it is loaded.

use std::sync::{Arc, Mutex};

use cloakroom::{
    Cloakroom, CloakroomBuilder, Context, Error, ErrorKind, Payload,
    codec::{Encoded, Purpose},
};
use cloakroom_tests::{KEY, assert_text, chain, compile_cache};
use expect_test::{Expect, expect};

use crate::native_codecs::{Native, OWN, leaving, wrapped};

const CONFIG: &str = "
[[stage]]
plugin = \"native:first\"

[[stage]]
name = \"second\"
plugin = \"native:tried\"
";

async fn open(tried: Native) -> Result<Cloakroom, Error> {
    let opening = CloakroomBuilder::text(CONFIG).with_codec("first", leaving("never"));
    opening.with_codec("tried", tried).open().await
}

#[track_caller]
fn check(opened: Result<Cloakroom, Error>, probe: &[&str], snapshot: &Expect) {
    let error = opened.map(drop).unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), ErrorKind::PluginRejected, "{text}");
    assert_eq!(
        error.place(),
        Some("configuration, line 7, stage `second`, key `plugin`"),
        "{text}"
    );
    assert_text(&text, &[&["stage `second`"], probe].concat(), snapshot);
}

#[tokio::test]
async fn one_without_fault_passes_and_one_may_leave_all_as_it_is() {
    open(Native::faithful().purpose(Purpose::Encryption)).await.unwrap();
    let leaves = Native::faithful().purpose(Purpose::Encryption).encoding(|payload| {
        if payload.encoding() == Some(OWN) {
            Encoded::Changed(wrapped(payload))
        } else {
            Encoded::Unchanged
        }
    });
    open(leaves).await.unwrap();
}

#[tokio::test]
async fn a_fault_is_found_by_the_probe_that_has_it() {
    let spoiling = |spoil: fn(&mut Payload)| open(Native::faithful().spoiling(spoil));
    let fault = |payload: &mut Payload| {
        if payload.data.is_empty() {
            payload.data = "\0".into();
        }
    };
    check(
        spoiling(fault).await,
        &["`empty body`"],
        &expect![[r#"
            configuration, line 7, stage `second`, key `plugin`: stage `second` failed the probe `empty body`: decoding does not give back what was encoded
        "#]],
    );
    let fault = |payload: &mut Payload| {
        if payload.metadata.is_empty() {
            payload.metadata.insert("encoding".to_owned(), "binary/plain".into());
        }
    };
    check(
        spoiling(fault).await,
        &["`no metadata`"],
        &expect![[r#"
            configuration, line 7, stage `second`, key `plugin`: stage `second` failed the probe `no metadata`: decoding does not give back what was encoded
        "#]],
    );
    let fault = |payload: &mut Payload| {
        if payload.encoding() == Some("json/plain") {
            payload.data = " \"cloakroom\"".into();
        }
    };
    check(
        spoiling(fault).await,
        &["`json/plain`"],
        &expect![[r#"
            configuration, line 7, stage `second`, key `plugin`: stage `second` failed the probe `json/plain`: decoding does not give back what was encoded
        "#]],
    );
    let fault = |payload: &mut Payload| {
        if std::str::from_utf8(&payload.data).is_err() && payload.data.len() < 100 {
            payload.data = String::from_utf8_lossy(&payload.data).into_owned().into();
        }
    };
    check(
        spoiling(fault).await,
        &["`binary/plain`"],
        &expect![[r#"
            configuration, line 7, stage `second`, key `plugin`: stage `second` failed the probe `binary/plain`: decoding does not give back what was encoded
        "#]],
    );
    let fault = |payload: &mut Payload| payload.data.truncate(65_535);
    check(
        spoiling(fault).await,
        &["`1 MiB`"],
        &expect![[r#"
            configuration, line 7, stage `second`, key `plugin`: stage `second` failed the probe `1 MiB`: decoding does not give back what was encoded
        "#]],
    );
}

#[tokio::test]
async fn its_own_encoding_must_be_encoded_again() {
    let leaves = Native::faithful().encoding(|payload| {
        if payload.encoding() == Some(OWN) {
            Encoded::Unchanged
        } else {
            Encoded::Changed(wrapped(payload))
        }
    });
    check(
        open(leaves).await,
        &["`its own encoding`"],
        &expect![[r#"
            configuration, line 7, stage `second`, key `plugin`: stage `second` failed the probe `its own encoding`: it leaves alone a payload with an encoding of its own, and would take it for its work when decoding
        "#]],
    );
    let undeclared = Native::faithful().encoding(|payload| {
        Encoded::Changed(Payload::new("binary/undeclared", payload.envelope().to_bytes()))
    });
    check(
        open(undeclared).await,
        &[],
        &expect![[r#"
            configuration, line 7, stage `second`, key `plugin`: stage `second` failed the probe `empty body`: it writes an encoding that it did not declare
        "#]],
    );
}

/// Each codec alone is right: the first reads what the second writes.
#[tokio::test]
async fn stages_are_tried_together() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let watched = {
        let seen = seen.clone();
        Native::faithful().encoding(move |payload| {
            seen.lock().unwrap().push(payload.encoding().map(str::to_owned));
            Encoded::Changed(wrapped(payload))
        })
    };
    open(watched).await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.contains(&Some("json/plain".to_owned())), "not tried alone: {seen:?}");
    assert!(seen.contains(&Some(OWN.to_owned())), "not tried behind the first: {seen:?}");
}

/// `required` refuses at load what it would refuse of every caller.
#[tokio::test]
async fn a_required_stage_that_leaves_a_probe_unsealed_is_refused() {
    let open = async |text: &str| {
        let opening = CloakroomBuilder::text(text).with_codec("tried", leaving("\"cloakroom\""));
        opening.open().await.map(drop)
    };
    let text = "[[stage]]\nplugin = \"native:tried\"\n";
    open(text).await.unwrap();
    let error = open(&format!("{text}required = true\n")).await.unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), ErrorKind::PluginRejected, "{text}");
    assert_text(
        &text,
        &["stage `tried`", "probe `json/plain`"],
        &expect![[r#"
            configuration: stage `tried` failed the probe `json/plain`: stage `tried`, encoding payload 0: left a payload unsealed, and this stage is required
        "#]],
    );
}

/// The large probe is no larger than payloads may be.
#[tokio::test(flavor = "multi_thread")]
async fn small_limits_have_small_probes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), KEY).unwrap();
    let path = folder.path().join("cloakroom.toml");
    let text = "[[stage]]\nplugin = \"bundled:zlib\"\n[limits]\npayload = \"100B\"\n";
    std::fs::write(&path, text).unwrap();
    let opened = CloakroomBuilder::file(path).with_cache(compile_cache()).open().await;
    opened.map(drop).map_err(|error| chain(&error)).unwrap();
}

/// A limit below the size of the large probe fails that probe: such a stage could write payloads
/// that it cannot read.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_the_large_probe_reaches_is_named() {
    let text = "[[stage]]\nplugin = \"bundled:zlib\"\n[limits]\noutput = \"300KiB\"\n";
    let opened = CloakroomBuilder::text(text).with_cache(compile_cache()).open().await;
    let text = chain(&opened.map(drop).unwrap_err());
    assert_text(
        &text,
        &["`1 MiB`", "`limits.payload`"],
        &expect![[r#"
            configuration, line 2, stage `zlib`, key `plugin`: stage `zlib` failed the probe `1 MiB`: plugin `zlib`: produced more than 300KiB in one call (`limits.output`); raise the limit, or lower `limits.payload` if no payload is as large as this probe
        "#]],
    );
}

#[test]
fn probes_are_known_by_their_context() {
    let ctx = Context::probe();
    assert!(ctx.is_probe() && !Context::namespace("payments").is_probe());
    let names = [ctx.namespace_name(), ctx.id(), ctx.type_name()];
    assert_eq!(names, [Some("cloakroom-probe"); 3]);
}
