//! `codec-server`: until it is told to end.

use std::{io, time::Duration};

use cloakroom::{Cloakroom, Error, temporal::server::CodecServer};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{args, change::open, failure::Failure, recorder};

/// How often files are looked at for changes.
const WATCH: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: &args::CodecServer) -> Result<(), Failure> {
    let recorder = recorder::start()?;
    let cloakroom = open(&args.config).await?;
    let (address, settings) = cloakroom.codec_server()?;
    let address = args.listen.unwrap_or(address);
    let no_pages = settings.origins.is_empty();
    let metrics = Box::new(move || recorder.render());
    let server = CodecServer::with(cloakroom.clone(), cloakroom.clone(), settings, Some(metrics));
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::usage(format!("cannot listen on {address} (`codec_server.listen`): {error}"))
    })?;
    let listening = listener.local_addr()?;
    let mut hangup = signal(SignalKind::hangup())?;
    let end = end()?;
    let _watch = {
        let (cloakroom, server) = (cloakroom.clone(), server.clone());
        cloakroom.clone().watch(WATCH, move |swapped| tell(swapped, &cloakroom, &server))
    };
    let reloading = {
        let server = server.clone();
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                let reloaded = cloakroom.reload().await;
                tell(reloaded, &cloakroom, &server);
            }
        })
    };
    tracing::info!(address = %listening, "serving");
    if no_pages {
        tracing::info!("no web page may ask: `codec_server.origins` is empty");
    }
    let served = server.serve(listener, end).await;
    reloading.abort();
    tracing::info!("ended");
    Ok(served?)
}

/// What the server itself is told is swapped after the pipeline, and either may fail alone.
fn tell(swapped: Result<(), Error>, cloakroom: &Cloakroom, server: &CodecServer) {
    let cause = |error: &Error| std::error::Error::source(error).map(ToString::to_string);
    if let Err(error) = swapped {
        let cause = cause(&error);
        tracing::error!(%error, cause, "the configuration stays as it was");
        return;
    }
    let told = cloakroom.codec_server().and_then(|(_, settings)| server.swap(settings));
    match told {
        Ok(()) => tracing::info!("the configuration was swapped"),
        Err(error) => {
            let cause = cause(&error);
            tracing::error!(%error, cause, "the pipeline was swapped, and [codec_server] stays as it was");
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
