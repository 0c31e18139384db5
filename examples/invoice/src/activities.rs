//! Activities of accounts payable. Each step gets the whole document, which makes the history large.

use serde::{Deserialize, Serialize};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::document::Scan;

/// The desk where it is done.
pub(crate) struct Desk;

/// Result of a step.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Decision {
    /// Of whom, and of what.
    pub(crate) step: String,
    /// Whether the document bears it out.
    pub(crate) passed: bool,
    /// Confidence of the engine in the word that decided.
    pub(crate) confidence: f64,
}

#[activities]
impl Desk {
    /// Has a scan read, which gives a document of about so many bytes.
    #[activity]
    pub(crate) async fn read_scan(_: ActivityContext, bytes: usize) -> Result<Scan, ActivityError> {
        Ok(Scan::of(bytes))
    }

    /// Decides one step.
    #[activity]
    pub(crate) async fn decide(
        _: ActivityContext,
        scan: Scan,
        step: String,
    ) -> Result<Decision, ActivityError> {
        let word = step.split(' ').next_back().unwrap_or("total");
        let confidence = scan.confidence_of(word);
        Ok(Decision { passed: confidence > 0.5, step, confidence })
    }
}
