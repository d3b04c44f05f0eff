//! (stub until merge)
pub struct Context;
impl Context {
    pub fn new(_d: crate::service::Directory, _s: &crate::cli::settings::ServeSettings) -> Self {
        Self
    }
}
pub async fn serve_connection<S>(
    _s: S,
    _p: std::net::SocketAddr,
    _t: bool,
    _c: std::sync::Arc<Context>,
    _x: tokio_util::sync::CancellationToken,
) {
}
