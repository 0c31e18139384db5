//! A driver that keeps objects in a service over HTTP. With the setting `method` it sends one request of
//! its settings instead, and tells what came back in the text of its error.

use cloakroom_guest::{
    Buffer, Claim, Context, Driver, Error, Setting, Settings,
    http::{self, Response, Service},
    secrets,
};

/// The most bytes of a response that is no object.
const SMALL: u64 = 4096;

/// Keeps objects under their digests.
pub struct Http {
    service: String,
    attack: Option<Attack>,
    /// True if every answer is taken for a success: a mistake that the conformance suite must find.
    hopeful: bool,
    /// Name of a secret that is put into the path.
    secret: Option<String>,
}

/// A request of the settings.
struct Attack {
    method: String,
    path: String,
    /// Name and value, with a colon between them.
    header: String,
    limit: u64,
    /// True if it is sent while the plugin is loaded.
    early: bool,
}

impl Driver for Http {
    const KIND: &'static str = "rogue.http";
    const SETTINGS: &'static [Setting] = &[
        Setting::name_of("service", "services", "service to store in"),
        Setting::text("method", "method of a request to send instead"),
        Setting::text("path", "its path"),
        Setting::text("header", "its header"),
        Setting::text("limit", "most bytes of its answer"),
        Setting::text("early", "send it while loading"),
        Setting::flag("hopeful", "take every answer for a success"),
        Setting::text("secret", "secret to put into the path"),
    ];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        let text = |name| settings.get(name).unwrap_or_default().to_owned();
        let attack = settings.get("method").map(|method| Attack {
            method: method.to_owned(),
            path: text("path"),
            header: text("header"),
            limit: text("limit").parse().unwrap_or(SMALL),
            early: settings.get("early").is_some(),
        });
        Ok(Self {
            service: settings.get("service").unwrap_or("store").to_owned(),
            attack,
            hopeful: settings.flag("hopeful")?,
            secret: settings.get("secret").map(str::to_owned),
        })
    }

    fn check(&self) -> Result<(), Error> {
        let service = self.open()?;
        match &self.attack {
            Some(attack) if attack.early => attack.run(&service, None),
            _ => Ok(()),
        }
    }

    fn store(&self, _: &Context, object: Buffer) -> Result<Claim, Error> {
        let service = self.open()?;
        if let Some(attack) = &self.attack {
            attack.run(&service, Some(&object))?;
        }
        if let Some(name) = &self.secret {
            let secret = secrets::get(name)?;
            let secret = String::from_utf8_lossy(&secret).into_owned();
            service.request("GET", &format!("{secret}?q={secret}"), &[], None, SMALL)?;
        }
        let key = object.sha256_hex();
        let headers = [("content-type".to_owned(), "application/x-protobuf".to_owned())];
        let answer = service.request("PUT", &format!("o/{key}"), &headers, Some(&object), SMALL)?;
        self.expect(answer)?;
        Ok(Claim::new().with("key", key))
    }

    fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
        let path = format!("o/{}", claim.entry(&["key"])?);
        self.expect(self.open()?.request("GET", &path, &[], None, u64::MAX)?)
    }
}

impl Http {
    fn open(&self) -> Result<Service, Error> {
        http::open(&self.service)
    }

    /// The body of a success. Otherwise an error that says how it failed.
    fn expect(&self, answer: Response) -> Result<Buffer, Error> {
        match answer.status {
            _ if self.hopeful => Ok(answer.body),
            200..=299 => Ok(answer.body),
            404 => Err(Error::not_found("the service has no such object")),
            500.. => Err(Error::unavailable("the service failed")),
            status => Err(Error::denied(format!("HTTP {status}"))),
        }
    }
}

impl Attack {
    fn run(&self, service: &Service, object: Option<&Buffer>) -> Result<(), Error> {
        let headers: Vec<_> = self.header.split_once(':').into_iter().collect();
        let headers: Vec<_> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = object.filter(|_| self.method == "PUT");
        let answer = service.request(&self.method, &self.path, &headers, body, self.limit)?;
        let Response { status, headers, body } = answer;
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = String::from_utf8_lossy(&body.read(0, 64)).into_owned();
        Err(Error::Malformed(format!("got {status} {} {body}", headers.join(" "))))
    }
}

cloakroom_guest::export_driver!(Http);

#[cfg(test)]
mod tests {
    use cloakroom_guest::testing;

    use super::*;

    #[test]
    fn keeps_what_it_is_given() {
        let _host = testing::Host::new().with_object_service("store");
        let driver = Http::load(&Settings::default()).unwrap();
        let ctx = testing::context(Default::default());
        let claim = driver.store(&ctx, Buffer::new(b"object")).unwrap();
        assert_eq!(driver.retrieve(&ctx, &claim).unwrap().to_vec(), b"object");
        let other = Claim::new().with("key", "other");
        assert!(matches!(driver.retrieve(&ctx, &other), Err(Error::NotFound(_))));
    }
}
