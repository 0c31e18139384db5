//! AWS KMS, as moto serves it, for the gateway and for temporal-proxy alike.

use std::{process::Command, sync::Arc};

use cloakroom_tests::rigs::MotoKms;

use crate::proxies::STAGES;

/// The key, as both write it.
pub(crate) const URI: &str = "awskms:///alias/bench?region=eu-central-1";

/// Starts the service, with a key.
pub(crate) fn start() -> Arc<MotoKms> {
    let service = MotoKms::start();
    service.key("bench");
    Arc::new(service)
}

/// Returns stages whose data keys the service wraps.
pub(crate) fn stages(service: &MotoKms) -> String {
    let (stages, _) = STAGES.split_once("current").expect("a ring of static keys");
    format!(
        "{stages}service = \"{URI}\"\n\
         [key_services.awskms]\naddress = \"{}\"\nenvironment = false\n\
         access_key_id = \"bench\"\nsecret_access_key = {{ file = \"key\" }}\n",
        service.url()
    )
}

/// Has temporal-proxy find the service.
pub(crate) fn configure(command: &mut Command, service: &MotoKms) {
    command.env("AWS_ENDPOINT_URL", service.url());
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_REGION", "eu-central-1"),
    ] {
        command.env(name, value);
    }
}
