//! Rules about keys.

use cloakroom_core::{ErrorKind, PutMode};
use futures::future::BoxFuture;

use super::subject::BucketSubject;
use crate::verdict::{Checked, broken, call, describe, not_run, unless_refused};

/// Names that some stores take for others.
const ODD: [&str; 14] = [
    "plain",
    "Plain",
    "with space",
    "with%20space",
    "with+plus",
    "with%2Fslash",
    "größe-\u{1F9E5}",
    "gro\u{308}ße",
    "größe",
    "#[]*?:\"<>|",
    "a&b=c;d",
    "...",
    "back\\slash",
    "tilde~and'quote",
];

pub(super) fn odd(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let long = "x".repeat(200);
        let names: Vec<_> = ODD.into_iter().chain([&*long]).collect();
        let mut written = Vec::new();
        for name in &names {
            let key = subject.key("keys", name);
            // A store may refuse a name; it must not take it for another.
            match subject.put(&key, vec![name.to_string().into()], PutMode::Overwrite).await {
                Ok(_) => written.push((key, *name)),
                Err(error) if error.kind() == ErrorKind::Denied => {}
                Err(error) => {
                    let case = format!("the key `{name}`");
                    return Err(broken(case, format!("writing ended with {}", describe(&error))));
                }
            }
        }
        for (key, name) in &written {
            subject.holds(&format!("the key `{name}`"), key, name.as_bytes()).await?;
        }
        Ok(names.len())
    })
}

pub(super) fn climbing(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let names = ["a/../b", "a/./b", "a//b", "..", ".", "a/"];
        for name in names {
            let (case, key) = (format!("the key `{name}`"), subject.key("unsafe-keys", name));
            let put = subject.put(&key, vec!["x".into()], PutMode::Overwrite).await;
            if let Some(found) = unless_refused(&put, &[ErrorKind::Denied]) {
                return Err(broken(case, found));
            }
            let get = subject.get(&key, 10).await;
            if let Some(found) = unless_refused(&get, &[ErrorKind::Denied, ErrorKind::NotFound]) {
                return Err(broken(case, found));
            }
        }
        let empty = subject.put("", vec!["x".into()], PutMode::Overwrite).await;
        if let Some(found) = unless_refused(&empty, &[ErrorKind::Denied]) {
            return Err(broken("the empty key", found));
        }
        Ok(names.len() + 1)
    })
}

pub(super) fn list(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let names = ["b/2", "a", "b/1", "b", "c-1", "c/1", "b-0"];
        let mut keys: Vec<_> = names.iter().map(|name| subject.key("list", name)).collect();
        // A folder cannot have a file of the same name: such a store is asked without these.
        let mut written = Vec::new();
        for key in keys.drain(..) {
            match subject.put(&key, vec!["x".into()], PutMode::Overwrite).await {
                Ok(_) => written.push(key),
                Err(error) if error.kind() == ErrorKind::Denied => {}
                Err(error) => {
                    let text = format!("writing ended with {}", describe(&error));
                    return Err(broken(format!("the key `{key}`"), text));
                }
            }
        }
        written.sort_unstable();
        for prefix in ["", "b", "b/", "b-", "nothing"] {
            let prefix = subject.key("list", prefix);
            let expected: Vec<_> =
                written.iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
            let found = list_all(subject, &prefix).await?;
            if found != expected {
                let text = format!("{} keys came in place of {}", found.len(), expected.len());
                return Err(broken(format!("the prefix `{prefix}`"), text));
            }
        }
        Ok(5)
    })
}

/// Lists page by page, as callers do.
async fn list_all(
    subject: &BucketSubject,
    prefix: &str,
) -> Result<Vec<String>, crate::verdict::Stop> {
    let case = format!("the prefix `{prefix}`");
    let mut all: Vec<String> = Vec::new();
    loop {
        let page = call(subject.bucket.list(prefix, all.last().map(String::as_str))).await;
        let page = match page {
            Ok(page) => page,
            Err(error) if error.kind() == ErrorKind::Denied => {
                return Err(not_run("the bucket lists nothing"));
            }
            Err(error) => {
                return Err(broken(case, format!("listing ended with {}", describe(&error))));
            }
        };
        if page.is_empty() {
            return Ok(all);
        }
        let is_after = |pair: &[String]| matches!(pair, [one, other] if one < other);
        let follows = all.last().zip(page.first()).is_none_or(|(last, first)| last < first);
        if !follows || !page.windows(2).all(is_after) {
            return Err(broken(case, "keys came twice, or not in their order"));
        }
        all.extend(page);
    }
}
