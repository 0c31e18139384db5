//! A driver that breaks the rule its setting `act` names, when it is described, stores or retrieves.

use cloakroom_guest::{
    Buffer, BufferWriter, Claim, Context, Driver, Error, Setting, Settings, blobs,
    blobs::{Bucket, Mode},
    log,
};

/// Keeps objects under one key, and misbehaves.
pub struct Rogue {
    act: String,
}

impl Driver for Rogue {
    const KIND: &'static str = "rogue";
    const SETTINGS: &'static [Setting] = &[Setting::text("act", "rule to break")];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { act: settings.get("act").unwrap_or_default().to_owned() })
    }

    fn check(&self) -> Result<(), Error> {
        match self.act.as_str() {
            "peek" => bucket()?.get("secret", 999).map(drop),
            "spin early" => spin(),
            _ => Ok(()),
        }
    }

    fn store(&self, _: &Context, object: Buffer) -> Result<Claim, Error> {
        let claim = Claim::new().with("key", "v0/x");
        match self.act.as_str() {
            "twice" => return Ok(claim.with("key", "v0/y")),
            "bloat" => return Ok((0..100).fold(claim, |claim, n| claim.with(&n.to_string(), "x"))),
            "large" => return Ok(claim.with("more", "x".repeat(17 << 10))),
            "forge" => return Ok(claim.with("cloakroom_mac", "00")),
            "lie" => return Ok(claim.with("hash_value", "0".repeat(64))),
            "weak" => return Ok(claim.with("hash_algorithm", "md5")),
            "spin" => spin()?,
            "tell" => {
                let text = String::from_utf8_lossy(&object.to_vec()).into_owned();
                log::write(log::Level::Error, &text);
                return Err(Error::Other("told".to_owned()));
            }
            "outside" => bucket()?.put("other", &object, Mode::Overwrite).map(drop)?,
            "remove" => bucket()?.remove("v0/x")?,
            "list" => drop(bucket()?.list("", None)?),
            // Errors in the words of its object, which are a stranger's.
            "quote" => {
                return Err(Error::Other(String::from_utf8_lossy(&object.to_vec()).into_owned()));
            }
            "other" => drop(blobs::open("other")?),
            // Keeps what came first, whatever comes after.
            "first" => return bucket()?.put("v0/x", &object, Mode::Create).map(|_| claim),
            _ => {}
        }
        bucket()?.put("v0/x", &object, Mode::Overwrite)?;
        Ok(claim)
    }

    fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
        let object = bucket()?.get(claim.entry(&["key"])?, u64::MAX)?;
        match self.act.as_str() {
            "cut" => Ok(object.slice(0, object.length() - 1)),
            "change" => {
                let mut bytes = object.to_vec();
                bytes.reverse();
                Ok(Buffer::new(&bytes))
            }
            "flood" => {
                let mut output = BufferWriter::new();
                let chunk = vec![0; 1 << 20];
                for _ in 0..1024 {
                    std::io::Write::write_all(&mut output, &chunk)?;
                }
                Ok(output.finish())
            }
            _ => Ok(object),
        }
    }
}

fn bucket() -> Result<Bucket, Error> {
    blobs::open("b")
}

fn spin() -> Result<(), Error> {
    loop {
        std::hint::spin_loop();
    }
}

cloakroom_guest::export_driver!(Rogue);
