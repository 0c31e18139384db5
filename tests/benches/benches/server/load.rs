//! So many connections that each ask again as soon as they are answered.

use std::{sync::Arc, time::Instant};

use cloakroom_benches::Turn;
use tokio::runtime::Runtime;

use crate::{TURN, client::Client, contestant::Contestant, data::Question};

pub(crate) fn turn(
    runtime: &Runtime,
    contestant: &Contestant,
    asked: &Question,
    connections: usize,
) -> Turn {
    runtime.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(Client::connect(contestant.address).await);
        }
        let (worked, began) = (contestant.counted().worked(), Instant::now());
        let asking = |client| tokio::spawn(ask(client, asked.request.clone(), asked.answer, began));
        let asking: Vec<_> = clients.into_iter().map(asking).collect();
        let mut latencies = Vec::new();
        for one in asking {
            latencies.extend(one.await.expect("every answer is one of success"));
        }
        let worked = contestant.counted().worked() - worked;
        Turn::new(latencies, began.elapsed().as_secs_f64(), worked)
    })
}

async fn ask(mut client: Client, request: Arc<[u8]>, answer: usize, began: Instant) -> Vec<f64> {
    let mut latencies = Vec::new();
    while began.elapsed() < TURN {
        let asked = Instant::now();
        assert_eq!(client.ask(&request).await.len(), answer, "another answer than before");
        latencies.push(asked.elapsed().as_secs_f64());
    }
    latencies
}
