//! Lifecycle rules as S3 writes them: which objects each takes away.

use serde::Deserialize;

/// Storage classes from which an object has to be restored before it can be read.
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// Rules of a bucket.
#[derive(Deserialize)]
pub(super) struct Configuration {
    #[serde(rename = "Rule", default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    #[serde(rename = "ID", default)]
    id: String,
    status: String,
    /// Of the older form without a filter.
    prefix: Option<String>,
    filter: Option<Filter>,
    expiration: Option<Expiration>,
    #[serde(rename = "Transition", default)]
    transitions: Vec<Transition>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    prefix: Option<String>,
    #[serde(rename = "Tag", default)]
    tags: Vec<Tag>,
    and: Option<Box<Filter>>,
}

#[derive(Deserialize)]
struct Tag {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Expiration {
    days: Option<u64>,
    date: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Transition {
    #[serde(default)]
    storage_class: String,
}

impl Configuration {
    /// Parses an answer of S3; none if it has another form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        quick_xml::de::from_str(text).ok()
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

impl Rule {
    fn takes_away(&self) -> bool {
        // An expiration without an age only tidies marks of deleted objects.
        let expires =
            self.expiration.as_ref().is_some_and(|when| when.days.is_some() || when.date.is_some());
        let archives = |to: &Transition| ARCHIVES.contains(&&*to.storage_class);
        // A status that is not known counts as on.
        self.status != "Disabled" && (expires || self.transitions.iter().any(archives))
    }

    fn meets(&self, prefix: &str) -> bool {
        let (plain, default) = (self.prefix.as_deref(), Filter::default());
        let outer = self.filter.as_ref().unwrap_or(&default);
        let inner = outer.and.as_deref().unwrap_or(&default);
        let filters = [outer, inner];
        let mut prefixes = filters.iter().filter_map(|filter| filter.prefix.as_deref()).chain(plain);
        let is_within = |rule: &str| rule.starts_with(prefix) || prefix.starts_with(rule);
        prefixes.all(is_within) && filters.iter().all(|filter| filter.tags.is_empty())
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
        let to = |class| format!("{on}<Transition><Days>1</Days><StorageClass>{class}</StorageClass></Transition>");
        check(&to("STANDARD_IA"), false);
        check(&to("DEEP_ARCHIVE"), true);
        check(&(to("STANDARD_IA") + "<Transition><StorageClass>GLACIER</StorageClass></Transition>"), true);
        let marks = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
        check(&format!("{on}{marks}"), false);
        let old = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";
        check(&format!("{on}{old}"), false);
        check("<Status>Enabled</Status><Expiration><Date>2026-12-01T00:00:00Z</Date></Expiration>", true);
    }

    #[test]
    fn another_text_is_no_configuration() {
        assert!(Configuration::parse("<Error").is_none());
        assert!(Configuration::parse("{}").is_none());
    }
}
