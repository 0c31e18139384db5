//! Azure Blob Storage, as its makers emulate it.

use std::{process::Command, sync::OnceLock};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    BUCKET, Server,
    http::{address, tell},
};

/// The account that every emulator has.
pub const AZURITE_ACCOUNT: &str = "devstoreaccount1";

/// Its key, which is no secret.
pub const AZURITE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Azurite, in memory. It has the container [`BUCKET`]; the endpoint is its URL, a slash and
/// [`AZURITE_ACCOUNT`].
pub fn azurite() -> &'static Server {
    static AZURITE: OnceLock<Server> = OnceLock::new();
    AZURITE.get_or_init(|| {
        let server = Server::start("azurite", |_, port| {
            let mut azurite = Command::new("node");
            azurite.arg(crate::node().join("node_modules/azurite/dist/src/blob/main.js"));
            azurite.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
            azurite.args(["--inMemoryPersistence", "--skipApiVersionCheck"]);
            azurite.args(["--disableTelemetry", "--silent"]);
            azurite
        });
        container(&server.url(), BUCKET);
        server
    })
}

/// Makes a container.
pub fn container(url: &str, name: &str) {
    let target = format!("/{AZURITE_ACCOUNT}/{name}?restype=container&{}", signature());
    tell(address(url), "PUT", &target, "");
}

/// The query of a request that may make containers. Such a signature is over no date but its end,
/// unlike that of a request.
fn signature() -> String {
    let (version, end) = ("2021-12-02", "2999-01-01T00:00:00Z");
    let signed = format!("{AZURITE_ACCOUNT}\nc\nb\nc\n\n{end}\n\nhttps,http\n{version}\n\n");
    let key = STANDARD.decode(AZURITE_KEY).expect("base64");
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
    let signature = STANDARD.encode(signature).replace('+', "%2B").replace('/', "%2F");
    format!("sv={version}&ss=b&srt=c&sp=c&se={end}&spr=https,http&sig={signature}")
}
