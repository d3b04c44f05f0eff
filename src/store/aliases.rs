//! The names by which a mailbox's row points at a structure, and the way back, both by index: a change is followed
//! without reading the country.
//!
//! An alias is a type digit and an identifier (`1` FINESS, `2` SIREN, `3` SIRET, `0` and `4` practices), or a
//! technical id. Of several structures that share one, the first known answers for it.

use sqlx::PgConnection;

use crate::directory::identifier::structure_candidates;

/// Ids of all structures that one of these aliases may name.
pub async fn structures_named(
    connection: &mut PgConnection,
    aliases: &[String],
) -> Result<Vec<i64>, sqlx::Error> {
    if aliases.is_empty() {
        return Ok(Vec::new());
    }
    let of_type = |digit: char| -> Vec<&str> {
        aliases
            .iter()
            .filter_map(|alias| alias.strip_prefix(digit))
            .collect()
    };
    sqlx::query_scalar(
        "select id from structure_keys where finess = any($1)
         union select id from structure_keys where identifiant_technique = any($4)
         union select structure_id from structures_finess where siren = any($2)
         union select structure_id from structures_finess where siret = any($3)
         union select structure_id from structures_rpps where siren = any($2)
         union select structure_id from structures_rpps where siret = any($3)
         union select structure_id from structures_rpps where ancien_identifiant = any($4)",
    )
    .bind(of_type('1'))
    .bind(of_type('2'))
    .bind(of_type('3'))
    .bind(aliases)
    .fetch_all(connection)
    .await
}

/// The aliases of some structures.
pub async fn aliases_of(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<String>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(
        "select distinct alias from structures,
            lateral (values ('1' || nullif(finess, '')), ('2' || nullif(siren, '')), ('3' || nullif(siret, '')),
                            (nullif(ancien_identifiant, '')), (nullif(identifiant_technique, ''))) as a (alias)
         where id = any($1) and alias is not null
         -- Of one that no source tells of any more, the key is left.
         union select '1' || finess from structure_keys where id = any($1) and finess is not null
         union select identifiant_technique from structure_keys
               where id = any($1) and identifiant_technique is not null",
    )
    .bind(ids)
    .fetch_all(connection)
    .await
}

/// The structure that somebody names by any of its identifiers.
pub async fn structure_typed(connection: &mut PgConnection, typed: &str) -> Result<Option<i64>, sqlx::Error> {
    let mut aliases = Vec::new();
    for candidate in structure_candidates(typed) {
        for digit in ["", "1", "2", "3"] {
            aliases.push(format!("{digit}{candidate}"));
        }
    }
    let ids = structures_named(connection, &aliases).await?;
    // The view holds those that a source still tells of.
    sqlx::query_scalar("select min(id) from structures where id = any($1)")
        .bind(ids)
        .fetch_one(connection)
        .await
}
