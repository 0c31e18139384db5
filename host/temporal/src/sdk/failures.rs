//! Failure converter that encodes messages and stack traces.

use temporalio_common::{
    data_converters::{
        DefaultFailureConverter, FailureConverter, GenericPayloadConverter as _,
        PayloadConversionError, PayloadConverter, SerializationContext, SerializationContextData,
    },
    error::{IncomingError, OutgoingError},
    protos::temporal::api::failure::v1::Failure,
};

/// The SDK's failure converter, with messages and stack traces encoded.
///
/// The SDK restores the message of a failure, but not those of its causes. A workflow that passes
/// on the failure of an activity would then encode the words `Encoded failure`, and the original
/// message would be lost. So this converter restores the causes first.
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

/// Content of `encoded_attributes`, as all SDKs write it.
#[derive(serde::Deserialize)]
struct Attributes {
    #[serde(default)]
    message: String,
    #[serde(default)]
    stack_trace: String,
}

/// Puts the decoded attributes of a failure and its causes back into their fields.
fn restore(failure: &mut Failure, context: &SerializationContext<'_>) {
    let mut next = Some(failure);
    // A loop, because the chain of causes comes from a history and may be long.
    while let Some(failure) = next {
        let encoded = failure.encoded_attributes.clone();
        // Attributes that cannot be read leave the words `Encoded failure`. An error here would
        // hide the failure that it is about.
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
