//! Schemas of system envelopes, from the API's protobuf files in `temporalio-protos` 0.10.2.
//!
//! `tests/it/envelopes.rs` compares them with the official messages.

use self::Shape::{Bytes, Container, Fixed32, Fixed64, Message, Payload, Text, Varint};

/// Fields of a message: number and shape.
pub(super) type Fields = &'static [(u32, Shape)];

/// Wire type of a field, and whether it contains payloads.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Bytes,
    Fixed32,
    Fixed64,
    /// Message that contains payloads of the user.
    Container(Fields),
    /// Message without payloads of the user.
    Message(Fields),
    /// Payload of the user.
    Payload,
    Text,
    Varint,
}

/// `temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionRequest`
pub(super) const SIGNAL_WITH_START_REQUEST: Fields = &[
    (1, Text),
    (2, Text),
    (3, Message(NAME)),
    (4, Message(TASK_QUEUE)),
    (5, Container(PAYLOADS)),
    (6, Message(DURATION)),
    (7, Message(DURATION)),
    (8, Message(DURATION)),
    (9, Text),
    (10, Text),
    (11, Varint),
    (12, Text),
    (13, Container(PAYLOADS)),
    (14, Text),
    (15, Message(RETRY_POLICY)),
    (16, Text),
    (17, Container(PAYLOAD_MAP)),
    (18, Message(SEARCH_ATTRIBUTES)),
    (19, Container(PAYLOAD_MAP)),
    (20, Message(DURATION)),
    (22, Varint),
    (23, Container(USER_METADATA)),
    (24, Message(LINK)),
    (25, Message(VERSIONING_OVERRIDE)),
    (26, Message(PRIORITY)),
    (27, Message(TIME_SKIPPING)),
];

/// `temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionResponse`
pub(super) const SIGNAL_WITH_START_RESPONSE: Fields =
    &[(1, Text), (2, Varint), (3, Message(LINK)), (4, Text)];

/// `temporal.api.common.v1.WorkflowType`, `Link.BatchJob` and other messages of one text
const NAME: Fields = &[(1, Text)];
const TASK_QUEUE: Fields = &[(1, Text), (2, Varint), (3, Text)];
const PAYLOADS: Fields = &[(1, Payload)];
/// `temporal.api.common.v1.Memo` and `Header`
const PAYLOAD_MAP: Fields = &[(1, Container(&[(1, Text), (2, Payload)]))];
const USER_METADATA: Fields = &[(1, Payload), (2, Payload)];
/// `google.protobuf.Duration`
const DURATION: Fields = &[(1, Varint), (2, Varint)];
const RETRY_POLICY: Fields =
    &[(1, Message(DURATION)), (2, Fixed64), (3, Message(DURATION)), (4, Varint), (5, Text)];
const SEARCH_ATTRIBUTES: Fields = &[(1, Message(&[(1, Text), (2, Message(PLAIN_PAYLOAD))]))];
/// `temporal.api.common.v1.Payload`, as the server reads it
const PLAIN_PAYLOAD: Fields =
    &[(1, Message(&[(1, Text), (2, Bytes)])), (2, Bytes), (3, Message(&[(1, Varint)]))];
const LINK: Fields = &[
    (
        1,
        Message(&[
            (1, Text),
            (2, Text),
            (3, Text),
            (100, Message(&[(1, Varint), (2, Varint)])),
            (101, Message(&[(1, Text), (2, Varint)])),
        ]),
    ),
    (2, Message(NAME)),
    (3, Message(THREE_TEXTS)),
    (4, Message(THREE_TEXTS)),
    (5, Message(&[(1, Text), (2, Text), (3, Text), (4, Text)])),
    (
        6,
        Message(&[
            (1, Text),
            (2, Message(&[(1, Varint), (2, Text), (3, Text)])),
            (3, Text),
            (4, Text),
        ]),
    ),
];
/// `Link.Activity` and `Link.NexusOperation`
const THREE_TEXTS: Fields = &[(1, Text), (2, Text), (3, Text)];
/// `temporal.api.deployment.v1.Deployment` and `WorkerDeploymentVersion`
const DEPLOYMENT: Fields = &[(1, Text), (2, Text)];
const VERSIONING_OVERRIDE: Fields = &[
    (1, Varint),
    (2, Message(DEPLOYMENT)),
    (3, Message(&[(1, Varint), (2, Message(DEPLOYMENT))])),
    (4, Varint),
    (5, Message(&[(1, Message(DEPLOYMENT))])),
    (9, Text),
];
const PRIORITY: Fields = &[(1, Varint), (2, Text), (3, Fixed32)];
const TIME_SKIPPING: Fields =
    &[(1, Varint), (2, Message(&[(1, Text), (2, Message(DURATION))])), (3, Varint), (4, Varint)];
