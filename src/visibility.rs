//! (stub, replaced)
#[derive(Debug, Clone)]
pub enum Viewer {
    Public,
    Professional { account: String },
    Operator { account: String, domains: Vec<String> },
    Administrator { account: String },
}
