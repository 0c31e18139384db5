//! Exports of plugins: their functions are found once a plugin, and looked up once an instance.

mod about;
mod codec;
mod driver;
pub(crate) mod linked_plugin;
mod lookup;
