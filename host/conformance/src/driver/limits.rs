//! Rules about limits.

use cloakroom_core::{ByteSize, ErrorKind};
use futures::future::BoxFuture;

use super::subject::{DriverSubject, object, retrieve, store};
use crate::{
    sample::{bytes, context},
    verdict::{Checked, broken, describe, not_run},
};

/// Size of an object that exceeds tight limits.
const LARGE: usize = 4 << 20;

pub(super) fn caller(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let body = subject.sampler("limit").noise(5000);
        let claim = subject.stored("an object", &body).await?;
        let size = object(&body).envelope().len() as u64;
        for (most, is_enough) in [(size, true), (size - 1, false), (1, false), (size + 1, true)] {
            let case = format!("an object of {size} bytes where {most} are taken");
            match retrieve(&*subject.driver, &claim, ByteSize::bytes(most)).await {
                Ok(_) if is_enough => {}
                Ok(_) => return Err(broken(case, "it was read")),
                Err(error) if !is_enough && matches!(error.kind(), ErrorKind::LimitExceeded(_)) => {
                }
                Err(error) => {
                    return Err(broken(case, format!("it ended with {}", describe(&error))));
                }
            }
        }
        Ok(4)
    })
}

pub(super) fn tight(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let Some(driver) = &subject.tight else {
            return Err(not_run("there is no second driver within tight limits"));
        };
        let mut sampler = subject.sampler("limits");
        for size in [1000, LARGE, 1000] {
            let (case, body) = (bytes(size), sampler.noise(size));
            let stored = store(&**driver, &context(), &body).await;
            let back = match stored {
                Ok(claim) => retrieve(&**driver, &claim, subject.options.largest).await,
                Err(error) => Err(error),
            };
            match back {
                Ok(found) if found == object(&body).envelope().to_bytes() => {}
                Ok(_) => return Err(broken(case, "another object came back")),
                Err(error)
                    if size == LARGE && matches!(error.kind(), ErrorKind::LimitExceeded(_)) => {}
                Err(error) => {
                    return Err(broken(case, format!("it ended with {}", describe(&error))));
                }
            }
        }
        Ok(3)
    })
}
