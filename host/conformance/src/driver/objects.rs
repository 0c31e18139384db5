//! Rules about objects that are stored and read back.

use cloakroom_core::{Context, ErrorKind, Kind, Limit};
use futures::future::BoxFuture;

use super::subject::{DriverSubject, store};
use crate::{
    sample::{CHUNK, bytes},
    verdict::{Checked, broken, describe, not_run, size_advice},
};

pub(super) fn kind(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let kind = subject.driver.kind();
        if kind.is_empty() {
            return Err(broken("its kind", "it is empty"));
        }
        let Some(twin) = &subject.twin else {
            return Err(not_run("there is no second driver with the same settings"));
        };
        if twin.kind() != kind {
            return Err(broken("its kind", format!("`{kind}` became `{}`", twin.kind())));
        }
        Ok(1)
    })
}

pub(super) fn sizes(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("round-trip");
        let sizes = [0, 1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17];
        for size in sizes {
            let body = sampler.noise(size);
            subject.returns(&format!("a body of {}", bytes(size)), &body).await?;
        }
        Ok(sizes.len())
    })
}

pub(super) fn large(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        // The object is a little larger than its body, and no larger than the limit.
        let size = subject.options.largest.as_usize().saturating_sub(64);
        let body = subject.sampler("large").noise(size);
        let case = bytes(size);
        match subject.store(&body).await {
            Ok(claim) => subject.finds(&case, &claim, &body).await.map(|()| 1),
            Err(error) if error.kind() == ErrorKind::LimitExceeded(Limit::Payload) => Ok(1),
            Err(error) => {
                let (error, advice) = (describe(&error), size_advice(&error));
                Err(broken(case, format!("storing ended with {error}{advice}")))
            }
        }
    })
}

pub(super) fn contexts(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let of = |id: &str, kind| {
            Context::namespace("payments prod").with_target(kind, id, "Charge/2", Some("r"))
        };
        let contexts = [
            ("no context", Context::none()),
            ("a namespace alone", Context::namespace("a/b:c é")),
            ("an odd workflow id", of("order+17 a/b~ü %2e..:\u{7}\"<>", Kind::Workflow)),
            ("the id `..`", of("..", Kind::Workflow)),
            ("an id of 2,000 characters", of(&"x".repeat(2000), Kind::Workflow)),
            ("an activity", of("activity", Kind::Activity)),
            (
                "an operation of Nexus",
                Context::namespace("shop").with_nexus_target("end/point", "service", "operation"),
            ),
        ];
        let body = subject.sampler("contexts").noise(500);
        for (case, ctx) in &contexts {
            let stored = store(&*subject.driver, ctx, &body).await;
            let claim = stored.map_err(|error| {
                broken(*case, format!("storing ended with {}", describe(&error)))
            })?;
            // Read under another context: a claim must be enough, since references travel.
            subject.finds(case, &claim, &body).await?;
        }
        Ok(contexts.len())
    })
}

pub(super) fn same_claim(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("same-claim");
        let sizes = [10, 3 * CHUNK];
        for size in sizes {
            let (case, body) = (bytes(size), sampler.noise(size));
            let first = subject.stored(&case, &body).await?;
            let second = subject.stored(&case, &body).await?;
            if first != second && !subject.claims_differ {
                return Err(broken(case, "the second claim is another"));
            }
            subject.finds(&case, &first, &body).await?;
            subject.finds(&case, &second, &body).await?;
        }
        if subject.claims_differ {
            return Err(not_run("the backend is said to give another claim each time"));
        }
        Ok(sizes.len())
    })
}

pub(super) fn distinct(subject: &DriverSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("distinct");
        let one = sampler.noise(700);
        // Equal but for the last byte, as versions of one document are.
        let mut other = one.to_vec();
        if let Some(last) = other.last_mut() {
            *last ^= 1;
        }
        let bodies = [one, other.into(), sampler.noise(700)];
        let mut claims = Vec::new();
        for body in &bodies {
            claims.push(subject.stored("three objects", body).await?);
        }
        for (claim, body) in claims.iter().zip(&bodies) {
            subject.finds("three objects", claim, body).await?;
        }
        Ok(bodies.len())
    })
}
