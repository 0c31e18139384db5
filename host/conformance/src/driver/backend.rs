//! Rules about backends that are slow, fail or lie.

use std::pin::pin;

use cloakroom_core::ErrorKind;
use futures::{
    FutureExt as _,
    future::{BoxFuture, Either, select},
};

use super::subject::DriverSubject;
use crate::{
    faulty_bucket::Fault,
    gate::Gate,
    verdict::{Checked, broken, describe, unless_refused},
};

/// Kinds of errors that say that the driver, and not its backend, went wrong.
const BUGS: [ErrorKind; 3] = [ErrorKind::Internal, ErrorKind::Protocol, ErrorKind::Trapped];

pub(super) fn gone(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let body = subject.sampler("gone").noise(600);
        subject.faults()?;
        let claim = subject.stored("an object", &body).await?;
        let answer = subject.during(Fault::Gone, subject.retrieve(&claim)).await?;
        if let Some(found) = unless_refused(&answer, &[ErrorKind::NotFound]) {
            return Err(broken("an object that was removed", found));
        }
        Ok(1)
    })
}

pub(super) fn slow(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let gate = subject.faults()?.gate();
        let body = subject.sampler("slow").noise(600);
        let claim = held(gate, subject.stored("a slow write", &body)).await?;
        held(gate, subject.finds("a slow read", &claim, &body)).await?;
        Ok(2)
    })
}

/// Does some work while the gate holds its first request for a while.
async fn held<T>(gate: &Gate, work: impl Future<Output = T>) -> T {
    gate.close_after(0);
    let work = pin!(work);
    let is_held = pin!(gate.wait_until_held());
    // The work may be done without a request.
    let work = match select(work, is_held).await {
        Either::Left((done, _)) => {
            gate.open();
            return done;
        }
        Either::Right(((), work)) => work,
    };
    gate.open();
    work.await
}

pub(super) fn cancelled(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("cancelled");
        for requests in 0..INTERRUPTED {
            let body = sampler.noise(600);
            interrupt(subject, requests, subject.store(&body)).await;
            let case = format!("a write that was interrupted after {requests} requests");
            let claim = subject.returns(&case, &body).await?;
            interrupt(subject, requests, subject.retrieve(&claim)).await;
            let case = format!("a read that was interrupted after {requests} requests");
            subject.finds(&case, &claim, &body).await?;
        }
        Ok(2 * INTERRUPTED)
    })
}

/// Requests of one call after which it is interrupted.
const INTERRUPTED: usize = 4;

/// Begins a call, and drops it after so many requests to the backend, while another one is on the way.
/// Without control over the backend it is dropped after its first steps.
async fn interrupt<T>(subject: &DriverSubject, requests: usize, work: impl Future<Output = T>) {
    let Ok(faults) = subject.faults() else {
        let _ = work.now_or_never();
        return;
    };
    let gate = faults.gate();
    gate.close_after(requests);
    {
        let (work, is_held) = (pin!(work), pin!(gate.wait_until_held()));
        drop(select(work, is_held).await);
    }
    gate.open();
}

pub(super) fn failing(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        refusing(subject, "failing", Fault::Unavailable, ErrorKind::Unavailable).await
    })
}

pub(super) fn denied(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move { refusing(subject, "denied", Fault::Denied, ErrorKind::Denied).await })
}

/// Tries a backend that refuses each request in one way.
async fn refusing(subject: &DriverSubject, rule: &str, fault: Fault, kind: ErrorKind) -> Checked {
    let mut sampler = subject.sampler(rule);
    let (body, later) = (sampler.noise(600), sampler.noise(600));
    subject.faults()?;
    let claim = subject.stored("an object", &body).await?;
    let stored = subject.during(fault, subject.store(&later)).await?;
    if let Some(found) = unless_refused(&stored, &[kind]) {
        return Err(broken("a write that fails", found));
    }
    let read = subject.during(fault, subject.retrieve(&claim)).await?;
    if let Some(found) = unless_refused(&read, &[kind]) {
        return Err(broken("a read that fails", found));
    }
    subject.finds("a read after the failure", &claim, &body).await?;
    subject.returns("a write after the failure", &later).await?;
    Ok(4)
}

pub(super) fn lying(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("lying");
        subject.faults()?;
        let body = sampler.noise(600);
        let claim = subject.stored("an object", &body).await?;
        for (case, fault) in [
            ("a read that gives other bytes", Fault::OtherBytes),
            ("a read that gives half of the bytes", Fault::CutShort),
        ] {
            // Either answer will do: the host compares size and digest.
            let answer = subject.during(fault, subject.retrieve(&claim)).await?;
            if let Err(error) = &answer
                && BUGS.contains(&error.kind())
            {
                return Err(broken(case, format!("it ended with {}", describe(error))));
            }
        }
        let other = sampler.noise(600);
        let answer = subject.during(Fault::FalseAnswers, subject.store(&other)).await?;
        if let Err(error) = &answer
            && BUGS.contains(&error.kind())
        {
            let case = "a write that says that the object is there";
            return Err(broken(case, format!("it ended with {}", describe(error))));
        }
        subject.finds("a read after the lies", &claim, &body).await?;
        subject.returns("a write after the lies", &other).await?;
        Ok(5)
    })
}
