//! REST under `/api/v1`.

pub mod nearest;
pub mod parameters;
pub mod problem;
