//! Survey of a namespace: reads everything in which the server may keep payloads, and hands them out.
//!
//! A survey asks Temporal's frontend for itself, so it sees payloads as they are kept. It changes nothing.
//! Whatever it cannot read is a [`Gap`]: who concludes something from payloads that were *not* found has
//! to know what was not looked at.

mod ask;
mod deployments;
mod executions;
mod found;
mod items;
mod message;
mod pages;
mod runs;
mod schedules;
mod server;
mod time;

use cloakroom_core::{Error, ErrorKind};
use cloakroom_grpc::{
    access::ClientTls,
    proxy::{Client, ProxySettings, UpstreamUrl},
};
use tokio::sync::mpsc;

use self::{ask::Asker, found::Findings, pages::Pages, runs::Runs, server::Server};
pub use self::{
    found::{Found, Gap, Holder, HolderKind, Part, Place},
    time::Timestamp,
};
use crate::gateway::UpstreamCredentials;

/// Survey of namespaces of one server.
pub struct Survey(Server);

impl Survey {
    /// Returns a survey that asks this frontend. An `https` address is checked against the authorities that
    /// this machine trusts, unless the credentials say whom to trust.
    ///
    /// Has to be called in a Tokio runtime.
    ///
    /// # Errors
    /// `Config` if an API key would cross the network in the clear, or TLS cannot be set up.
    pub fn new(frontend: UpstreamUrl, credentials: UpstreamCredentials) -> Result<Self, Error> {
        if credentials.has_api_keys() && !frontend.is_tls() && !frontend.is_loopback() {
            let text = format!(
                "the API key would cross the network in the clear: connect to {frontend} by https"
            );
            return Err(Error::new(ErrorKind::Config, text));
        }
        let is_plain = credentials.tls().is_none();
        let credentials = if frontend.is_tls() && is_plain {
            credentials.with_tls(ClientTls::default())?
        } else {
            credentials
        };
        let mut settings = ProxySettings::new(frontend);
        settings.upstream_tls = credentials.tls().cloned();
        let client = Client::new("Temporal's frontend", &settings);
        Ok(Self(Server::new(client, credentials)))
    }

    /// Leaves out a part that the caller knows to be empty.
    #[must_use]
    pub fn without(mut self, part: Part) -> Self {
        self.0.without.insert(part);
        self
    }

    /// Reads a namespace, and sends what is found. A caller that drops the receiver ends the survey.
    ///
    /// # Errors
    /// `Unavailable` if the frontend cannot be reached at all; `Config` if the address is that of a gateway
    /// that decodes.
    pub async fn read(&self, namespace: &str, found: mpsc::Sender<Found>) -> Result<(), Error> {
        let findings = Findings::new(found);
        let asker = Asker::new(&self.0, namespace);
        let read = async {
            if !self.describe(&asker, &findings).await? {
                return Ok(());
            }
            refuse_gateway(&asker).await?;
            let runs = Runs::new(&asker, &findings);
            runs.read_all().await;
            schedules::read(&asker, &findings).await;
            executions::read_activities(&asker, &findings).await;
            executions::read_operations(&asker, &findings).await;
            deployments::read(&asker, &findings).await;
            deployments::note_batches(&asker, &findings).await;
            runs.read_new().await;
            Ok(())
        };
        tokio::select! {
            read = read => read,
            // Nobody listens any more.
            () = findings.closed() => Ok(()),
        }
    }

    /// Looks at the settings of the namespace. Returns false if there is no such namespace.
    async fn describe(&self, asker: &Asker<'_>, findings: &Findings) -> Result<bool, Error> {
        let mut request = Vec::new();
        message::text(&mut request, 1, asker.namespace);
        let described = asker.ask("DescribeNamespace", request).await;
        let described = match described {
            Ok(described) => described,
            Err(status) => {
                let is_there = ask::is_known(&status)?;
                findings.gap(Part::Namespace, asker.namespace, ask::reason(&status)).await;
                return Ok(is_there);
            }
        };
        let config = described.root().message("config");
        let archival = config.and_then(|config| config.number("history_archival_state"));
        // ARCHIVAL_STATE_ENABLED
        if archival == Some(2) {
            let why = "the namespace archives histories, which are not read: export them, and name the \
                       files";
            findings.gap(Part::Archive, asker.namespace, why.to_owned()).await;
        }
        Ok(true)
    }
}

/// Refuses a gateway that decodes, by an answer with payloads.
///
/// # Errors
/// `Unavailable` if there is no server any more, and `Config` if it is a gateway.
async fn refuse_gateway(asker: &Asker<'_>) -> Result<(), Error> {
    match Pages::new(asker, "ListWorkflowExecutions", "").next().await {
        // Any other failure is a gap, and is noted when the list is read.
        Err(status) => ask::is_known(&status).map(drop),
        Ok(_) => Ok(()),
    }
}
