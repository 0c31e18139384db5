//! Key rings over a key service: from the configuration to payloads, and their format.

mod adoption;
mod dumps;
mod evidence;
mod expiry;
mod formats;
mod lasting;
mod memory_dump;
mod openbao;
mod pipeline;
mod retired;
mod stored;

use std::sync::Arc;

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Error, Payload};
use cloakroom_tests::{Kek, compile_cache};

/// A stage that encrypts under a ring of a key service; `more` is at the end of its table.
fn file(settings: &str, more: &str) -> String {
    format!(
        "[[stage]]\nplugin = \"bundled:aes-gcm\"\nrequired = true\n\
         settings = {{ ring = \"payments\"{settings} }}\ngrants.keys = [\"payments\"]\n\
         [keys.payments]\nservice = \"native:kek\"\n{more}"
    )
}

fn builder(text: &str, kek: &Arc<Kek>) -> CloakroomBuilder {
    CloakroomBuilder::text(text).with_cache(compile_cache()).with_key_service("kek", kek.clone())
}

/// Opens a file in a process of its own, as far as keys are concerned: nothing is shared.
async fn open(text: &str, kek: &Arc<Kek>) -> Result<Cloakroom, Error> {
    builder(text, kek).open().await
}

async fn seal(cloakroom: &Cloakroom, namespace: &str, payload: Payload) -> Payload {
    let sealed = cloakroom.encode(&Context::namespace(namespace), vec![payload]).await;
    sealed.unwrap().remove(0)
}

fn id(payload: &Payload) -> String {
    String::from_utf8(payload.metadata["sealed-key"].to_vec()).unwrap()
}
