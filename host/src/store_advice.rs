//! Advice for a step with a store that failed.

use cloakroom_core::ErrorKind;

use crate::report::StoreStep;

/// Returns advice about an error of this kind, at a bucket with this URL.
pub(crate) fn advice(url: &str, step: StoreStep, kind: ErrorKind) -> String {
    match kind {
        ErrorKind::Denied => denied(url, step),
        ErrorKind::NotFound => "create the bucket, or correct `url`; if it is there, check that \
             nothing removes objects right after they are written"
            .to_owned(),
        ErrorKind::Unavailable | ErrorKind::Busy => {
            "check that the store runs and this machine reaches it (`url`, `endpoint`, proxy, \
             firewall)"
                .to_owned()
        }
        ErrorKind::Corrupt => {
            "the store, or something before it, changes objects: it cannot be used".to_owned()
        }
        ErrorKind::OutOfScope => {
            "correct `prefix` of the bucket, or the driver's grants".to_owned()
        }
        _ => "see the error".to_owned(),
    }
}

fn denied(url: &str, step: StoreStep) -> String {
    match permission(url, step) {
        Some(permission) => format!(
            "give the credentials the permission {permission}; if the error speaks of a prefix or of \
             reading only, change the grant of the bucket"
        ),
        None => "let this user read and write there, or change the grant of the bucket".to_owned(),
    }
}

/// Returns the permission that a step needs, as the store's own policies name it.
fn permission(url: &str, step: StoreStep) -> Option<&'static str> {
    let names = match url.split(':').next()? {
        "s3" => ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket"],
        "gs" => [
            "storage.objects.create",
            "storage.objects.get",
            "storage.objects.delete",
            "storage.objects.list",
        ],
        "az" => [
            "Microsoft.Storage/…/blobs/write",
            "Microsoft.Storage/…/blobs/read",
            "Microsoft.Storage/…/blobs/delete",
            "Microsoft.Storage/…/blobs/read on the container",
        ],
        _ => return None,
    };
    let [write, read, remove, list] = names;
    Some(match step {
        StoreStep::Expiry => return None,
        StoreStep::Write | StoreStep::Renew => write,
        StoreStep::Read => read,
        StoreStep::Remove => remove,
        StoreStep::List => list,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_step_names_the_permission_of_its_store() {
        let denied = |url, step| advice(url, step, ErrorKind::Denied);
        assert!(denied("s3://b", StoreStep::Write).contains("s3:PutObject"));
        assert!(denied("gs://b", StoreStep::Read).contains("storage.objects.get"));
        assert!(denied("az://c", StoreStep::Remove).contains("blobs/delete"));
        assert!(!denied("file:folder", StoreStep::Write).contains("s3:"));
    }

    #[test]
    fn a_store_that_does_not_answer_is_no_matter_of_permissions() {
        let text = advice("s3://b", StoreStep::Write, ErrorKind::Unavailable);
        assert!(text.contains("reaches it") && !text.contains("permission"), "{text}");
    }
}
