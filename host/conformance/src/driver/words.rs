//! Rule about what a driver writes for people.

use cloakroom_core::{Claim, Error};
use futures::future::BoxFuture;

use super::subject::DriverSubject;
use crate::{
    canary::Canaries,
    faulty_bucket::Fault,
    verdict::{Checked, broken, not_run},
};

pub(super) fn quiet(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let Some(words) = &subject.options.words else {
            return Err(not_run("the driver's log is not recorded"));
        };
        let body = subject.sampler("words").text(600);
        words();
        let mut errors = Vec::new();
        let claim = keep(subject.store(&body).await, &mut errors);
        let claim = claim.unwrap_or_default();
        keep(subject.retrieve(&claim).await, &mut errors);
        keep(subject.retrieve(&Claim::new()).await, &mut errors);
        if subject.faults.is_some() {
            for fault in [Fault::Unavailable, Fault::Denied, Fault::CutShort] {
                keep(subject.during(fault, subject.store(&body)).await?, &mut errors);
                keep(subject.during(fault, subject.retrieve(&claim)).await?, &mut errors);
            }
        }
        let canaries = Canaries::new([&*body]);
        let lines = words();
        if lines.iter().any(|line| canaries.are_in(line.as_bytes())) {
            return Err(broken("its log", "a line has bytes of the object in it"));
        }
        if errors.iter().any(|error| canaries.are_in(error.as_bytes())) {
            return Err(broken("its errors", "a text has bytes of the object in it"));
        }
        Ok(lines.len() + errors.len())
    })
}

/// Returns the answer, or keeps the error's text.
fn keep<T>(answer: Result<T, Error>, errors: &mut Vec<String>) -> Option<T> {
    answer.map_err(|error| errors.push(error.report())).ok()
}
