//! Chains of errors as an operator reads them: each text stands in a chain once.

use std::{error::Error as StdError, fs, path::Path, sync::Arc};

use cloakroom::{
    ByteSize, CloakroomBuilder, Error, ErrorKind, Pipeline, Stage,
    keys::{KeyError, KeyMaterial, Ring},
    plugin::{Grants, Limits, Reuse, Settings, bundled},
    storage::{BucketUrl, Offload},
};
use cloakroom_tests::{compile_cache, ctx, host, plain};

/// Refuses a cause that repeats another text of its chain.
#[track_caller]
fn check(error: &Error) {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    for (index, text) in texts.iter().enumerate() {
        for other in texts.iter().skip(index + 1) {
            assert!(!text.contains(other.as_str()), "`{other}` stands twice in {texts:#?}");
            assert!(!other.contains(text.as_str()), "`{text}` stands twice in {texts:#?}");
        }
        assert!(!text.contains('\n'), "{texts:#?}");
    }
}

async fn refused(folder: &Path, text: &str) -> Error {
    let path = folder.join("cloakroom.toml");
    fs::write(&path, text).unwrap();
    let opened = CloakroomBuilder::file(path).with_cache(compile_cache()).open().await;
    opened.map(drop).unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_a_configuration_repeat_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("short"), "abc").unwrap();
    fs::write(folder.path().join("text.wasm"), "not WebAssembly").unwrap();
    let zstd = "[[stage]]\nplugin = \"bundled:zstd\"\n";
    for text in [
        "nonsense".to_owned(),
        "[[stage]]\nplugin = \"bundled:zsdt\"".to_owned(),
        "[[stage]]\nplugin = \"file:missing.wasm\"".to_owned(),
        "[[stage]]\nplugin = \"file:text.wasm\"".to_owned(),
        "[[stage]]\nplugin = \"bundled:aes-gcm\"\nsettings.ring = \"r\"".to_owned(),
        "[[stage]]\nplugin = \"bundled:zstd\"\nsettings.levle = 3".to_owned(),
        "[[stage]]\nplugin = \"native:own\"".to_owned(),
        "[[stage]]\nplugin = \"bundled:zstd\"\nrequired = true".to_owned(),
        format!("{zstd}[keys.r]\ncurrent = \"1\"\nmaterial.1 = {{ file = \"short\" }}"),
        format!("{zstd}[keys.r]\ncurrent = \"1\"\nmaterial.1 = {{ file = \"missing\" }}"),
        format!("{zstd}[keys.r]\ncurrent = \"1\"\nmaterial.1 = {{ env = \"NOT_SET_ANYWHERE\" }}"),
        format!("{zstd}[buckets.b]\nurl = \"s4://b\""),
        format!("{zstd}[buckets.b]\nurl = \"s3://b\"\nregoin = \"x\""),
        format!("{zstd}[buckets.b]\nurl = \"native:own\""),
        format!("{zstd}[limits]\ninstances = 0"),
    ] {
        check(&refused(folder.path(), &text).await);
    }
    check(&CloakroomBuilder::file(folder.path().join("missing.toml")).open().await.unwrap_err());
}

/// A program without a file has one error type too, and its errors name methods instead of keys.
#[tokio::test(flavor = "multi_thread")]
async fn errors_of_builders_convert_and_repeat_nothing() {
    let material = KeyMaterial::new([7; 32]);
    let ring = Ring::builder().with_key("1", &material).with_current("2").build().unwrap_err();
    let key = KeyMaterial::from_base64("AAAA").unwrap_err();
    let pipeline = Pipeline::builder().with_offload(Offload::new(ByteSize::kib(1)));
    let pipeline = pipeline.build().map(drop).unwrap_err();
    let size = "64MB".parse::<ByteSize>().unwrap_err();
    for error in [ring.into(), key.into(), pipeline.into(), size.into()] {
        let error: Error = error;
        assert_eq!(error.kind(), ErrorKind::Config);
        check(&error);
    }
    assert_eq!(Error::from(KeyError::Mismatch).kind(), ErrorKind::Malformed);
    assert_eq!(Error::from(KeyError::Refused).kind(), ErrorKind::Denied);
    check(&BucketUrl::new("s4://b").open().map(drop).unwrap_err());
}

/// A misspelt setting or ring is found when the codec is made, and not at the first payload.
#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_by_hand_refuses_misspelt_settings_and_rings() {
    let host = host(Limits::default());
    let ring = Arc::new(Ring::single("1", &KeyMaterial::new([7; 32])).unwrap());
    let zstd = host.load(bundled("zstd").unwrap(), Grants::none()).await.unwrap();
    let aes = Grants::none().with_keys("payments", ring);
    let aes = host.load(bundled("aes-gcm").unwrap(), aes).await.unwrap();

    let levle = zstd.codec(Settings::none().with_setting("levle", 3), Reuse::Fresh).await;
    let error = levle.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("levle"), "{error}");
    check(&error);

    let paymants = Settings::none().with_setting("ring", "paymants");
    let codec = aes.codec(paymants, Reuse::Fresh).await.map(drop);
    let error = codec.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(text.contains("`paymants`") && text.contains("granted: `payments`"), "{text}");
    check(&error);

    let codec =
        aes.codec(Settings::none().with_setting("ring", "payments"), Reuse::Fresh).await.unwrap();
    let pipeline = Pipeline::builder().with_stage(Stage::new("aes", codec)).build().unwrap();
    pipeline.encode(&ctx(), vec![plain("x")]).await.unwrap();
}
