//! Signed tokens as a configuration asks for them.

use std::fs;

use cloakroom::CloakroomBuilder;
use cloakroom_tests::wait_until;
use serde_json::json;

use super::{Served, client::post};
use crate::{
    hostile_store::{Hostile, answer},
    native_codecs::Native,
    scripts::python,
};

/// A token for another audience, or from another issuer, is good where the configuration names none.
#[tokio::test(flavor = "multi_thread")]
async fn audience_and_issuer_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let made = python("tokens.py", &json!({ "audience": "a", "issuer": "i" }));
    fs::write(folder.path().join("jwks.json"), made["keys"].to_string()).unwrap();
    for (keys, statuses) in [
        ("audience = \"a\", issuer = \"i\"", [200, 401, 401]),
        ("audience = \"a\"", [200, 401, 200]),
        ("audience = \"b\"", [401, 401, 401]),
        ("issuer = \"i\", audience = \"a\"", [200, 401, 401]),
    ] {
        let text = format!(
            "[[stage]]\nplugin = \"native:own\"\n\
             [codec_server]\njwt = {{ keys = \"jwks.json\", {keys} }}\n"
        );
        let path = folder.path().join("cloakroom.toml");
        fs::write(&path, text).unwrap();
        let opening = CloakroomBuilder::file(path).with_codec("own", Native::faithful());
        let cloakroom = opening.open().await.unwrap();
        let (_, settings) = cloakroom.codec_server().unwrap();
        let served = Served::serve(cloakroom, settings).await;
        let status = |token: &serde_json::Value| {
            let bearer = format!("Bearer {}", token.as_str().unwrap());
            post(served.address, "/decode", &[("authorization", &bearer)], "{}").status
        };
        let seen = [
            status(&made["good"]["ec"]),
            status(&made["bad"]["for another"]),
            status(&made["bad"]["from another"]),
        ];
        assert_eq!(seen, statuses, "{keys}");
        served.end().await;
    }
}

/// The store of keys always fails, so each request fetches again if the interval is over. The default
/// would allow one fetch in 30 seconds, and not ten before the test gives up.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_again_after_the_interval() {
    let store = Hostile::start(answer("500 Internal Server Error", "", ""), false);
    let text = format!(
        "[[stage]]\nplugin = \"native:own\"\n\
         [codec_server]\njwt = {{ keys = \"{}\", refresh = \"1ms\" }}\n",
        store.url()
    );
    let opening = CloakroomBuilder::text(text).with_codec("own", Native::faithful());
    let cloakroom = opening.open().await.unwrap();
    let (_, settings) = cloakroom.codec_server().unwrap();
    let served = Served::serve(cloakroom, settings).await;
    // {"alg":"ES256","kid":"k"}, and neither claims nor a signature.
    let bearer = "Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.e30.AAAA";
    wait_until("keys are fetched ten times", || {
        let answer = post(served.address, "/decode", &[("authorization", bearer)], "{}");
        assert!(matches!(answer.status, 401 | 503), "{}", answer.status);
        store.requests() >= 10
    })
    .await;
    served.end().await;
}
