//! Files that are part of the program: the contract, and the templates of `new`.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
