//! REST under `/api/v1`.

pub mod answer;
pub mod guard;
pub mod metrics;
pub mod nearest;
pub mod parameters;
pub mod problem;
pub mod recherche;
pub mod signin;
pub mod state;
