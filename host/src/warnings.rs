//! Warnings about settings that work and may not be meant.

mod loopback;
mod plugin_access;

use self::loopback::is_loopback;
use crate::config::{File, Locator, Required, Table};

/// Returns the warnings about a configuration, each with file and line.
pub(crate) fn warnings(file: &File, locator: &Locator) -> Vec<String> {
    plaintext(file, locator)
        .chain(threshold(file, locator))
        .chain(plain_http(file, locator))
        .chain(plain_services(file, locator))
        .chain(plugin_access::warnings(file, locator))
        .collect()
}

fn plaintext(file: &File, locator: &Locator) -> impl Iterator<Item = String> {
    let stages = file.stage.iter().enumerate();
    let accepting = stages.filter(|(_, stage)| stage.required == Required::Encode);
    accepting.map(|(index, stage)| {
        let place = locator.place_of(Table::Stage(index), &["required"]);
        format!(
            "{place}: stage `{}` has `required = \"encode\"`: decoding accepts plaintext, which \
             whoever can write into a history can forge; switch to `required = true` when \
             `cloakroom_plaintext_total` has not risen for as long as histories are kept \
             (host/docs/rollout.md)",
            stage.entry().stage_name()
        )
    })
}

/// Settings of a bucket that hold the address of its store.
const ADDRESSES: [&str; 3] = ["endpoint", "endpoint_url", "base_url"];

/// Buckets whose store is asked without TLS, on another machine.
fn plain_http(file: &File, locator: &Locator) -> impl Iterator<Item = String> {
    file.buckets.iter().filter_map(|(name, bucket)| {
        let written = bucket.settings.iter().filter_map(|(key, value)| Some((key, value.open()?)));
        let (key, _) = written.into_iter().find(|(key, value)| is_plain(key, value))?;
        let place = locator.place_of(Table::Bucket(name), &[key]);
        Some(format!(
            "{place}: [buckets.{name}] is asked over plain HTTP: whoever is on the way sees and can \
             change what is stored, and learns what the store accepts as credentials; use https://"
        ))
    })
}

/// Services that are asked without TLS, on another machine.
fn plain_services(file: &File, locator: &Locator) -> impl Iterator<Item = String> {
    let plain = file.services.iter().filter(|(_, entry)| {
        let host =
            entry.url.strip_prefix("http://").and_then(|rest| rest.split(['/', '?', '#']).next());
        host.is_some_and(|host| !is_loopback(host))
    });
    plain.map(|(name, _)| {
        let place = locator.place_of(Table::Service(name), &["url"]);
        format!(
            "{place}: [services.{name}] is asked over plain HTTP: whoever is on the way sees payloads \
             and credentials, and can change them; use https://"
        )
    })
}

/// Returns whether a setting has a store asked over plain HTTP that is not on this machine.
fn is_plain(key: &str, value: &str) -> bool {
    let bare =
        key.split_once('_').filter(|(store, _)| matches!(*store, "aws" | "azure" | "google"));
    let bare = bare.map_or(key, |(_, bare)| bare);
    if bare == "allow_http" {
        return value == "true";
    }
    let host = value.strip_prefix("http://").filter(|_| ADDRESSES.contains(&bare));
    let host = host.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| !is_loopback(host))
}

/// A threshold above what Temporal takes stores nothing that Temporal would have taken.
#[cfg(feature = "temporal")]
fn threshold(file: &File, locator: &Locator) -> Option<String> {
    let storage = file.storage.as_ref()?;
    let threshold = storage.threshold.as_ref()?.0;
    let most = file.temporal.size_limits().budget().most()?;
    (threshold.get() > most).then(|| {
        format!(
            "{}: `threshold` is {threshold}, and Temporal takes at most {most} bytes a field: \
             payloads between the two are refused instead of stored; lower `threshold`",
            locator.place_of(Table::Storage, &["threshold"])
        )
    })
}

#[cfg(not(feature = "temporal"))]
fn threshold(_: &File, _: &Locator) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_fine_on_this_machine_alone() {
        for (key, value, expect) in [
            ("endpoint", "http://10.0.0.5:9000", true),
            ("aws_endpoint", "http://store.example/", true),
            ("endpoint", "http://localhost.example:9000", true),
            ("endpoint", "http://127.0.0.1:9000", false),
            ("endpoint", "http://[::1]:9000/x", false),
            ("base_url", "http://localhost:4443", false),
            ("endpoint", "https://store.example", false),
            ("azure_allow_http", "true", true),
            ("user_agent", "http://10.0.0.5", false),
        ] {
            assert_eq!(is_plain(key, value), expect, "{key} {value}");
        }
    }
}
