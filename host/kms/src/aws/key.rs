//! URI of a key of AWS, in the form of gocloud, which temporal-proxy takes too: `awskms:///ID?region=R`.

use cloakroom_core::Error;

use crate::{access::config, uri::KeyUri};

/// Prefix of parameters that are entries of the encryption context.
const CONTEXT: &str = "context_";

/// Key of AWS, as its URI names it.
pub(super) struct AwsKey {
    /// Id, alias, or ARN of either.
    pub(super) id: String,
    region: Option<String>,
    pub(super) context: Vec<(String, String)>,
}

impl AwsKey {
    /// Reads a URI.
    ///
    /// # Errors
    /// `Config` if it names no key, or regions that differ.
    pub(super) fn parse(uri: &str) -> Result<Self, Error> {
        let uri = KeyUri::parse(uri)?;
        let context = uri.parameters.iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(CONTEXT)?.to_owned(), (*value).to_owned()))
        });
        let mut context: Vec<_> = context.collect();
        context.sort();
        if context.iter().any(|(name, _)| name.is_empty() || name.starts_with("cloakroom-")) {
            return Err(config(
                "a parameter of the URI names an entry of the context that it may not",
            ));
        }
        let known: Vec<_> = context.iter().map(|(name, _)| format!("{CONTEXT}{name}")).collect();
        let known: Vec<_> = known.iter().map(String::as_str).chain(["region"]).collect();
        uri.check_parameters(&known)?;
        let id = match (uri.host, uri.path) {
            ("", path) => path.to_owned(),
            (host, "") => host.to_owned(),
            (host, path) => format!("{host}/{path}"),
        };
        if id.is_empty() {
            return Err(config("a key of AWS has the form awskms:///alias/NAME?region=REGION"));
        }
        let of_arn = id.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
        let (of_arn, set) = (of_arn.map(str::to_owned), uri.parameter("region").map(str::to_owned));
        if let (Some(of_arn), Some(set)) = (&of_arn, &set)
            && of_arn != set
        {
            let text = format!("the URI names the region {set}, and its key is in {of_arn}");
            return Err(config(text));
        }
        Ok(Self { id, region: set.or(of_arn), context })
    }

    /// Returns the region of the URI, or this one.
    ///
    /// # Errors
    /// `Config` if there is none, or it could change the host that is asked.
    pub(super) fn region(&self, default: Option<&str>) -> Result<String, Error> {
        let region = self.region.as_deref().or(default).ok_or_else(|| {
            config("no region of AWS is named: add `?region=eu-central-1` to the URI of the key")
        })?;
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || region.len() > 64 || !region.chars().all(is_word) {
            return Err(config("the region in the URI of the key is no region of AWS"));
        }
        Ok(region.to_owned())
    }
}

/// Returns the address of KMS in a region.
pub(super) fn endpoint(region: &str) -> String {
    let end = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://kms.{region}.amazonaws.com{end}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

    #[test]
    fn takes_the_forms_of_temporal_proxy() {
        for (uri, id, region) in [
            ("awskms:///alias/payments?region=eu-central-1", "alias/payments", "eu-central-1"),
            ("awskms://alias/payments", "alias/payments", "us-west-2"),
            ("awskms://1234abcd", "1234abcd", "us-west-2"),
            (&format!("awskms:///{ARN}"), ARN, "eu-west-1"),
            (&format!("awskms:///{ARN}?region=eu-west-1"), ARN, "eu-west-1"),
        ] {
            let key = AwsKey::parse(uri).unwrap();
            assert_eq!(
                (key.id.as_str(), key.region(Some("us-west-2")).unwrap().as_str()),
                (id, region)
            );
        }
        assert_eq!(endpoint("cn-north-1"), "https://kms.cn-north-1.amazonaws.com.cn/");
    }

    #[test]
    fn entries_of_the_context_are_sorted_and_not_ours() {
        let key = AwsKey::parse("awskms:///k?context_b=2&context_a=1").unwrap();
        let pairs = [("a", "1"), ("b", "2")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(key.context, pairs);
        assert!(AwsKey::parse("awskms:///k?context_cloakroom-ring=x").is_err());
        assert!(AwsKey::parse("awskms:///k?context_=x").is_err());
    }

    #[test]
    fn a_region_is_one_word_and_one_region() {
        for uri in [
            format!("awskms:///{ARN}?region=us-east-1"),
            "awskms://".to_owned(),
            "awskms:///k?profile=p".to_owned(),
        ] {
            assert!(AwsKey::parse(&uri).is_err(), "{uri}");
        }
        for region in ["evil.example", "a/b", "", "a:1"] {
            let key = AwsKey::parse(&format!("awskms:///k?region={region}")).unwrap();
            assert!(key.region(None).is_err(), "{region}");
        }
        assert!(AwsKey::parse("awskms:///k").unwrap().region(None).is_err());
    }
}
