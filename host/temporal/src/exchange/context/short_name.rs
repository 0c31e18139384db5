//! Names of message types, as the protocol writes them.

use cloakroom_wire::MessageType;

/// Returns the name of a message type without its package.
pub(in crate::exchange) fn short_name(message: MessageType) -> &'static str {
    message.name().rsplit('.').next().unwrap_or_default()
}
