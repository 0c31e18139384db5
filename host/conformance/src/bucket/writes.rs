//! Rules about writes.

use bytes::Bytes;
use cloakroom_core::{ErrorKind, PutMode, PutOutcome};
use futures::future::{BoxFuture, join_all};

use super::subject::BucketSubject;
use crate::verdict::{Checked, broken, call, describe, not_run};

/// Writers that create one object at the same time.
const WRITERS: u8 = 8;

pub(super) fn create(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("create");
        let (key, first) = (subject.key("create", "object"), sampler.noise(300));
        // An earlier run with this seed may have left it.
        subject.put(&key, vec![first.clone()], PutMode::Overwrite).await.ok();
        for (case, other) in
            [("another object", sampler.noise(200)), ("the same object", first.clone())]
        {
            match subject.put(&key, vec![other], PutMode::Create).await {
                Ok(PutOutcome::AlreadyThere) => {}
                Ok(PutOutcome::Written) => return Err(broken(case, "it was written")),
                Err(error) => {
                    return Err(broken(case, format!("it ended with {}", describe(&error))));
                }
            }
            subject.holds(case, &key, &first).await?;
        }
        Ok(2)
    })
}

pub(super) fn atomic(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let case = "eight writers of one key";
        let key = subject.key("create-atomic", "object");
        if let Err(error) = call(subject.bucket.remove(&key)).await
            && error.kind() != ErrorKind::Denied
        {
            return Err(broken(case, format!("removing ended with {}", describe(&error))));
        }
        let bodies: Vec<_> = (0..WRITERS).map(|writer| Bytes::from(vec![writer; 20_000])).collect();
        let writes =
            bodies.iter().map(|body| subject.put(&key, vec![body.clone()], PutMode::Create));
        let mut written = Vec::new();
        for (body, outcome) in bodies.iter().zip(join_all(writes).await) {
            match outcome {
                Ok(PutOutcome::Written) => written.push(body),
                Ok(PutOutcome::AlreadyThere) => {}
                Err(error) => {
                    return Err(broken(case, format!("one ended with {}", describe(&error))));
                }
            }
        }
        match &*written {
            [body] => subject.holds(case, &key, body).await.map(|()| 1),
            [] => Err(not_run("the object was there before, and the bucket does not remove it")),
            several => Err(broken(case, format!("{} say that they wrote it", several.len()))),
        }
    })
}

pub(super) fn overwrite(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("overwrite");
        let key = subject.key("overwrite", "object");
        let sizes = [500, 100, 0, 70_000];
        for size in sizes {
            let (case, body) = (format!("a write of {size} bytes"), sampler.noise(size));
            let outcome = subject.write(&case, &key, vec![body.clone()]).await?;
            if outcome != PutOutcome::Written {
                return Err(broken(case, "it says that an object stayed"));
            }
            subject.holds(&case, &key, &body).await?;
        }
        Ok(sizes.len())
    })
}

pub(super) fn remove(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("remove");
        let (key, kept) = (subject.key("remove", "object"), subject.key("remove", "object/kept"));
        let (body, beside) = (sampler.noise(100), sampler.noise(100));
        let beside_key = subject.key("remove", "object-2");
        subject.write("an object", &key, vec![body.clone()]).await?;
        subject.write("another", &beside_key, vec![beside.clone()]).await?;
        match call(subject.bucket.remove(&key)).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Denied => {
                return Err(not_run("the bucket removes nothing"));
            }
            Err(error) => {
                return Err(broken("removing", format!("it ended with {}", describe(&error))));
            }
        }
        subject.lacks("a removed object", &key).await?;
        subject.lacks("a key below it", &kept).await?;
        subject.holds("an object with a longer name", &beside_key, &beside).await?;
        match subject.put(&key, vec![body.clone()], PutMode::Create).await {
            Ok(PutOutcome::Written) => {}
            Ok(PutOutcome::AlreadyThere) => {
                return Err(broken("creating it again", "it is said to be there"));
            }
            Err(error) => {
                let text = format!("it ended with {}", describe(&error));
                return Err(broken("creating it again", text));
            }
        }
        subject.holds("creating it again", &key, &body).await?;
        Ok(4)
    })
}
