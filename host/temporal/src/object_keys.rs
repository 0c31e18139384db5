//! Namespaces in the keys of stored objects, as the official drivers lay them out.

use std::borrow::Cow;

use cloakroom_core::Claim;

/// Entries of a claim that hold no key: the official drivers' names for buckets and digests.
const NO_KEYS: [&str; 6] =
    ["bucket", "container", "hash_algorithm", "hashAlgorithm", "hash_value", "hashValue"];

/// Prefix of entries that the pipeline adds to a claim.
const OURS: &str = "cloakroom_";

/// Segment of a key whose part is not known, as the official drivers write it.
const UNKNOWN: &str = "null";

/// Returns the namespaces that the keys of a claim name. `None` if there is no key, or one names none.
///
/// Every entry counts as a key that is not known for something else: a driver whose object is named by
/// an entry `id` must not be fooled by a forged `key` beside it.
pub(crate) fn key_namespaces(claim: &Claim) -> Option<Vec<String>> {
    let is_key = |name: &str| !NO_KEYS.contains(&name) && !name.starts_with(OURS);
    let keys = claim.iter().filter(|(name, _)| is_key(name)).map(|(_, value)| value);
    let mut namespaces = Vec::new();
    for key in keys {
        namespaces.push(namespace(key)?);
    }
    (!namespaces.is_empty()).then_some(namespaces)
}

/// Returns the namespace in a key: the segment behind `v0/ns`, after any prefix of the driver's. Redis
/// has colons between segments.
///
/// The first one counts. Ids in the key cannot imitate it, because drivers escape what separates
/// segments, and no id stands right before a segment that anybody chooses.
fn namespace(key: &str) -> Option<String> {
    let segments: Vec<_> = key.split(['/', ':']).collect();
    let at = segments.windows(2).position(|pair| pair == ["v0", "ns"])?;
    let segment = segments.get(at + 2).filter(|segment| !matches!(**segment, "" | UNKNOWN))?;
    // Something must follow: the key of an object is longer than its namespace.
    segments.get(at + 3)?;
    unescape(segment).map(Cow::into_owned)
}

/// Decodes `%XX`, by which all drivers escape. `None` if the result is no text.
fn unescape(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(entries: &[(&str, &str)]) -> Claim {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[track_caller]
    fn check(key: &str, expected: Option<&str>) {
        assert_eq!(namespace(key).as_deref(), expected, "{key}");
    }

    #[test]
    fn reads_the_layouts_of_all_drivers() {
        check("v0/ns/payments%20prod/wt/Charge/wi/a/ri/null/d/sha256/00", Some("payments prod"));
        check("v0/ns/payments prod/wt/T/wi/a%2Fb~ü/ri/null/d/sha256/00", Some("payments prod"));
        check("team/a/v0/ns/shop/d/sha256/00", Some("shop"));
        check("temporalio:payloads:v0:ns:shop:wt:T:wi:w:ri:r:d:sha256:00", Some("shop"));
        check("v0/ns/%E6%97%A5%E6%9C%AC/d/sha256/00", Some("日本"));
        for key in ["v0/d/sha256/00", "v0/ns/null/at/A/ai/a/ri/r/d/sha256/00", "v0/ns/shop", ""] {
            check(key, None);
        }
        for key in ["v0/ns//d/sha256/00", "v0/ns/%/d", "v0/ns/%FF/d", "v1/ns/shop/d"] {
            check(key, None);
        }
    }

    /// Whoever chooses ids and types cannot make a key read as one of another namespace.
    #[test]
    fn ids_do_not_imitate_a_namespace() {
        check("v0/ns/bank/wt/v0/wi/ns/ri/shop/d/sha256/00", Some("bank"));
        check("v0/ns/bank/wt/v0%2Fns%2Fshop/wi/w/ri/r/d/sha256/00", Some("bank"));
    }

    #[test]
    fn every_entry_that_may_be_a_key_counts() {
        let (own, other) = ("v0/ns/shop/d/sha256/00", "v0/ns/bank/d/sha256/00");
        let hash = ("hash_value", "00");
        let names = |entries: &[(&str, &str)]| key_namespaces(&claim(entries));
        let one = Some(vec!["shop".to_owned()]);
        assert_eq!(names(&[("bucket", "b"), ("key", own), hash, ("cloakroom_size", "3")]), one);
        // Names of the official driver for GCS, of which readers take the first that they know.
        let both = names(&[("key", own), ("object_name", other)]);
        assert_eq!(both, Some(vec!["shop".to_owned(), "bank".to_owned()]));
        assert_eq!(names(&[("id", "17"), ("key", own)]), None);
        assert_eq!(names(&[("id", "17")]), None);
        assert_eq!(names(&[hash]), None);
    }
}
