//! Contexts of payloads in other namespaces, and of probes.

use super::*;

#[test]
fn a_payload_of_another_namespace_is_encoded_for_its_own_and_stored_for_the_other() {
    let other = Context::namespace("shop").with_target(Kind::Workflow, "c", "Child", None);
    let other = other.with_target_namespace("billing");
    let ctx = Context::namespace("shop").with_readable(Arc::from(["billing".to_owned()]));
    let ctx = ctx.with_targets(vec![Context::namespace("shop"), other]);
    let [own, other, none] = [0, 1, 2].map(|slot| ctx.for_payload(slot));
    assert_eq!((own.id(), own.namespace_name()), (None, Some("shop")));
    assert_eq!((other.id(), other.namespace_name()), (Some("c"), Some("shop")));
    assert_eq!(other.of_target().namespace_name(), Some("billing"));
    assert_eq!(*none, ctx);
    assert_eq!(own.opening("billing").namespace_name(), Some("billing"));
    assert_eq!(own.opening("audit").namespace_name(), Some("shop"));
    assert!(own.opening("billing").readable_namespaces().is_empty());
    let ctx = ctx.with_readable(Arc::from(["audit".to_owned()]));
    assert_eq!(ctx.for_payload(1).id(), Some("c"), "the targets stay");
    assert_eq!(ctx.readable_namespaces(), ["audit"]);
}

#[test]
fn a_task_queue_belongs_to_its_target() {
    let ctx = Context::namespace("shop").with_target(Kind::Workflow, "1", "Order", None);
    let ctx = ctx.with_task_queue("orders");
    assert_eq!(ctx.task_queue(), Some("orders"));
    assert_eq!(ctx.with_target(Kind::Workflow, "2", "Child", None).task_queue(), None);
}

#[test]
fn a_probe_cannot_be_imitated_by_its_names() {
    let probe = Context::probe();
    assert!(probe.is_probe());
    let names = (probe.namespace_name(), probe.id(), probe.type_name());
    assert_eq!(names, (Some(PROBE), Some(PROBE), Some(PROBE)));
    let imitated = Context::namespace(PROBE).with_target(Kind::Workflow, PROBE, PROBE, None);
    assert!(!imitated.is_probe());
}
