//! Nothing: this package exists for the features that its manifest turns on.
