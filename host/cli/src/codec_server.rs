//! Command `codec-server`: serves, reloads the configuration, and ends on a signal.

use std::{io, net::SocketAddr, time::Duration};

use cloakroom::{
    Cloakroom, Error, ErrorKind, metric,
    temporal::server::{Address, CodecServer, ServerSettings},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{
    args, failure::Failure, open::open, process_metrics, prometheus, restart_only::RestartOnly,
};

/// Interval in which files are checked for changes.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: &args::CodecServer) -> Result<(), Failure> {
    // Before the configuration is opened, which records its first metrics.
    let recorder = prometheus::start()?;
    let cloakroom = open(&args.config).await?;
    let (address, settings) = cloakroom.codec_server()?;
    let served = Reloader::new(&cloakroom, args.listen.is_some(), recorder)?;
    let address = args.listen.clone().unwrap_or(address);
    // Before the address is bound: strangers must not reach an open server even for a moment.
    settings.check(&address)?;
    let listener = address.bind().await;
    let place = if args.listen.is_some() { "--listen" } else { "codec_server.listen" };
    let listener = listener.map_err(|error| error.at_place(place))?;
    let listening = listener.address()?;
    let for_metrics = match settings.metrics {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    // Before the server starts: an unhandled SIGHUP would end the process.
    let hangup = signal(SignalKind::hangup())?;
    let shutdown = shutdown_signal()?;
    let _watch = {
        let served = served.clone();
        cloakroom.watch(WATCH_INTERVAL, move |swapped| served.finish_reload(swapped))?
    };
    {
        let served = served.clone();
        cloakroom.on_codec_server(move |written| served.restrict(written));
    }
    let reloading = tokio::spawn(served.clone().reload_on(hangup));
    let restricting = tokio::spawn(served.clone().restrict_periodically());
    // It never ends by itself: while requests finish after SIGTERM, `/readyz` must say so.
    let scraping = for_metrics.map(|listener| {
        let (server, address) = (served.server.clone(), listener.local_addr().ok());
        tracing::info!(address = address.map(tracing::field::display), "serving metrics");
        tokio::spawn(async move { server.serve_metrics(listener, std::future::pending()).await })
    });
    tracing::info!(address = %listening, "serving");
    log_access(&settings, &listening);
    let ended = served.server.serve(listener, shutdown).await;
    reloading.abort();
    restricting.abort();
    if let Some(scraping) = scraping {
        scraping.abort();
    }
    tracing::info!("ended");
    Ok(ended?)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let key = "codec_server.metrics_listen";
        Failure::usage(format!(
            "cannot listen on {address}, choose another address or port (`{key}`): {error}"
        ))
    })
}

/// Logs who may ask, if that may surprise the operator.
fn log_access(settings: &ServerSettings, address: &Address) {
    if settings.origins.is_empty() {
        tracing::info!("no web page may ask: `codec_server.origins` is empty");
    }
    if settings.anonymous {
        tracing::warn!(
            %address,
            "everybody who reaches this address may decode everything (`codec_server.anonymous`)"
        );
    }
}

/// Server with the configuration it is reloaded from.
#[derive(Clone)]
struct Reloader {
    cloakroom: Cloakroom,
    server: CodecServer,
    restart_only: RestartOnly,
    /// True if the command line sets the address.
    has_fixed_address: bool,
}

impl Reloader {
    fn new(
        cloakroom: &Cloakroom,
        has_fixed_address: bool,
        recorder: PrometheusHandle,
    ) -> Result<Self, Failure> {
        let (listen, settings) = cloakroom.codec_server()?;
        let restart_only = RestartOnly::new((!has_fixed_address).then_some(&listen), &settings);
        let server = CodecServer::builder(cloakroom.clone())
            .with_size_limits(cloakroom.clone())
            .with_settings(settings)
            .with_metrics(move || recorder.render() + &process_metrics::render())
            .build();
        Ok(Self { cloakroom: cloakroom.clone(), server, restart_only, has_fixed_address })
    }

    /// Swaps the server's own settings once the pipeline was swapped. Either swap can fail alone.
    fn finish_reload(&self, swapped: Result<(), Error>) {
        if let Err(error) = swapped {
            log_failed_reload(&error);
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
        // The file may have changed again since the reload read it. Reading can block for long, for
        // example on a network file system.
        let read = || (self.cloakroom.codec_server_as_written(), self.cloakroom.codec_server());
        let (written, settings) = tokio::task::block_in_place(read);
        // Restrictions first: they must hold even if the rest is refused below.
        self.restrict(written);
        let (listen, settings) = settings?;
        let now = RestartOnly::new((!self.has_fixed_address).then_some(&listen), &settings);
        self.server.swap(settings)?;
        self.restart_only.warn(&now);
        Ok(())
    }
}

impl Reloader {
    /// Applies the restrictions of the file as it is now, before the rest of it is loaded.
    ///
    /// A withdrawn token must stop working even if a new plugin takes minutes to compile or is
    /// invalid.
    fn restrict(&self, written: Result<(Address, ServerSettings), Error>) {
        match written.and_then(|(_, settings)| self.server.restrict(settings)) {
            Ok(false) => {}
            Ok(true) => tracing::info!(
                "restrictions of [codec_server] hold from now on, and the rest once it is loaded"
            ),
            // The reload logs the same error at ERROR.
            Err(error) => tracing::debug!(error = error.report(), "nothing to restrict by"),
        }
    }

    /// Checks the file periodically, also while a reload is running.
    async fn restrict_periodically(self) {
        loop {
            tokio::time::sleep(WATCH_INTERVAL).await;
            let this = self.clone();
            // Reading can block for long on a network file system.
            let restricting = move || this.restrict(this.cloakroom.codec_server_as_written());
            let _ = tokio::task::spawn_blocking(restricting).await;
        }
    }

    /// Reloads on each signal.
    async fn reload_on(self, mut hangup: Signal) {
        while hangup.recv().await.is_some() {
            // In its own task: a reload that hangs must not block the newer one that cancels it.
            let this = self.clone();
            tokio::spawn(async move { this.finish_reload(this.cloakroom.reload().await) });
        }
    }
}

/// Returns a future that completes on Ctrl-C or SIGTERM.
pub(crate) fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Logs why a reload changed nothing.
pub(crate) fn log_failed_reload(error: &Error) {
    let (kind, error) = (error.kind(), error.report());
    // Usually a newer reload has replaced this one, and will log its own result.
    if kind == ErrorKind::Busy {
        tracing::warn!(error, "the configuration stays as it was");
    } else {
        tracing::error!(error, "the configuration stays as it was");
    }
}
