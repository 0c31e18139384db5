//! The rogue's description of itself. It is asked before there are settings, so tests choose the attack
//! by writing its name into the component's file.

use std::hint::black_box;

use cloakroom_guest::{
    PayloadCodec,
    wasm::{
        about,
        about_bindings::exports::cloakroom::plugin::about::{
            Facts, Guest, IntegerRange, Setting, SettingKind,
        },
    },
};

use crate::{Rogue, trap};

/// The attack, in the middle of a word that tests find.
static ATTACK: [u8; 32] = *b"rogue-about-attack:none;;;;;;;;;";

fn attack() -> &'static str {
    let name = black_box(&ATTACK).split_at(19).1;
    core::str::from_utf8(name).unwrap_or_default().trim_end_matches(';')
}

struct Described;

impl Guest for Described {
    fn describe() -> Facts {
        match attack() {
            "trap" => trap(),
            "loop" => loop {
                black_box(());
            },
            "long" => return about::facts([Some(black_box(&*"x".repeat(1 << 20).leak())); 6]),
            "paint" => return about::facts([Some("a\u{1b}[2J\nb\u{202e}c"); 6]),
            _ => {}
        }
        about::facts([Some("rogue"), Some("6.6.6"), Some("none"), None, None, None])
    }

    fn settings() -> Vec<Setting> {
        let ours = about::settings(Rogue::SETTINGS);
        let flag = |name: String| Setting {
            name,
            description: String::new(),
            kind: SettingKind::Flag,
            default: None,
            required: false,
        };
        match attack() {
            "many" => (0..65).map(|index| flag(format!("s{index}"))).collect(),
            "endless" => (0..100_000).map(|index| flag(format!("s{index}"))).collect(),
            "twice" => vec![flag("a".to_owned()), flag("a".to_owned())],
            "shout" => vec![flag("A\u{1b}".to_owned())],
            "beyond" => {
                let kind = SettingKind::Integer(IntegerRange { least: 1, most: 2 });
                vec![Setting { kind, default: Some("3".to_owned()), ..flag("a".to_owned()) }]
            }
            _ => ours,
        }
    }

    fn metadata_names() -> Vec<String> {
        let name = match attack() {
            "greedy" => "encoding",
            "mark" => "x-rogue",
            _ => return Vec::new(),
        };
        vec![name.to_owned()]
    }
}

cloakroom_guest::wasm::about_bindings::export_described_plugin!(
    Described with_types_in cloakroom_guest::wasm::about_bindings
);
