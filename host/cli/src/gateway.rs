//! Command `gateway temporal`: serves, reloads the configuration, and ends on a signal.

use std::{net::SocketAddr, time::Duration};

use cloakroom::{
    Cloakroom, Error,
    temporal::gateway::{Callers, Gateway, GatewaySettings},
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{
    args,
    codec_server::{log_failed_reload, shutdown_signal},
    failure::Failure,
    open::open,
    process_metrics, prometheus,
};

/// Interval in which files are checked for changes.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: &args::TemporalGateway) -> Result<(), Failure> {
    let recorder = prometheus::start()?;
    let cloakroom = open(&args.config).await?;
    let (listen, settings) = cloakroom.temporal_gateway()?;
    let listen = args.listen.unwrap_or(listen);
    settings.check(listen)?;
    let listener = bind(listen, "gateway.temporal.listen").await?;
    let probes = match settings.metrics {
        Some(address) => Some(bind(address, "gateway.temporal.metrics_listen").await?),
        None => None,
    };
    let address = listener.local_addr()?;
    let upstream = settings.upstream.to_string();
    let gateway = Gateway::builder(cloakroom.clone(), settings.clone())
        .with_size_limits(cloakroom.clone())
        .with_namespaces(cloakroom.clone())
        .with_page_keys(cloakroom.clone())
        .with_metrics(move || recorder.render() + &process_metrics::render())
        .build();
    // Before the gateway starts: an unhandled SIGHUP would end the process.
    let hangup = signal(SignalKind::hangup())?;
    let shutdown = shutdown_signal()?;
    let reloader = Reloader {
        cloakroom: cloakroom.clone(),
        gateway: gateway.clone(),
        has_fixed_address: args.listen.is_some(),
        listen,
        settings,
    };
    let _watch = {
        let reloader = reloader.clone();
        cloakroom.watch(WATCH_INTERVAL, move |swapped| reloader.finish(swapped))?
    };
    {
        let gateway = gateway.clone();
        cloakroom.on_gateway_callers(move |written| restrict(&gateway, written));
    }
    let reloading = tokio::spawn(reloader.reload_on(hangup));
    let probing = probes.map(|listener| {
        let (gateway, address) = (gateway.clone(), listener.local_addr().ok());
        tracing::info!(address = address.map(tracing::field::display), "serving metrics");
        tokio::spawn(async move { gateway.serve_probes(listener, std::future::pending()).await })
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
fn restrict(gateway: &Gateway, written: Result<Callers, Error>) {
    match written.map(|callers| gateway.restrict(callers)) {
        Ok(false) => {}
        Ok(true) => tracing::info!(
            "restrictions of [gateway.temporal] hold from now on, and the rest once it is loaded"
        ),
        // The reload logs the same error at ERROR.
        Err(error) => tracing::debug!(error = error.report(), "nothing to restrict by"),
    }
}

async fn bind(address: SocketAddr, key: &str) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| Failure::usage(format!("cannot listen on {address} (`{key}`): {error}")))
}

/// Configuration that is reloaded, and the settings that a reload does not apply.
#[derive(Clone)]
struct Reloader {
    cloakroom: Cloakroom,
    gateway: Gateway,
    /// True if the command line sets the address.
    has_fixed_address: bool,
    listen: SocketAddr,
    settings: GatewaySettings,
}

impl Reloader {
    fn finish(&self, swapped: Result<(), Error>) {
        if let Err(error) = swapped {
            log_failed_reload(&error);
            return;
        }
        tracing::info!("the configuration was swapped");
        // Certificates and tokens are read here, also where only their files have changed.
        let swapped = self.cloakroom.temporal_gateway().and_then(|(listen, settings)| {
            self.gateway.swap(&settings)?;
            Ok((listen, settings))
        });
        match swapped {
            Ok((listen, settings)) => {
                let listens_elsewhere = !self.has_fixed_address && listen != self.listen;
                if listens_elsewhere || settings.needs_restart(&self.settings) {
                    tracing::warn!(
                        "[gateway.temporal] changed, and some of it applies after a restart"
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
