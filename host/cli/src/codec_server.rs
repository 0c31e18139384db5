//! `codec-server`: until it is told to end.

use std::{io, net::SocketAddr, time::Duration};

use cloakroom::{Cloakroom, Error, metric, temporal::server::CodecServer};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{args, change::open, failure::Failure, process, recorder, restart::RestartOnly};

/// How often files are looked at for changes.
const WATCH: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: &args::CodecServer) -> Result<(), Failure> {
    let recorder = recorder::start()?;
    let cloakroom = open(&args.config).await?;
    let (address, settings) = cloakroom.codec_server()?;
    let served = Served::new(&cloakroom, args.listen.is_some(), recorder)?;
    let address = args.listen.unwrap_or(address);
    settings.check(address)?;
    let listener = bind(address, "listen").await?;
    let listening = listener.local_addr()?;
    let for_metrics = match settings.metrics {
        Some(address) => Some(bind(address, "metrics_listen").await?),
        None => None,
    };
    let mut hangup = signal(SignalKind::hangup())?;
    let end = end()?;
    let _watch = {
        let served = served.clone();
        cloakroom.watch(WATCH, move |swapped| served.tell(swapped))
    };
    let reloading = {
        let (cloakroom, served) = (cloakroom.clone(), served.clone());
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                // In a task of its own: a reload that hangs must not keep a newer one from ending it.
                let (cloakroom, served) = (cloakroom.clone(), served.clone());
                tokio::spawn(async move { served.tell(cloakroom.reload().await) });
            }
        })
    };
    let scraping = for_metrics.map(|listener| {
        let (server, address) = (served.server.clone(), listener.local_addr().ok());
        tracing::info!(address = address.map(tracing::field::display), "serving metrics");
        tokio::spawn(async move { server.serve_metrics(listener, std::future::pending()).await })
    });
    tracing::info!(address = %listening, "serving");
    if settings.origins.is_empty() {
        tracing::info!("no web page may ask: `codec_server.origins` is empty");
    }
    let ended = served.server.serve(listener, end).await;
    reloading.abort();
    if let Some(scraping) = scraping {
        scraping.abort();
    }
    tracing::info!("ended");
    Ok(ended?)
}

async fn bind(address: SocketAddr, key: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::usage(format!("cannot listen on {address} (`codec_server.{key}`): {error}"))
    })
}

/// A server, and what it is swapped from.
#[derive(Clone)]
struct Served {
    cloakroom: Cloakroom,
    server: CodecServer,
    restart_only: RestartOnly,
    /// Whether the command line says where to listen.
    is_told: bool,
}

impl Served {
    fn new(
        cloakroom: &Cloakroom,
        is_told: bool,
        recorder: PrometheusHandle,
    ) -> Result<Self, Failure> {
        let (listen, settings) = cloakroom.codec_server()?;
        let metrics = Box::new(move || recorder.render() + &process::render());
        let restart_only = RestartOnly::new((!is_told).then_some(listen), &settings);
        let server =
            CodecServer::with(cloakroom.clone(), cloakroom.clone(), settings, Some(metrics));
        Ok(Self { cloakroom: cloakroom.clone(), server, restart_only, is_told })
    }

    /// Swaps the server's own settings after the pipeline. Either may fail alone.
    fn tell(&self, swapped: Result<(), Error>) {
        if let Err(error) = swapped {
            tracing::error!(error = error.report(), "the configuration stays as it was");
            return;
        }
        match self.swap() {
            Ok(()) => tracing::info!("the configuration was swapped"),
            Err(error) => {
                metrics::counter!(metric::RELOADS, "result" => "partial").increment(1);
                metrics::gauge!(metric::RELOAD_FAILING).set(1);
                tracing::error!(
                    error = error.report(),
                    "the pipeline was swapped, and [codec_server] stays as it was"
                );
            }
        }
    }

    fn swap(&self) -> Result<(), Error> {
        // Reads files, whose file system may not answer.
        let (listen, settings) = tokio::task::block_in_place(|| self.cloakroom.codec_server())?;
        let now = RestartOnly::new((!self.is_told).then_some(listen), &settings);
        self.server.swap(settings)?;
        self.restart_only.warn(&now);
        Ok(())
    }
}

/// Ctrl-C, or what a supervisor sends.
fn end() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
