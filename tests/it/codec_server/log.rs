//! Log of a codec server: reasons of failures, an audit, and repeated refusals.

use cloakroom_tests::{assert_text, assert_texts, plain};
use expect_test::expect;
use serde_json::{Value, json};

use super::{
    client::{announce, ask, post},
    command::{BEARER, Program, config},
    text,
};
use crate::scripts::python;

/// Starts a server on this configuration.
fn start(folder: &std::path::Path, more: &str) -> Program {
    config(folder, more);
    Program::start_with(folder, &[], None)
}

fn of_request(id: &str) -> impl Fn(&Value) -> bool {
    move |line| line["request"] == id && line["target"] == "cloakroom::request"
}

#[test]
fn a_failed_request_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = start(folder.path(), "");
    let address = program.address();
    let sent = text(&[plain("\"hi\"")]);
    let given = ("x-request-id", "from-the-proxy-1");
    let refused = post(address, "/payments/decode", &[BEARER, given], &sent);
    assert_eq!((refused.status, refused.header("x-request-id")), (400, Some(given.1)));
    let line = program.line("the reason", of_request(given.1));
    let fields = [
        ("level", json!("WARN")),
        ("message", json!("a request failed")),
        ("route", json!("decode")),
        // Numbers are numbers.
        ("status", json!(400)),
        ("slot", json!(0)),
        ("kind", json!("unsealed")),
        ("stage", json!("aes-gcm")),
        ("direction", json!("decode")),
        ("namespace", json!("payments")),
        ("subject", json!("token")),
        ("error", json!(refused.body.trim())),
    ];
    for (name, value) in fields {
        assert_eq!(line[name], value, "{name} of {line}");
    }
    assert!(line["microseconds"].is_u64(), "{line}");
    assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");

    // An id that is none is replaced, and it is that of the log.
    let long = "x".repeat(65);
    for id in ["two words", &long] {
        let refused = post(address, "/decode", &[BEARER, ("x-request-id", id)], "{");
        let made = refused.header("x-request-id").unwrap();
        assert!(made != id && made.len() == 16, "{made}");
        let line = program.line("the reason", of_request(made));
        assert_text(
            line["error"].as_str().unwrap(),
            &[],
            &expect![[r#"
                not Payloads JSON (line 1, column 1): expected {"payloads":[{"metadata":{…},"data":"…"}]}
            "#]],
        );
    }
    let nowhere = post(address, "/nowhere", &[BEARER, ("x-request-id", "n")], "");
    assert_eq!(nowhere.status, 404);
    assert_eq!(program.line("the reason", of_request("n"))["level"], "WARN");
    // A line of one that was served has the same fields.
    post(address, "/encode", &[BEARER, ("x-request-id", "good")], &sent);
    let line = program.line("the answer", of_request("good"));
    assert_eq!((&line["level"], &line["status"]), (&json!("INFO"), &json!(200)));
    assert!(line["microseconds"].is_u64() && line["error"].is_null(), "{line}");
}

/// Each decode and download, also one that fails, is one line that says who saw how much.
#[test]
fn what_is_shown_is_audited() {
    let folder = tempfile::tempdir().unwrap();
    let made = python("tokens.py", &json!({ "audience": "a", "issuer": "i" }));
    std::fs::write(folder.path().join("jwks.json"), made["keys"].to_string()).unwrap();
    let mut program = start(folder.path(), "jwt = { keys = \"jwks.json\", audience = \"a\" }");
    let address = program.address();
    let bearer = format!("Bearer {}", made["good"]["ec"].as_str().unwrap());
    let signed = ("authorization", &*bearer);
    let sent = text(&[plain("\"hi\""), plain("\"there\"")]);
    let encoded = post(address, "/encode", &[signed, ("x-request-id", "encode")], &sent).body;
    let id = |id| [signed, ("x-request-id", id), ("x-namespace", "payments")];
    assert_eq!(post(address, "/decode", &id("decode"), &encoded).body, sent);
    post(address, "/decode", &id("clear"), &sent).refuses(400, &[], &expect![[r#"
        stage `aes-gcm`, decoding payload N: the payload arrived unsealed, and this stage is required: if it was written before this stage was there, let such payloads pass (`required = "encode"`)
    "#]]);
    post(address, "/download", &id("download"), &encoded).refuses(
        400,
        &[],
        &expect![[r#"
            all payloads must be references to stored objects: /download takes nothing else
        "#]],
    );
    post(address, "/decode", &id("broken"), "{").refuses(
        400,
        &[],
        &expect![[r#"
        not Payloads JSON (line 1, column 1): expected {"payloads":[{"metadata":{…},"data":"…"}]}
    "#]],
    );
    let expired = format!("Bearer {}", made["bad"]["expired"].as_str().unwrap());
    post(address, "/decode", &[("authorization", &expired)], &encoded).refuses(
        401,
        &[],
        &expect![[r#"
            send `Authorization: Bearer` with a token that is valid here
        "#]],
    );
    let why = program.line("the reason", |line| line["status"] == 401);
    assert_eq!(why["error"], "the token has expired");
    // A client that hangs up before it has sent everything.
    drop(announce(address, &id("gone"), 1000));
    let audit = |line: &Value| line["target"] == "cloakroom::audit";
    program.line("its audit", |line| audit(line) && line["request"] == "gone");

    let lines: Vec<_> = program.log.iter().filter(|line| audit(line)).collect();
    let told = |line: &Value| {
        let name = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
        (name("request"), name("route"), name("outcome"), line["payloads"].clone())
    };
    let told: Vec<_> = lines.iter().map(|line| told(line)).collect();
    let expect = |request: &str, route: &str, outcome: &str, payloads: Value| {
        (request.to_owned(), route.to_owned(), outcome.to_owned(), payloads)
    };
    assert_eq!(
        told[..4],
        [
            expect("decode", "decode", "answered", json!(2)),
            expect("clear", "decode", "failed", json!(2)),
            expect("download", "download", "failed", json!(2)),
            expect("broken", "decode", "failed", Value::Null),
        ]
    );
    assert!(told.len() == 5 && told[4].2 != "answered", "{told:?}");
    assert_eq!(lines[0]["bytes_out"], json!("\"hi\"\"there\"".len()));
    assert_eq!(lines[1]["bytes_out"], 0);
    for line in lines {
        let who = [&line["level"], &line["subject"], &line["namespace"]];
        assert_eq!(who, ["INFO", "someone", "payments"], "{line}");
        assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");
    }
}

/// A browser shows no reason, and asks again for each event on a page.
#[test]
fn refusals_that_repeat_are_logged_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = start(folder.path(), "origins = [\"http://localhost:8233\"]");
    let address = program.address();
    let preflight = |origin| {
        let asks = [("origin", origin), ("access-control-request-method", "POST")];
        ask(address, "OPTIONS /decode", &asks, b"")
    };
    let same_page = ("origin", "http://127.0.0.1:8233");
    for _ in 0..5 {
        preflight(same_page.1);
        preflight("https://ui.example");
        preflight("http://localhost:8233");
        post(address, "/decode", &[BEARER, same_page], "{}").refuses(
            403,
            &["codec_server.origins"],
            &expect![[r#"
                this page may not ask: add its origin (`codec_server.origins`)
            "#]],
        );
        post(address, "/decode", &[BEARER, ("origin", "null")], "{}").refuses(
            403,
            &[],
            &expect![[r#"
                this page may not ask: add its origin (`codec_server.origins`)
            "#]],
        );
        post(address, "/decode", &[], "{}").refuses(
            401,
            &["Bearer"],
            &expect![[r#"
                send `Authorization: Bearer` with a token that is valid here
            "#]],
        );
        post(address, "/decode", &[("authorization", "Bearer wrong")], "{}").refuses(
            401,
            &["Bearer"],
            &expect![[r#"
                send `Authorization: Bearer` with a token that is valid here
            "#]],
        );
    }
    post(address, "/decode", &[BEARER, ("x-request-id", "last")], "{}");
    program.line("the last", of_request("last"));

    let is_refusal =
        |line: &&Value| line["level"] == "WARN" && line["target"] == "cloakroom::request";
    let warnings = program.log.iter().filter(is_refusal);
    let warnings: Vec<_> = warnings.map(|line| line["error"].as_str().unwrap()).collect();
    assert_eq!(warnings.len(), 4, "{warnings:#?}");
    let warnings: Vec<_> = warnings.into_iter().map(str::to_owned).collect();
    assert_texts(
        &warnings,
        &expect![[r#"
            a page of http://127.0.0.1:8233 may not ask: if it should, add "http://127.0.0.1:8233"; http://localhost:8233 is allowed, but browsers treat it as another origin (`codec_server.origins`)
            a page of https://ui.example may not ask: if it should, add "https://ui.example" (`codec_server.origins`)
            a page with the opaque origin `null` may not ask, and no setting can allow it
            the request has no `Authorization` header
        "#]],
    );
    let metrics = ask(address, "GET /metrics", &[BEARER], b"").body;
    for counted in ["status=\"401\"} 10", "status=\"403\"} 10"] {
        assert!(metrics.contains(counted), "no {counted} in {metrics}");
    }
}

/// Lines that are logged while a request is served name the request and the stage.
#[test]
fn spans_name_the_request_and_the_stage() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let mut program = Program::start_with(folder.path(), &[], Some("debug"));
    let address = program.address();
    post(address, "/encode", &[BEARER, ("x-request-id", "mine")], &text(&[plain("\"hi\"")]));
    let called =
        |line: &Value| line["message"] == "called" && line["spans"][0]["request"] == "mine";
    let line = program.line("the stage's call", called);
    assert_eq!((&line["name"], &line["spans"][0]["name"]), (&json!("aes-gcm"), &json!("http")));
}
