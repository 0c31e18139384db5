//! A forwarder of bytes, the floor for any proxy.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

pub(crate) async fn serve(address: &str, to: &str) {
    let listener = TcpListener::bind(address).await.expect("an address that is free");
    loop {
        let (mut caller, _) = listener.accept().await.expect("a connection");
        let to = to.to_owned();
        tokio::spawn(async move {
            let mut upstream = TcpStream::connect(to).await.expect("it listens");
            for socket in [&caller, &upstream] {
                socket.set_nodelay(true).expect("a socket");
            }
            // A client that ends may leave its connection in any state.
            let _ = copy_bidirectional(&mut caller, &mut upstream).await;
        });
    }
}
