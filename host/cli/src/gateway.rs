//! Commands `gateway temporal` and `gateway dapr`: serve, reload the configuration, and end on a signal.

mod engine;

use std::{net::SocketAddr, path::Path, time::Duration};

use cloakroom::{Cloakroom, Error, dapr, temporal};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

use self::engine::{Engine, Written};
use crate::{
    args,
    codec_server::{log_failed_reload, shutdown_signal},
    failure::Failure,
    open::open,
    process_metrics, prometheus,
};

/// Interval in which files are checked for changes.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) async fn run(command: &args::Gateway) -> Result<(), Failure> {
    match command {
        args::Gateway::Dapr(args) => {
            serve::<dapr::gateway::Gateway>(&args.config, args.listen).await
        }
        args::Gateway::Temporal(args) => {
            serve::<temporal::gateway::Gateway>(&args.config, args.listen).await
        }
    }
}

async fn serve<G: Engine>(config: &Path, listen_at: Option<SocketAddr>) -> Result<(), Failure> {
    let recorder = prometheus::start()?;
    let cloakroom = open(config).await?;
    let (listen, settings) = G::read(&cloakroom)?;
    let listen = listen_at.unwrap_or(listen);
    G::check(&settings, listen)?;
    let listener = bind(listen, G::TABLE, "listen").await?;
    let probes = match G::metrics(&settings) {
        Some(address) => Some(bind(address, G::TABLE, "metrics_listen").await?),
        None => None,
    };
    let address = listener.local_addr()?;
    let upstream = G::upstream(&settings);
    let render = Box::new(move || recorder.render() + &process_metrics::render());
    let gateway = G::build(&cloakroom, settings.clone(), render);
    // Before the gateway starts: an unhandled SIGHUP would end the process.
    let hangup = signal(SignalKind::hangup())?;
    let shutdown = shutdown_signal()?;
    let reloader = Reloader {
        cloakroom: cloakroom.clone(),
        gateway: gateway.clone(),
        has_fixed_address: listen_at.is_some(),
        listen,
        settings,
    };
    let _watch = {
        let reloader = reloader.clone();
        cloakroom.watch(WATCH_INTERVAL, move |swapped| reloader.finish(swapped))?
    };
    {
        let gateway = gateway.clone();
        G::listen(&cloakroom, move |written| restrict(&gateway, written));
    }
    let reloading = tokio::spawn(reloader.reload_on(hangup));
    let probing = probes.map(|listener| {
        let (gateway, address) = (gateway.clone(), listener.local_addr().ok());
        tracing::info!(address = address.map(tracing::field::display), "serving metrics");
        tokio::spawn(async move { gateway.serve_probes(listener).await })
    });
    tracing::info!(%address, upstream, "serving");
    let ended = gateway.serve(listener, shutdown).await;
    reloading.abort();
    if let Some(probing) = probing {
        probing.abort();
    }
    tracing::info!("ended");
    Ok(ended?)
}

/// Applies what a configuration takes away from callers, before the rest of it is loaded.
fn restrict<G: Engine>(gateway: &G, written: Written) {
    match written.map(|callers| gateway.restrict(callers)) {
        Ok(false) => {}
        Ok(true) => tracing::info!(
            "restrictions of [{}] hold from now on, and the rest once it is loaded",
            G::TABLE
        ),
        // The reload logs the same error at ERROR.
        Err(error) => tracing::debug!(error = error.report(), "nothing to restrict by"),
    }
}

async fn bind(address: SocketAddr, table: &str, key: &str) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| {
        Failure::usage(format!("cannot listen on {address} (`{table}.{key}`): {error}"))
    })
}

/// Configuration that is reloaded, and the settings that a reload does not apply.
#[derive(Clone)]
struct Reloader<G: Engine> {
    cloakroom: Cloakroom,
    gateway: G,
    /// True if the command line sets the address.
    has_fixed_address: bool,
    listen: SocketAddr,
    settings: G::Settings,
}

impl<G: Engine> Reloader<G> {
    fn finish(&self, swapped: Result<(), Error>) {
        if let Err(error) = swapped {
            log_failed_reload(&error);
            return;
        }
        tracing::info!("the configuration was swapped");
        // Certificates and tokens are read here, also where only their files have changed.
        let swapped = G::read(&self.cloakroom).and_then(|(listen, settings)| {
            self.gateway.swap(&settings)?;
            Ok((listen, settings))
        });
        match swapped {
            Ok((listen, settings)) => {
                let listens_elsewhere = !self.has_fixed_address && listen != self.listen;
                if listens_elsewhere || G::needs_restart(&settings, &self.settings) {
                    tracing::warn!(
                        "[{}] changed, and some of it applies after a restart",
                        G::TABLE
                    );
                }
            }
            Err(error) => {
                let error = error.report();
                tracing::error!(error, "callers and credentials stay as they were");
            }
        }
    }

    /// Reloads on each signal.
    async fn reload_on(self, mut hangup: Signal) {
        while hangup.recv().await.is_some() {
            // In its own task: a reload that hangs must not block the newer one that cancels it.
            let this = self.clone();
            tokio::spawn(async move { this.finish(this.cloakroom.reload().await) });
        }
    }
}
