//! New files of keys.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
};

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::material::LENGTH;

/// Makes a key of random bytes, and writes it in base64 to a new file that its owner alone may read.
///
/// # Errors
/// If the file exists, because a key is never replaced, or cannot be written.
pub fn create_key_file(path: &Path) -> io::Result<()> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    rand::fill(bytes.as_mut_slice()).map_err(|_| io::Error::other("there are no random bytes"))?;
    let text = Zeroizing::new(format!("{}\n", &*Zeroizing::new(STANDARD.encode(*bytes))));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    // A configuration will name it: a crash must not leave the name without the key.
    file.sync_all()
}
