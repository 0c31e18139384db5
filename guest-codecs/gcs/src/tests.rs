//! Tests of the driver as the host calls it.

use cloakroom_driver_object_store::testing;
use cloakroom_guest::Driver as _;

use super::{Driver, Gcs};

#[test]
fn what_is_stored_is_retrieved() {
    testing::round_trip::<Gcs>("order+1=a%2Fb~ü", Some("bucket"), &["key", "object_name"]);
}

/// Histories hold the kind.
#[test]
fn the_kind_stays() {
    assert_eq!(Driver::KIND, "gcp.gcsdriver");
}
