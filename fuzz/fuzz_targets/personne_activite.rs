#![no_main]

use annuaire::source::{Kind, read_bytes};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Refusals are answers; a panic or a greed for memory is a find.
    let _ = read_bytes(Kind::PersonneActivite, None, bytes);
});
