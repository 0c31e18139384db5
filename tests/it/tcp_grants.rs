//! Granted servers: a guest connects where it may and nowhere else, and the host resolves and encrypts.

mod config;
mod hostile;
mod tls;

use std::{
    io::Read as _,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use cloakroom::{
    ByteSize, Error, ErrorKind, Pipeline,
    plugin::{Grants, Limits, PluginCodec, Reuse, Settings, Source, TcpGrant},
    storage::Offload,
};
use cloakroom_tests::{ROGUE_WASIP2, chain, ctx, host, plain, rogue_grants};

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

fn grant(server: &str) -> TcpGrant {
    server.parse().unwrap()
}

/// The rogue with these grants besides its own.
async fn rogue(servers: &[&str]) -> PluginCodec {
    let grants =
        servers.iter().fold(rogue_grants(), |grants, server| grants.with_tcp_grant(grant(server)));
    let source = Source::bytes("rogue", ROGUE_WASIP2);
    let plugin = host(Limits::default()).load(source, grants).await.unwrap();
    plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap()
}

async fn perform(rogue: &PluginCodec, attack: &str) -> Result<(), Error> {
    use cloakroom::Codec as _;
    rogue.encode(&ctx(), &plain(attack.to_owned())).await.map(drop)
}

/// A pipeline that stores with Redis' driver at `address`, which is granted so.
async fn redis(address: &str, granted: TcpGrant, time: Duration) -> Pipeline {
    let host = host(Limits { driver_time: time, ..Limits::default() });
    let grants = Grants::none().with_tcp_grant(granted);
    let plugin = host.load(cloakroom::plugin::bundled("redis").unwrap(), grants).await.unwrap();
    let settings = Settings::none().with_setting("address", address);
    let driver = plugin.driver(settings, Reuse::Fresh).await.unwrap();
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("redis", driver);
    cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
}

/// Returns the error of storing one payload.
async fn refused(pipeline: &Pipeline) -> (ErrorKind, String) {
    let error = pipeline.encode(&ctx(), vec![plain("x")]).await.unwrap_err();
    (error.kind(), chain(&error))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_name_is_reached_and_nothing_else() {
    let (granted, other) = (listener(), listener());
    let server = format!("localhost:{}", port(&granted));
    let rogue = rogue(&[&server]).await;
    for attack in [
        format!("connect {server}"),
        // Names have no case, and may end with a dot.
        format!("connect LocalHost.:{}", port(&granted)),
        // The address that stands for the name, in this plugin alone.
        format!("connect 240.0.0.1:{}", port(&granted)),
    ] {
        perform(&rogue, &attack).await.unwrap_or_else(|error| panic!("{attack}: {error}"));
        let mut heard = String::new();
        granted.accept().unwrap().0.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "from the sandbox", "{attack}");
    }
    for attack in [
        // The address behind the name was not granted, nor another port of the name.
        format!("connect 127.0.0.1:{}", port(&granted)),
        format!("connect localhost:{}", port(&other)),
        format!("connect 240.0.0.1:{}", port(&other)),
        format!("connect 240.0.0.2:{}", port(&granted)),
        format!("connect [::1]:{}", port(&granted)),
        format!("connect [::ffff:127.0.0.1]:{}", port(&granted)),
        // Any of these would ask a name server.
        format!("connect canary.example:{}", port(&granted)),
        format!("connect localhost.canary.example:{}", port(&granted)),
        format!("connect 127.1:{}", port(&granted)),
        "listen".to_owned(),
        "udp".to_owned(),
    ] {
        let error = perform(&rogue, &attack).await.expect_err(&attack);
        assert_eq!(error.kind(), ErrorKind::Denied, "{attack}: {}", chain(&error));
        assert!(!chain(&error).contains("canary"), "{}", chain(&error));
    }
    for listener in [granted, other] {
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "somebody came");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_names_are_two_servers() {
    let (first, second) = (listener(), listener());
    let servers = [&first, &second].map(|listener| format!("localhost:{}", port(listener)));
    let rogue = rogue(&[&servers[0], &servers[1]]).await;
    for (server, listener) in servers.iter().zip([first, second]) {
        perform(&rogue, &format!("connect {server}")).await.unwrap();
        let mut heard = String::new();
        listener.accept().unwrap().0.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "from the sandbox");
    }
}

/// Where the machine has IPv6.
#[tokio::test(flavor = "multi_thread")]
async fn an_ipv6_address_is_reached() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return;
    };
    let server = format!("[::1]:{}", port(&listener));
    perform(&rogue(&[&server]).await, &format!("connect {server}")).await.unwrap();
    let mut heard = String::new();
    listener.accept().unwrap().0.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "from the sandbox");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_what_is_granted_and_no_stranger() {
    let (minute, nobody) = (Duration::from_secs(60), SocketAddr::from(([127, 0, 0, 1], 9)));
    let stored = redis("db.example:6379", nobody.into(), minute).await;
    let (kind, text) = refused(&stored).await;
    assert_eq!(kind, ErrorKind::Denied, "{text}");
    assert!(text.contains("connections to `db.example` were not granted"), "{text}");
    assert!(text.contains("granted: `127.0.0.1:9`"), "{text}");
    assert!(text.contains("Grants::with_tcp_grant"), "{text}");

    // Nobody listens at port 1.
    let stored = redis("localhost:1", grant("localhost:1"), minute).await;
    let (kind, text) = refused(&stored).await;
    assert_eq!(kind, ErrorKind::Unavailable, "{text}");
    assert!(text.contains("connection to `localhost:1`: no connection: "), "{text}");
}
