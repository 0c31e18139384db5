use std::sync::Arc;
use cloakroom::*;
fn main() {
    let reuse = if std::env::args().nth(1).as_deref() == Some("fresh") { Reuse::Fresh } else { Reuse::Warm };
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(async {
        let host = Host::builder().build().unwrap();
        let ring = Ring::of("bench", &Material::new([7; 32])).unwrap();
        let p = host.load(bundled("aes-gcm").unwrap(), Grants::none().keys("bench", Arc::new(ring))).await.unwrap();
        let c = p.codec(Settings::none().set("ring", "bench").set("format", "temporal"), reuse).await.unwrap();
        let pipe = Pipeline::builder().stage(Stage::new("aes", c)).build().unwrap();
        let ctx = Context::namespace("x");
        let plain = Payload::new("json/plain", vec![7u8; 1024]);
        let n = 1_000_000;
        let s = std::time::Instant::now();
        for _ in 0..n { pipe.encode(&ctx, vec![plain.clone()]).await.unwrap(); }
        println!("{:?}", s.elapsed() / n);
    });
}
