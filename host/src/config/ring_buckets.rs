//! Buckets in which rings keep their wrapped keys.

use cloakroom_core::Error;
use cloakroom_keys::WRAPPED_KEYS;

use super::{
    bucket::{BucketEntry, UseWord},
    locator::{Locator, Table},
    schema::{File, RingEntry},
    unknown_name::unknown,
};

/// Refuses a ring whose bucket the file does not have, or where its wrapped keys are not safe.
pub(crate) fn check(file: &File, locator: &Locator) -> Result<(), Error> {
    let known = file.buckets.keys().map(String::as_str).collect();
    for (name, entry) in &file.keys {
        let Some(bucket) = &entry.bucket else { continue };
        let what = format!("[keys.{name}]: `bucket`");
        if let Some(text) = unknown(&what, "bucket", "buckets", bucket, &known) {
            return locator.refuse(Table::Ring(name), &["bucket"], text);
        }
        if let Some(text) =
            file.buckets.get(bucket).and_then(|found| unsafe_in(bucket, found, entry))
        {
            return locator.refuse(
                Table::Ring(name),
                &["bucket"],
                format!("[keys.{name}]: {text}"),
            );
        }
    }
    Ok(())
}

/// Returns why wrapped keys cannot be kept in a bucket, if that is so.
fn unsafe_in(name: &str, bucket: &BucketEntry, ring: &RingEntry) -> Option<String> {
    if bucket.read_only && ring.stores_wrapped() {
        return Some(format!(
            "wrapped keys are kept in [buckets.{name}], which is `read_only`: remove that, or keep them with \
             `wrapped = \"inline\"`"
        ));
    }
    let takes_away = |word: &UseWord| matches!(word, UseWord::Overwrite | UseWord::Remove);
    let is_reached =
        bucket.prefix.starts_with(WRAPPED_KEYS) || WRAPPED_KEYS.starts_with(&bucket.prefix);
    (is_reached && bucket.allow.iter().flatten().any(takes_away)).then(|| {
        format!(
            "wrapped keys are kept in [buckets.{name}], where `allow` lets plugins overwrite or remove them, \
             and no payload opens without them: take a bucket of their own, or grant plugins a `prefix` \
             outside of `{WRAPPED_KEYS}`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn verdict(ring: &str, bucket: &str) -> Result<(), Error> {
        let text = format!(
            "[keys.r]\nservice = \"native:kek\"\nbucket = \"wrapped\"\n{ring}\n\
             [buckets.wrapped]\nurl = \"memory:b\"\n{bucket}"
        );
        let file = parse(&text, "c.toml").unwrap();
        check(&file, &Locator::new("c.toml".to_owned(), text))
    }

    #[track_caller]
    fn refuses(ring: &str, bucket: &str, says: &str) {
        let error = verdict(ring, bucket).unwrap_err();
        assert_eq!(error.place(), Some("c.toml, line 3"));
        assert!(error.to_string().contains(says), "{error}");
    }

    #[test]
    fn wrapped_keys_are_written_and_stay() {
        let stored = "data_key = { wrapped = \"store\" }";
        assert!(verdict(stored, "").is_ok());
        refuses(stored, "read_only = true", "`read_only`");
        assert!(verdict("", "read_only = true").is_ok());
        for word in ["overwrite", "remove"] {
            let allow = format!("allow = [\"read\", \"write\", \"{word}\"]");
            refuses("", &allow, "outside of");
            refuses("", &format!("{allow}\nprefix = \"cloakroom/\""), "outside of");
            assert!(verdict("", &format!("{allow}\nprefix = \"v0/\"")).is_ok());
        }
        let text = "[keys.r]\nservice = \"native:kek\"\nbucket = \"wrapper\"\n\
                    [buckets.wrapped]\nurl = \"memory:b\"";
        let file = parse(text, "c.toml").unwrap();
        let error = check(&file, &Locator::new("c.toml".to_owned(), text.to_owned())).unwrap_err();
        assert!(error.to_string().contains("did you mean `wrapped`?"), "{error}");
    }
}
