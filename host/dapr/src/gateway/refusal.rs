//! Words for a message that the app cannot get.

use cloakroom_core::{Error, ErrorKind, Limit};
use cloakroom_grpc::{Code, Status};

use crate::Refused;

/// Returns the reason with its remedy.
pub(super) fn describe(refused: &Refused) -> String {
    match refused {
        Refused::TooLarge { .. } => format!(
            "{refused}: raise the receive limit of the app's SDK, and then gateway.dapr.app_max_message, \
             or pass references in the workflow instead of data"
        ),
        Refused::Undecodable(_) => refused.to_string(),
    }
}

/// Returns the error that the workflow of an activity learns.
pub(super) fn error(refused: &Refused) -> Error {
    let kind = match refused {
        Refused::TooLarge { .. } => ErrorKind::LimitExceeded(Limit::Message),
        Refused::Undecodable(error) => error.kind(),
    };
    Error::new(kind, describe(refused))
}

/// Returns the status for an answer that cannot be handed on.
pub(super) fn status(refused: &Refused) -> Status {
    match refused {
        Refused::TooLarge { .. } => Status::new(Code::ResourceExhausted, describe(refused)),
        Refused::Undecodable(error) => Status::from_error(error),
    }
}
