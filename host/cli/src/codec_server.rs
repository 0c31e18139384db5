//! `codec-server`: until it is told to end.

use std::{io, net::SocketAddr, time::Duration};

use cloakroom::{
    Cloakroom, Error, ErrorKind, metric,
    temporal::server::{Address, CodecServer, Settings},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{
    args, failure::Failure, payloads::open, process_metrics, prometheus, restart_only::RestartOnly,
};

/// How often files are looked at for changes.
const WATCH: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: &args::CodecServer) -> Result<(), Failure> {
    let recorder = prometheus::start()?;
    let cloakroom = open(&args.config).await?;
    let (address, settings) = cloakroom.codec_server()?;
    let served = Served::new(&cloakroom, args.listen.is_some(), recorder)?;
    let address = args.listen.clone().unwrap_or(address);
    settings.check(&address)?;
    let listener = address.bind().await;
    let listener = listener.map_err(|error| error.at_place("codec_server.listen"))?;
    let listening = listener.address()?;
    let for_metrics = match settings.metrics {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let hangup = signal(SignalKind::hangup())?;
    let end = end()?;
    let _watch = {
        let served = served.clone();
        cloakroom.watch(WATCH, move |swapped| served.tell(swapped))
    };
    {
        let served = served.clone();
        cloakroom.on_codec_server(move |written| served.restrict(written));
    }
    let reloading = tokio::spawn(served.clone().reload_on(hangup));
    let restricting = tokio::spawn(served.clone().restrict_again_and_again());
    let scraping = for_metrics.map(|listener| {
        let (server, address) = (served.server.clone(), listener.local_addr().ok());
        tracing::info!(address = address.map(tracing::field::display), "serving metrics");
        tokio::spawn(async move { server.serve_metrics(listener, std::future::pending()).await })
    });
    tracing::info!(address = %listening, "serving");
    advise(&settings, &listening);
    let ended = served.server.serve(listener, end).await;
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
        Failure::usage(format!("cannot listen on {address} (`{key}`): {error}"))
    })
}

/// Says who may ask, where that may surprise.
fn advise(settings: &Settings, address: &Address) {
    if settings.origins.is_empty() {
        tracing::info!("no web page may ask: `codec_server.origins` is empty");
    }
    if settings.anonymous {
        tracing::warn!(
            %address,
            "whoever reaches this address may have everything decoded (`codec_server.anonymous`)"
        );
    }
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
        let metrics = Box::new(move || recorder.render() + &process_metrics::render());
        let restart_only = RestartOnly::new((!is_told).then_some(&listen), &settings);
        let server =
            CodecServer::with(cloakroom.clone(), cloakroom.clone(), settings, Some(metrics));
        Ok(Self { cloakroom: cloakroom.clone(), server, restart_only, is_told })
    }

    /// Swaps the server's own settings after the pipeline. Either may fail alone.
    fn tell(&self, swapped: Result<(), Error>) {
        if let Err(error) = swapped {
            let (kind, error) = (error.kind(), error.report());
            // Mostly a newer reload took its place, and that one tells how it ended.
            if kind == ErrorKind::Busy {
                tracing::warn!(error, "the configuration stays as it was");
            } else {
                tracing::error!(error, "the configuration stays as it was");
            }
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
        // The file may have changed again since this one was read. Reads files, whose file system may
        // not answer.
        let read = || (self.cloakroom.codec_server_as_written(), self.cloakroom.codec_server());
        let (written, settings) = tokio::task::block_in_place(read);
        self.restrict(written);
        let (listen, settings) = settings?;
        let now = RestartOnly::new((!self.is_told).then_some(&listen), &settings);
        self.server.swap(settings)?;
        self.restart_only.warn(&now);
        Ok(())
    }
}

impl Served {
    /// Refuses what the file as it is now does not let in. Whether the rest of it can be loaded, and
    /// how long that takes, makes no difference.
    fn restrict(&self, written: Result<(Address, Settings), Error>) {
        match written.and_then(|(_, settings)| self.server.restrict(settings)) {
            Ok(false) => {}
            Ok(true) => tracing::info!(
                "restrictions of [codec_server] hold from now on, and the rest once it is loaded"
            ),
            // The reload says so, where everybody sees it.
            Err(error) => tracing::debug!(error = error.report(), "nothing to restrict by"),
        }
    }

    /// Looks at the file while a reload is under way, too.
    async fn restrict_again_and_again(self) {
        loop {
            tokio::time::sleep(WATCH).await;
            let this = self.clone();
            // Files may be behind a network.
            let restricting = move || this.restrict(this.cloakroom.codec_server_as_written());
            let _ = tokio::task::spawn_blocking(restricting).await;
        }
    }

    /// Reloads at each signal.
    async fn reload_on(self, mut hangup: Signal) {
        while hangup.recv().await.is_some() {
            // In a task of its own: a reload that hangs must not keep a newer one from ending it.
            let this = self.clone();
            tokio::spawn(async move { this.tell(this.cloakroom.reload().await) });
        }
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
