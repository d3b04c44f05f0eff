//! What is kept out of the directory on a lawful request: an entry, or a field of one. Applied when it is asked, and
//! again at the end of every import, in its transaction: what an extract brings back is gone before anybody sees it.

use sqlx::PgConnection;

/// What is suppressed of an entry; the empty text stands for the whole.
pub async fn fields_of(connection: &mut PgConnection, public_id: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select champ from suppressions where public_id = $1")
        .bind(public_id)
        .fetch_all(connection)
        .await
}
