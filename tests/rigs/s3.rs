//! Two that speak S3: one minds conditions, the other minds signatures.

use std::{fs, process::Command, sync::OnceLock};

use super::{
    BUCKET, Server,
    http::{address, ask, tell},
    server::from_python,
};

/// The access key of [`rclone`].
pub const RCLONE_KEY: &str = "rcloneaccess";

/// And its secret.
pub const RCLONE_SECRET: &str = "rclonesecretkey";

/// moto: conditional writes, multipart uploads, checksums, and any key and signature will do.
///
/// It has no bucket yet: see [`bucket`].
pub fn moto() -> &'static Server {
    static MOTO: OnceLock<Server> = OnceLock::new();
    MOTO.get_or_init(|| {
        Server::start("moto", |_, port| {
            let mut moto = from_python("moto_server");
            moto.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            moto
        })
    })
}

/// Makes a bucket, without a signature: for [`moto`].
pub fn bucket(url: &str, name: &str) {
    tell(address(url), "PUT", &format!("/{name}"), "");
}

/// Has a bucket of [`moto`] keep every version of its objects.
pub fn keep_versions(url: &str, name: &str) {
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    tell(address(url), "PUT", &format!("/{name}?versioning"), on);
}

/// Has a bucket of [`moto`] delete objects under a prefix by a rule that is called `expiry`.
pub fn lifecycle(url: &str, name: &str, prefix: &str) {
    let rule = format!(
        "<LifecycleConfiguration><Rule><ID>expiry</ID><Status>Enabled</Status>\
         <Filter><Prefix>{prefix}</Prefix></Filter><Expiration><Days>9</Days></Expiration></Rule>\
         </LifecycleConfiguration>"
    );
    tell(address(url), "PUT", &format!("/{name}?lifecycle"), &rule);
}

/// Returns the number of object versions in a bucket of [`moto`].
pub fn versions(url: &str, name: &str) -> usize {
    ask(address(url), &format!("/{name}?versions")).matches("<VersionId>").count()
}

/// rclone: it verifies signatures, and ignores conditions. It has the bucket [`BUCKET`].
pub fn rclone() -> &'static Server {
    static RCLONE: OnceLock<Server> = OnceLock::new();
    RCLONE.get_or_init(|| {
        Server::start("rclone", |folder, port| {
            let served = folder.join("served");
            fs::create_dir_all(served.join(BUCKET)).expect("a folder");
            let mut rclone: Command = from_python("rclone");
            // No configuration of whoever runs this.
            rclone.arg("--config").arg(folder.join("rclone.conf"));
            rclone.args(["serve", "s3", "--addr", &format!("127.0.0.1:{port}")]);
            rclone.args(["--auth-key", &format!("{RCLONE_KEY},{RCLONE_SECRET}")]);
            rclone.arg("--force-path-style=true").arg(served);
            rclone
        })
    })
}
