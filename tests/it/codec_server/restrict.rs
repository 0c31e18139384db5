//! Removed tokens and origins are refused at once, also if the rest of the file does not load.

use std::{fs, time::Instant};

use cloakroom_tests::{PATIENCE, plain};
use serde_json::json;

use super::{
    client::post,
    command::{BEARER, Program, config},
    text,
};
use crate::scripts::python;

const UI: (&str, &str) = ("origin", "http://localhost:8233");

#[test]
fn a_removed_token_is_refused_while_plugins_cannot_be_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloakroom.toml");
    let made = python("tokens.py", &json!({ "audience": "a", "issuer": "i" }));
    fs::write(folder.path().join("jwks.json"), made["keys"].to_string()).unwrap();
    let jwt = "jwt = { keys = \"jwks.json\", audience = \"a\" }";
    config(folder.path(), &format!("{jwt}\norigins = [\"{}\", \"https://ui.example\"]", UI.1));
    let mut program = Program::start_with(folder.path(), &[], None);
    let address = program.address();
    let bearer = format!("Bearer {}", made["good"]["ec"].as_str().unwrap());
    let signed = ("authorization", &*bearer);
    let sent = text(&[plain("\"hi\"")]);
    let encoded = post(address, "/encode", &[signed], &sent).body;
    let status = |headers: &[(&str, &str)]| post(address, "/decode", headers, &encoded).status;
    assert_eq!(status(&[BEARER, UI]), 200);

    // Another token, an origin less, one more, and a plugin that is not there.
    let next = ("authorization", "Bearer the token that comes next");
    fs::write(folder.path().join("token.next"), "the token that comes next").unwrap();
    let new_ui = ("origin", "https://new.example");
    let good = fs::read_to_string(&path).unwrap();
    let whole = good.replace("file = \"token\"", "file = \"token.next\"").replace(UI.1, new_ui.1);
    let broken = whole.replace("bundled:aes-gcm", "file:none.wasm");
    let put = |text: &str| {
        fs::write(folder.path().join("next.toml"), text).unwrap();
        fs::rename(folder.path().join("next.toml"), &path).unwrap();
    };
    put(&broken);
    program.signal("-HUP");
    program.says("restrictions of [codec_server] hold from now on");
    program.says("the configuration stays as it was");
    assert_eq!(status(&[BEARER]), 401);
    assert_eq!(status(&[next]), 401, "an addition waits for a good load");
    assert_eq!((status(&[signed, UI]), status(&[signed, new_ui])), (403, 403));
    // The old pipeline serves whom both let in.
    assert_eq!(status(&[signed, ("origin", "https://ui.example")]), 200);
    assert_eq!(post(address, "/decode", &[signed], &encoded).body, sent);

    // A file that cannot be read changes nothing, and is an error at each attempt.
    put(&whole.replace("[codec_server]", "[codec_server]\nnonsense = 1"));
    for _ in 0..2 {
        program.signal("-HUP");
        let stays = program.says("the configuration stays as it was");
        assert_eq!(stays["level"], "ERROR");
    }
    assert_eq!((status(&[BEARER]), status(&[next]), status(&[signed])), (401, 401, 200));

    put(&whole);
    program.signal("-HUP");
    program.says("the configuration was swapped");
    assert_eq!((status(&[BEARER]), status(&[next])), (401, 200));
    assert_eq!((status(&[signed, UI]), status(&[signed, new_ui])), (403, 200));
}

/// Nobody sends a signal.
#[test]
fn files_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let mut program = Program::start_with(folder.path(), &[], None);
    let address = program.address();
    assert_eq!(post(address, "/decode", &[BEARER], "{}").status, 200);
    // The token's file alone, while the key cannot be read.
    fs::remove_file(folder.path().join("key")).unwrap();
    fs::write(folder.path().join("token"), "the token that comes next").unwrap();
    program.says("restrictions of [codec_server] hold from now on");
    let give_up = Instant::now() + PATIENCE;
    while post(address, "/decode", &[BEARER], "{}").status != 401 {
        assert!(Instant::now() < give_up);
    }
}
