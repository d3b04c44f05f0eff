//! Rows are made on a thread of their own while Postgres takes those that were made before.

use sqlx::PgConnection;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::copy::{Load, Rows};

/// Loads that wait for Postgres.
const AHEAD: usize = 1;

/// Where rows are given that are on their way to Postgres.
pub struct Outlet(mpsc::Sender<Load>);

impl Outlet {
    /// Gives what is gathered of a table, where it is much: waits while Postgres is behind. Once Postgres has refused
    /// something, whatever is given is dropped.
    pub fn give(&self, rows: &mut Rows) {
        if rows.is_heavy() {
            let _ = self.0.blocking_send(rows.take());
        }
    }
}

/// Sends all that `make` gives; gives what it comes to. What it has not given it still has.
pub async fn send_while_made<T: Send>(
    connection: &mut PgConnection,
    make: impl FnOnce(&Outlet) -> T + Send,
) -> Result<T, sqlx::Error> {
    let (outlet, mut loads) = mpsc::channel::<Load>(AHEAD);
    let runtime = Handle::current();
    let send = async move {
        while let Some(load) = loads.recv().await {
            load.send(connection).await?;
        }
        Ok(())
    };
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let making = std::thread::Builder::new().spawn_scoped(scope, move || make(&Outlet(outlet)))?;
            let sent: Result<(), sqlx::Error> = runtime.block_on(send);
            let made = making.join();
            sent?;
            made.map_err(|_| sqlx::Error::Io(std::io::Error::other("the making of rows panicked")))
        })
    })
}
