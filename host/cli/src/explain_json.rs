//! Explanations of payloads as JSON.

use cloakroom::inspect::{Explanation, Layer, Stored};
use serde_json::{Value, json};

/// Returns an explanation as JSON.
pub(crate) fn explanation_json(explanation: &Explanation) -> Value {
    let stored = explanation.stored.as_ref().map(stored_json);
    let trouble = explanation.trouble.as_ref().map(ToString::to_string);
    json!({ "layers": layers_json(explanation), "stored": stored, "trouble": trouble })
}

/// Returns the layers of a payload, outermost first.
pub(crate) fn layers_json(explanation: &Explanation) -> Value {
    let layer = |layer: &Layer| {
        json!({
            "by": layer.by,
            "encoding": layer.encoding,
            "bytes": layer.bytes,
            "key": layer.key,
            "metadata": layer.metadata,
        })
    };
    explanation.layers.iter().map(layer).collect()
}

/// Returns the location of a stored object.
pub(crate) fn stored_json(stored: &Stored) -> Value {
    json!({
        "driver": stored.driver,
        "kind": stored.kind,
        "referenceEncoded": stored.encoded,
        "claim": stored.claim,
        "toldBytes": stored.told,
        "proven": stored.proven,
        "verified": stored.verified,
    })
}
