//! (room under construction)
pub mod settings;
