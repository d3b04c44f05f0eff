//! Administrators.
