//! Rule about limits.

use cloakroom_core::{Error, ErrorKind, Payload};
use futures::future::BoxFuture;

use super::subject::{CodecSubject, decode, encode};
use crate::{
    sample::{bytes, plain},
    verdict::{Checked, broken, describe, not_run},
};

/// Size of an input that exceeds tight limits.
const LARGE: usize = 4 << 20;

pub(super) fn tight(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let Some(codec) = &subject.tight else {
            return Err(not_run("there is no second codec within tight limits"));
        };
        let mut sampler = subject.sampler("limits");
        let mut cases = 0;
        for size in [1000, LARGE, 1000] {
            let payload = plain(sampler.noise(size));
            let encoded = encode(&**codec, &payload).await;
            let back = match encoded {
                Ok(Some(encoded)) => decode(&**codec, encoded).await,
                Ok(None) => Ok(payload.clone()),
                Err(error) => Err(error),
            };
            if let Some(found) = fault(&payload, &back, size == LARGE) {
                return Err(broken(format!("{} of noise", bytes(size)), found));
            }
            cases += 1;
        }
        Ok(cases)
    })
}

/// Returns what happened, if it is neither the payload nor a limit's error where one is expected.
fn fault(sent: &Payload, back: &Result<Payload, Error>, may_be_refused: bool) -> Option<String> {
    match back {
        Ok(back) if back == sent => None,
        Ok(_) => Some("another payload came back".to_owned()),
        Err(error) if may_be_refused && matches!(error.kind(), ErrorKind::LimitExceeded(_)) => None,
        Err(error) => Some(format!("it ended with {}", describe(error))),
    }
}
