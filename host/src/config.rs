//! One TOML file for the library and the command line.
//!
//! `schema` is the file as written, `text` reads it and says where it is wrong, `units` are numbers
//! as people write them, `keys` fetches key material from where the file says, `check` holds the
//! parts against each other.

mod check;
mod keys;
mod schema;
mod text;
mod units;

pub(crate) use self::{
    check::check,
    keys::{Rings, rings},
    schema::{Reuse as ReuseWord, Stage as StageEntry},
    text::{nearest, parse},
};
