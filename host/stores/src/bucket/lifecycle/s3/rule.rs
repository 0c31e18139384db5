//! Lifecycle rules as S3 writes them: which objects each takes away.

use quick_xml::{Reader, events::Event};

/// Storage classes from which an object has to be restored before it can be read.
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// Deepest element of a configuration that S3 documents, and some more.
const DEPTH: usize = 8;

/// Rules of a bucket.
pub(super) struct Configuration {
    rules: Vec<Rule>,
}

/// A rule, as far as it says which objects are taken away.
#[derive(Default)]
struct Rule {
    id: String,
    is_off: bool,
    /// Those of a filter, or the one of the older form without it. A key must start with each.
    prefixes: Vec<String>,
    is_tagged: bool,
    expires: bool,
    archives: bool,
}

impl Configuration {
    /// Parses an answer of S3; none if it has another form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        let (mut path, mut rules) = (Vec::<String>::new(), Vec::<Rule>::new());
        let mut is_known = false;
        loop {
            let event = reader.read_event().ok()?;
            match &event {
                Event::Start(start) | Event::Empty(start) => {
                    let name = start.local_name();
                    path.push(std::str::from_utf8(name.as_ref()).ok()?.to_owned());
                    match names(&path).as_slice() {
                        ["LifecycleConfiguration"] => is_known = true,
                        ["LifecycleConfiguration", "Rule"] => rules.push(Rule::default()),
                        ["LifecycleConfiguration", "Rule", within @ ..] => {
                            rules.last_mut()?.begin(within);
                        }
                        _ => return None,
                    }
                    if path.len() > DEPTH {
                        return None;
                    }
                    if matches!(event, Event::Empty(_)) {
                        path.pop();
                    }
                }
                Event::Text(text) => {
                    if let ["LifecycleConfiguration", "Rule", within @ ..] = names(&path).as_slice()
                    {
                        rules.last_mut()?.read(within, &text.decode().ok()?);
                    }
                }
                Event::End(_) => drop(path.pop()),
                Event::Eof => break,
                // An escaped character in a prefix: nothing is claimed about such a rule.
                Event::GeneralRef(_) | Event::CData(_) => return None,
                _ => {}
            }
        }
        (is_known && path.is_empty()).then_some(Self { rules })
    }

    /// Returns the names of the rules that take untagged objects under `prefix` away. Rules about sizes
    /// count, because the sizes of objects are not known here.
    pub(super) fn covering(&self, prefix: &str) -> impl Iterator<Item = &str> {
        let covers = move |rule: &&Rule| rule.takes_away() && rule.meets(prefix);
        self.rules.iter().filter(covers).map(|rule| match &*rule.id {
            "" => "a rule without a name",
            id => id,
        })
    }
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

impl Rule {
    /// Notes an element that begins.
    fn begin(&mut self, path: &[&str]) {
        match path {
            ["Prefix"] | ["Filter", "Prefix"] | ["Filter", "And", "Prefix"] => {
                self.prefixes.push(String::new());
            }
            ["Filter", "Tag"] | ["Filter", "And", "Tag"] => self.is_tagged = true,
            // An expiration without an age only tidies marks of deleted objects.
            ["Expiration", "Days" | "Date"] => self.expires = true,
            _ => {}
        }
    }

    /// Notes the text of an element.
    fn read(&mut self, path: &[&str], text: &str) {
        match path {
            ["ID"] => self.id.push_str(text),
            // A status that is not known counts as on.
            ["Status"] => self.is_off = text == "Disabled",
            ["Prefix"] | ["Filter", "Prefix"] | ["Filter", "And", "Prefix"] => {
                if let Some(prefix) = self.prefixes.last_mut() {
                    prefix.push_str(text);
                }
            }
            ["Transition", "StorageClass"] => self.archives |= ARCHIVES.contains(&text),
            _ => {}
        }
    }

    fn takes_away(&self) -> bool {
        !self.is_off && (self.expires || self.archives)
    }

    fn meets(&self, prefix: &str) -> bool {
        let is_within = |rule: &String| rule.starts_with(prefix) || prefix.starts_with(&**rule);
        !self.is_tagged && self.prefixes.iter().all(is_within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "cloakroom/wrapped-keys/";

    #[track_caller]
    fn check(rule: &str, covers: bool) {
        let text = format!(
            "<?xml version=\"1.0\"?><LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Rule><ID>r</ID>{rule}</Rule></LifecycleConfiguration>"
        );
        let rules = Configuration::parse(&text).expect(rule);
        assert_eq!(rules.covering(PREFIX).eq(["r"]), covers, "{rule}");
    }

    #[test]
    fn a_rule_covers_what_it_deletes_or_archives() {
        let days = "<Expiration><Days>9</Days></Expiration>";
        let on = format!("<Status>Enabled</Status>{days}");
        for filter in [
            "",
            "<Filter/>",
            "<Prefix></Prefix>",
            "<Filter><Prefix></Prefix></Filter>",
            "<Filter><Prefix>cloak</Prefix></Filter>",
            "<Filter><Prefix>cloakroom/wrapped-keys/ab</Prefix></Filter>",
            "<Filter><ObjectSizeLessThan>9000</ObjectSizeLessThan></Filter>",
            "<Filter><And><Prefix>c</Prefix><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan></And></Filter>",
        ] {
            check(&format!("{filter}{on}"), true);
            check(&format!("{filter}<Status>Disabled</Status>{days}"), false);
        }
        for filter in [
            "<Prefix>v0/</Prefix>",
            "<Filter><Prefix>v0/ns/shop/</Prefix></Filter>",
            "<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>",
            "<Filter><And><Prefix>cloakroom/</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter>",
        ] {
            check(&format!("{filter}{on}"), false);
        }
    }

    #[test]
    fn a_rule_that_keeps_objects_readable_covers_none() {
        let on = "<Filter/><Status>Enabled</Status>";
        let to = |class| {
            format!(
                "{on}<Transition><Days>1</Days><StorageClass>{class}</StorageClass></Transition>"
            )
        };
        check(&to("STANDARD_IA"), false);
        check(&to("DEEP_ARCHIVE"), true);
        check(
            &(to("STANDARD_IA") + "<Transition><StorageClass>GLACIER</StorageClass></Transition>"),
            true,
        );
        let marks =
            "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
        check(&format!("{on}{marks}"), false);
        let old = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";
        check(&format!("{on}{old}"), false);
        check(
            "<Status>Enabled</Status><Expiration><Date>2026-12-01T00:00:00Z</Date></Expiration>",
            true,
        );
    }

    #[test]
    fn another_text_is_no_configuration() {
        assert!(Configuration::parse("<Error").is_none());
        assert!(Configuration::parse("{}").is_none());
        for within in ["<ID>a&amp;b</ID>", "<Prefix>&#99;</Prefix>", "<ID>"] {
            let text =
                format!("<LifecycleConfiguration><Rule>{within}</Rule></LifecycleConfiguration>");
            assert!(Configuration::parse(&text).is_none(), "{within}");
        }
    }
}
