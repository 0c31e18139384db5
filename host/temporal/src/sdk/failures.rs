//! Failures whose messages are encoded, and stay readable when they are passed on.

use temporalio_common::{
    data_converters::{
        DefaultFailureConverter, FailureConverter, GenericPayloadConverter as _,
        PayloadConversionError, PayloadConverter, SerializationContext, SerializationContextData,
    },
    error::{IncomingError, OutgoingError},
    protos::temporal::api::failure::v1::Failure,
};

/// The SDK's failure converter with messages and stack traces encoded.
///
/// The SDK restores the message of a failure, and not those of its causes: a workflow that fails as
/// its activity did would encode the words `Encoded failure` anew, and what had happened would be
/// lost.
pub(super) struct EncodedFailures(DefaultFailureConverter);

impl EncodedFailures {
    pub(super) const fn new() -> Self {
        Self(DefaultFailureConverter::new(true))
    }
}

impl FailureConverter for EncodedFailures {
    fn to_failure(
        &self,
        error: OutgoingError,
        payload_converter: &PayloadConverter,
        context: &SerializationContextData,
    ) -> Failure {
        self.0.to_failure(error, payload_converter, context)
    }

    fn to_error(
        &self,
        mut failure: Failure,
        payload_converter: &PayloadConverter,
        context: &SerializationContextData,
    ) -> Result<IncomingError, PayloadConversionError> {
        restore(&mut failure, &SerializationContext::new(context, payload_converter));
        self.0.to_error(failure, payload_converter, context)
    }
}

/// What `encoded_attributes` hold, by the convention of all SDKs.
#[derive(serde::Deserialize)]
struct Attributes {
    #[serde(default)]
    message: String,
    #[serde(default)]
    stack_trace: String,
}

/// The codec has decoded the attributes; here they take the places they were taken from.
fn restore(failure: &mut Failure, context: &SerializationContext<'_>) {
    let mut next = Some(failure);
    while let Some(failure) = next {
        let encoded = failure.encoded_attributes.clone();
        let read = encoded.and_then(|encoded| {
            context.converter.from_payload::<Attributes>(context, encoded).ok()
        });
        if let Some(Attributes { message, stack_trace }) = read {
            failure.message = message;
            failure.stack_trace = stack_trace;
        }
        next = failure.cause.as_deref_mut();
    }
}
