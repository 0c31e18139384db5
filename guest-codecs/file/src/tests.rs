//! Tests of the driver as the host calls it.

use cloakroom_driver_object_store::testing;
use cloakroom_guest::Driver as _;

use super::{Driver, File};

#[test]
fn what_is_stored_is_retrieved() {
    testing::round_trip::<File>("order%2B1%3Da%2Fb%7E%C3%BC", None, &["key"]);
}

/// Histories hold the kind.
#[test]
fn the_kind_stays() {
    assert_eq!(Driver::KIND, "local.filedriver");
}
