//! Rules about claims that the driver has not written, or not so.

use cloakroom_core::{Claim, ErrorKind};
use futures::future::BoxFuture;

use super::subject::{DriverSubject, object};
use crate::verdict::{Checked, broken, describe, not_run, unless_refused};

/// Kinds of errors by which a driver refuses a claim. None of them is retried.
const REFUSED: [ErrorKind; 4] =
    [ErrorKind::Malformed, ErrorKind::NotFound, ErrorKind::Denied, ErrorKind::OutOfScope];

/// Entries of the host: size and digest are its own to check.
const DIGEST: [&str; 2] = ["hash_algorithm", "hash_value"];

pub(super) fn strange(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let body = subject.sampler("claim-strange").noise(600);
        let claim = subject.stored("an object", &body).await?;
        let entries = [
            ("hash_algorithm", "sha256".to_owned()),
            ("hash_value", "00".repeat(32)),
            ("cloakroom_mac", "00".repeat(32)),
            ("x-later", "größe \u{1F9E5}".to_owned()),
            ("", String::new()),
            ("zz", "x".repeat(4000)),
        ];
        let mut all = claim.clone();
        for (name, value) in &entries {
            let mut with = claim.clone();
            with.insert((*name).to_owned(), value.clone());
            all.insert((*name).to_owned(), value.clone());
            subject.finds(&format!("a claim with the entry `{name}`"), &with, &body).await?;
        }
        subject.finds("a claim with all of these entries", &all, &body).await?;
        Ok(entries.len() + 1)
    })
}

pub(super) fn missing(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let body = subject.sampler("claim-missing").noise(600);
        let claim = subject.stored("an object", &body).await?;
        let empty = subject.retrieve(&Claim::new()).await;
        if let Some(found) = unless_refused(&empty, &[ErrorKind::Malformed]) {
            return Err(broken("a claim without entries", found));
        }
        let expected = object(&body).envelope().to_bytes();
        for name in claim.keys() {
            let mut without = claim.clone();
            without.remove(name);
            let answer = subject.retrieve(&without).await;
            // An entry may be for others, or repeat another one.
            if answer.as_ref().is_ok_and(|found| *found == expected) {
                continue;
            }
            if let Some(found) = unless_refused(&answer, &[ErrorKind::Malformed]) {
                return Err(broken(format!("a claim without `{name}`"), found));
            }
        }
        Ok(claim.len() + 1)
    })
}

pub(super) fn forged(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("claim-forged");
        let body = sampler.noise(600);
        let claim = subject.stored("an object", &body).await?;
        let expected = object(&body).envelope().to_bytes();
        let mut cases = 0;
        for (name, value) in claim.iter().filter(|(name, _)| !DIGEST.contains(&&***name)) {
            for (what, forged) in forgeries(value) {
                let mut changed = claim.clone();
                changed.insert(name.clone(), forged);
                let case = format!("`{name}` {what}");
                match subject.retrieve(&changed).await {
                    Ok(found) if found == expected => {}
                    Ok(_) => return Err(broken(case, "other data came back")),
                    Err(error) if REFUSED.contains(&error.kind()) => {}
                    Err(error) => {
                        return Err(broken(case, format!("it ended with {}", describe(&error))));
                    }
                }
                cases += 1;
            }
        }
        Ok(cases)
    })
}

/// Returns values in place of a claim's own, and what is odd about them.
fn forgeries(value: &str) -> Vec<(&'static str, String)> {
    let mut last_changed = value.to_owned();
    let last = last_changed.pop();
    last_changed.push(if last == Some('0') { '1' } else { '0' });
    vec![
        ("that is empty", String::new()),
        ("with another last character", last_changed),
        ("without its first half", value.chars().skip(value.chars().count() / 2).collect()),
        ("that climbs", format!("../../{value}")),
        ("that is absolute", format!("/{value}")),
        ("with a line break", format!("{value}\r\nGET")),
        ("with a NUL", format!("{value}\0")),
        ("with percent escapes", format!("{value}%2f%00")),
        ("that is not ASCII", "größe \u{1F9E5}".to_owned()),
        ("of 100,000 characters", "x".repeat(100_000)),
    ]
}

pub(super) fn swapped(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let body = subject.sampler("claim-swapped").noise(600);
        let claim = subject.stored("an object", &body).await?;
        let own: Vec<_> = claim.iter().filter(|(name, _)| !DIGEST.contains(&&***name)).collect();
        let expected = object(&body).envelope().to_bytes();
        let mut cases = 0;
        for (index, (name, value)) in own.iter().enumerate() {
            for (other, exchanged) in own.iter().skip(index + 1) {
                if value == exchanged {
                    continue;
                }
                let mut changed = claim.clone();
                changed.insert((*name).clone(), (*exchanged).clone());
                changed.insert((*other).clone(), (*value).clone());
                let answer = subject.retrieve(&changed).await;
                cases += 1;
                if answer.as_ref().is_ok_and(|found| *found == expected) {
                    continue;
                }
                if let Some(found) = unless_refused(&answer, &REFUSED) {
                    return Err(broken(format!("`{name}` and `{other}` exchanged"), found));
                }
            }
        }
        if cases == 0 {
            return Err(not_run("the claim has no two entries to exchange"));
        }
        Ok(cases)
    })
}
