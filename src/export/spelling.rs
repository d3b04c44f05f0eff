//! How a format spells a value: nearly all as they are, so what is asked of whole rows is whether any must be spelt.

/// A format's way with values.
pub trait Spelling {
    /// Whether a value with this byte is spelt otherwise than it is.
    fn is_special(byte: u8) -> bool;
    /// Writes a value, whatever it has.
    fn spell(value: &[u8], out: &mut Vec<u8>);
}
