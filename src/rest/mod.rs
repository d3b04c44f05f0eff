//! REST under `/api/v1`.

pub mod guard;
pub mod metrics;
pub mod nearest;
pub mod parameters;
pub mod problem;
pub mod signin;
pub mod state;
