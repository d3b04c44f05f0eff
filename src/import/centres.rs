//! Where communes and postcodes lie, from the coordinates of the establishments that stand there. A structure
//! without coordinates is shown at its commune's centre, else at its postcode's (`store::documents` reads it so).
//!
//! A centre stays where it is until it would move by more than [`MOVED_KM`]: one establishment more in a town is no
//! change of all those that have no coordinates. A centre that no establishment supports any more stays too: the
//! commune has not gone.

use super::history;
use super::ledger::Action;
use super::publication::Publication;
use crate::directory::public_id::Genre;

/// How far the middle of a commune's establishments goes before its centre follows.
const MOVED_KM: f64 = 0.5;
/// Farther than this from the middle of its department a position is a mistake: a number typed wrong, a projection
/// taken for another.
const DEPARTMENT_KM: f64 = 150.0;
/// The same overseas: Guyane is wide, Saint-Martin is far from Basse-Terre.
const OVERSEAS_KM: f64 = 400.0;

/// Brings the centres up to the positions that the store holds, and notes the structures that are now shown
/// elsewhere.
pub async fn refresh(publication: &mut Publication<'_>) -> Result<(), sqlx::Error> {
    let any: bool = sqlx::query_scalar(
        "select exists (select from commune_centres) or exists (select from postcode_centres)",
    )
    .fetch_one(&mut *publication.connection)
    .await?;
    locate(publication).await?;
    let communes = follow(publication, "commune_centres", "code_insee").await?;
    let postcodes = follow(publication, "postcode_centres", "code_postal").await?;
    // On most days none, and looking for who stands there is to look at all.
    if communes.is_empty() && postcodes.is_empty() {
        return Ok(());
    }
    // The first centres of all are news to so many entries that an index is sooner built than brought up.
    if !any {
        publication.ledger.rebuild = true;
        return Ok(());
    }
    let moved = shown_at(publication, &communes, &postcodes).await?;
    let ids: Vec<i64> = moved.iter().map(|(id, _)| *id).collect();
    history::note(&mut *publication.connection, 's', &ids, "position").await?;
    for (id, public_id) in moved {
        publication
            .ledger
            .note(Genre::Structure, id, &public_id, Action::Updated);
    }
    Ok(())
}

/// Gathers the plausible positions. The median is not drawn aside by the few that are wrong.
async fn locate(publication: &mut Publication<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "create temp table located on commit drop as
         with departments as (
             select departement, percentile_cont(0.5) within group (order by lat) as lat,
                    percentile_cont(0.5) within group (order by lon) as lon
             from structures_finess where lat is not null and lon is not null group by departement)
         select f.code_insee, f.code_postal, f.lat, f.lon
         from structures_finess f join departments d using (departement)
         where f.lat is not null and f.lon is not null
           and plane_km(d.lat, d.lon, f.lat, f.lon)
               < case when f.departement ~ '^9[78]' then $1::float8 else $2::float8 end",
    )
    .bind(OVERSEAS_KM)
    .bind(DEPARTMENT_KM)
    .execute(&mut *publication.connection)
    .await?;
    Ok(())
}

/// Brings up one table of centres; gives the codes of those that are new or have moved.
async fn follow(
    publication: &mut Publication<'_>,
    table: &str,
    column: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let statement = format!(
        "insert into {table} as old
         select {column}, percentile_cont(0.5) within group (order by lat),
                percentile_cont(0.5) within group (order by lon)
         from pg_temp.located where {column} <> '' group by {column}
         on conflict (code) do update set lat = excluded.lat, lon = excluded.lon
         where plane_km(old.lat, old.lon, excluded.lat, excluded.lon) > $1
         returning code"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
        .bind(MOVED_KM)
        .fetch_all(&mut *publication.connection)
        .await
}

/// The structures without coordinates that are shown at centres which are new or have moved: id and public id. Not those
/// that this import made: the change log tells them already.
async fn shown_at(
    publication: &mut Publication<'_>,
    communes: &[String],
    postcodes: &[String],
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    sqlx::query_as(
        "select s.id, s.public_id from structures s
         where s.lat is null and s.departement <> ''
           -- The sequence stands where the import began.
           and s.id <= (select last_value from entity_ids)
           -- A postcode's centre says only where the commune has none, and no centre ever goes.
           and (s.code_insee in (select unnest($1::text[]))
                or s.code_postal in (select unnest($2::text[]))
                   and s.code_insee not in (select code from commune_centres))",
    )
    .bind(communes)
    .bind(postcodes)
    .fetch_all(&mut *publication.connection)
    .await
}
