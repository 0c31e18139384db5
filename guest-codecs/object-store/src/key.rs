//! The key of an object: the workflow, activity or operation that it is for, and its digest.

use cloakroom_guest::Target;

use crate::Layout;

/// Returns the key of an object with this digest.
///
/// A key that would be too long keeps the namespace, because access and expiry are granted by it, and
/// loses the rest. So does one of which only the namespace is known.
#[must_use]
pub fn object_key<L: Layout>(target: &Target, digest: &str) -> String {
    let digest = format!("d/sha256/{digest}");
    let segment = |name: &Option<String>| match name.as_deref() {
        None | Some("") => "null".to_owned(),
        Some(name) => L::segment(name),
    };
    let [namespace, of_type, of_id, run] =
        [&target.namespace, &target.type_name, &target.id, &target.run_id].map(segment);
    let execution = match target.kind.as_deref() {
        Some("workflow") => format!("wt/{of_type}/wi/{of_id}/ri/{run}"),
        Some("activity") => format!("at/{of_type}/ai/{of_id}/ri/{run}"),
        // The official drivers have no layout for it yet, and store under no namespace. Nobody could
        // grant or expire such objects by namespace.
        Some("nexus") => format!("ne/{of_id}/no/{of_type}"),
        _ if target.namespace.as_deref().is_some_and(|name| !name.is_empty()) => {
            return format!("v0/ns/{namespace}/{digest}");
        }
        _ => return format!("v0/{digest}"),
    };
    let whole = format!("v0/ns/{namespace}/{execution}/{digest}");
    let fits = whole.len() <= L::LONGEST_KEY
        && whole.split('/').all(|segment| segment.len() <= L::LONGEST_SEGMENT);
    if fits { whole } else { format!("v0/ns/{namespace}/{digest}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3_segment;

    struct S3;

    impl Layout for S3 {
        const KIND: &'static str = "aws.s3driver";
        const BUCKET: Option<&'static str> = Some("bucket");
        const KEY: &'static [&'static str] = &["key"];

        fn segment(name: &str) -> String {
            s3_segment(name)
        }
    }

    fn target(kind: &str, namespace: &str, type_name: &str, id: &str) -> Target {
        let text = |text: &str| Some(text.to_owned());
        Target {
            kind: text(kind),
            namespace: text(namespace),
            type_name: text(type_name),
            id: text(id),
            run_id: None,
        }
    }

    #[track_caller]
    fn check(target: &Target, expect: &str) {
        assert_eq!(object_key::<S3>(target, "00"), expect);
    }

    #[test]
    fn as_the_official_drivers() {
        check(
            &target("workflow", "payments prod", "Charge", "order+123=a/b~ü"),
            "v0/ns/payments%20prod/wt/Charge/wi/order%2B123%3Da%2Fb%7E%C3%BC/ri/null/d/sha256/00",
        );
        check(
            &target("activity", "", "Capture/Charge", "activity id+42"),
            "v0/ns/null/at/Capture%2FCharge/ai/activity%20id%2B42/ri/null/d/sha256/00",
        );
        check(&Target::default(), "v0/d/sha256/00");
    }

    #[test]
    fn operations_of_nexus_and_unknown_targets_keep_their_namespace() {
        check(
            &target("nexus", "shop", "carrier/carry it", "payments"),
            "v0/ns/shop/ne/payments/no/carrier%2Fcarry%20it/d/sha256/00",
        );
        check(&target("later", "n", "t", "i"), "v0/ns/n/d/sha256/00");
        check(&target("later", "", "t", "i"), "v0/d/sha256/00");
    }

    #[test]
    fn where_only_the_namespace_is_known() {
        let only = |name: &str| Target { namespace: Some(name.to_owned()), ..Target::default() };
        check(&only("n s"), "v0/ns/n%20s/d/sha256/00");
        check(&only(""), "v0/d/sha256/00");
    }

    #[test]
    fn a_key_too_long_keeps_its_namespace() {
        check(&target("workflow", "n s", "T", &"x".repeat(1024)), "v0/ns/n%20s/d/sha256/00");
        let rest = "v0/ns/n/wt/T/wi//ri/null/d/sha256/00".len();
        let longest = target("workflow", "n", "T", &"x".repeat(1024 - rest));
        assert_eq!(object_key::<S3>(&longest, "00").len(), 1024);
    }
}
