//! REST under `/api/v1`.

pub mod answer;
pub mod domaines;
pub mod extractions;
pub mod guard;
pub mod messageries;
pub mod metrics;
pub mod nearest;
pub mod nomenclatures;
pub mod parameters;
pub mod problem;
pub mod professionnels;
pub mod recherche;
pub mod sante;
pub mod signin;
pub mod state;
pub mod structures;
pub mod suggestions;
pub mod verification;
