use std::sync::Arc;
use cloakroom::{keys::*, plugin::*, *};
fn main() {
    let size: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let n: u32 = std::env::args().nth(2).unwrap().parse().unwrap();
    let reuse = if std::env::args().nth(3).as_deref() == Some("fresh") { Reuse::Fresh } else { Reuse::Warm };
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(async {
        let host = Host::builder().build().unwrap();
        let r = Arc::new(Ring::single("bench", &KeyMaterial::new([7; 32])).unwrap());
        let p = host.load(bundled("aes-gcm").unwrap(), Grants::none().with_keys("bench", r.clone())).await.unwrap();
        let c = p.codec(Settings::none().with_setting("ring", "bench").with_setting("format", "temporal"), reuse).await.unwrap();
        let pipe = Pipeline::builder().with_stage(Stage::new("aes", c)).build().unwrap();
        let ctx = Context::namespace("x");
        let plain = Payload::new("json/plain", vec![7u8; size]);
        for _ in 0..3 {
        let s = std::time::Instant::now();
        for _ in 0..n { pipe.encode(&ctx, vec![plain.clone()]).await.unwrap(); }
        println!("plugin {:?}", s.elapsed() / n);
        let key = r.lasting().now().unwrap().unwrap().unwrap();
        let s = std::time::Instant::now();
        for _ in 0..n { let e = plain.envelope(); let d = key.seal_aes_gcm(&[e.head, e.body, e.tail], &[]).unwrap(); drop(Payload::new("binary/encrypted", d).with_metadata("k", "v")); }
        println!("key {:?}", s.elapsed() / n);
        }
    });
}
