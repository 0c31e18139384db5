//! Activities around which a pipeline decodes the input and encodes the result.

use std::{pin::Pin, sync::Arc};

use super::AppTexts;

/// The future of an activity.
type Running<E> = Pin<Box<dyn Future<Output = Result<Option<String>, E>> + Send>>;

impl<E: Send + 'static> AppTexts<E> {
    /// Wraps an activity: its input is decoded before it runs, and its result is encoded before the SDK
    /// gets it. `instance_of` names the workflow instance, from the SDK's own context.
    ///
    /// The activity fails where its input cannot be decoded or its result cannot be encoded, and its
    /// retry policy decides. In the second case it has run. Texts of its own failures are not encoded.
    ///
    /// Workflows are not wrapped: a workflow waits for nothing but its tasks, and a payload that fails to
    /// decode would end its run. A workflow hands encoded texts on as they are.
    pub fn activity<C, I, F, Fut>(
        &self,
        instance_of: I,
        activity: F,
    ) -> impl Fn(C, Option<String>) -> Running<E> + Send + Sync + use<C, I, F, Fut, E>
    where
        C: Send + 'static,
        I: Fn(&C) -> &str,
        I: Send + Sync + 'static,
        F: Fn(C, Option<String>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<String>, E>> + Send + 'static,
    {
        let (texts, activity) = (self.clone(), Arc::new(activity));
        move |ctx, input| {
            let (texts, activity) = (texts.clone(), activity.clone());
            let instance = instance_of(&ctx).to_owned();
            Box::pin(async move {
                let input = texts.decode(input).await?;
                let result = activity(ctx, input).await?;
                texts.encode(&instance, result).await
            })
        }
    }
}
