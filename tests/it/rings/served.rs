//! The codec server and the command line.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::temporal::json;
use cloakroom_tests::{noise, plain};

use crate::{
    cli::{check, run},
    codec_server::{
        client::post,
        command::{BEARER, Program, config},
    },
};

/// Tables of namespaces: `shop` shares, `late` and `none` are being introduced.
const MORE: &str = r#"
    [keys.shop]
    current = "one"
    material.one = { file = "shop.key" }

    [namespace.shop]
    ring = "shop"
    shares = ["billing"]

    [namespace.late]
    mode = "decode"

    [namespace.none]
    mode = "off"
"#;

#[test]
fn the_codec_server_and_the_command_line_know_rings_shares_and_modes() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), MORE);
    let path = folder.path().join("cloakroom.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text =
        text.replace("grants.keys = [\"payments\"]", "grants.keys = [\"payments\", \"shop\"]");
    let text = text.replace("required = true", "required = \"encode\"");
    fs::write(&path, text).unwrap();
    fs::write(folder.path().join("shop.key"), STANDARD.encode(noise(32))).unwrap();

    let plain = String::from_utf8(json::write(&[plain("a payload")]).unwrap()).unwrap();
    let config = path.to_str().unwrap().to_owned();
    let command = |op: &str, namespace: &str, input: &str| {
        run(&[op, "--config", &config, "--namespace", namespace], input)
    };
    let sealed = check(&command("encode", "shop", &plain), 0, &[]);
    assert_ne!(sealed, plain);
    for namespace in ["shop", "billing"] {
        assert_eq!(check(&command("decode", namespace, &sealed), 0, &[]), plain, "{namespace}");
        let says = ["json/plain", "binary/sealed"];
        check(&command("explain", namespace, &sealed), 0, &says);
    }
    check(&command("decode", "audit", &sealed), 1, &["stage `aes-gcm`"]);
    for namespace in ["late", "none"] {
        assert_eq!(check(&command("encode", namespace, &plain), 0, &[]), plain, "{namespace}");
    }

    let mut program = Program::start_with(folder.path(), &[], None);
    let address = program.address();
    let ask = |op: &str, namespace: &str, input: &str| {
        let answer = post(address, op, &[BEARER, ("x-namespace", namespace)], input);
        (answer.status, answer.body)
    };
    for namespace in ["shop", "billing"] {
        assert_eq!(ask("/decode", namespace, &sealed), (200, plain.clone()), "{namespace}");
    }
    let (status, body) = ask("/decode", "audit", &sealed);
    assert!(status >= 400 && body.contains("stage `aes-gcm`"), "{status} {body}");
    for namespace in ["late", "none"] {
        assert_eq!(ask("/encode", namespace, &plain), (200, plain.clone()), "{namespace}");
    }
    assert_eq!(ask("/decode", "none", &sealed), (200, sealed.clone()));
    assert_ne!(ask("/decode", "late", &sealed).0, 200);
}
