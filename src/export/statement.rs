//! The `COPY` statements of an extraction. Nothing of a caller is in them but the values that `filters` quoted.

use super::error::ExportError;
use super::filters::Filters;
use super::layout::Layout;

/// Whether rows come in an order that is the same each time. A sort costs a whole reading of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Fixed,
    Any,
}

/// Every row: the opaque id, then the layout's expressions.
pub fn whole(layout: &Layout, filters: &Filters, order: Order) -> Result<String, ExportError> {
    let condition = filters.condition(layout)?;
    let expressions = expressions(layout);
    let order = match order {
        Order::Fixed => format!(" order by {}", layout.order),
        Order::Any => String::new(),
    };
    Ok(format!(
        "copy (select {}, {expressions} from {} where {condition}{order}) to stdout",
        layout.public_id, layout.from
    ))
}

/// The entries that changed after a version and meet the filters now: `publication`, the opaque id, the expressions.
/// With `all`, every entry: labels changed, which no entry's own log tells.
pub fn published(layout: &Layout, filters: &Filters, after: i64, all: bool) -> Result<String, ExportError> {
    let condition = filters.condition(layout)?;
    let changed = match all {
        true => String::new(),
        false => format!(
            " and {} in (select entity_id from journal where genre = '{}'{})",
            layout.entity,
            layout.genre,
            layout
                .touched
                .map_or_else(String::new, |touched| format!(" union {touched}"))
        ),
    };
    Ok(format!(
        "copy ({} select 'publication', {}, {} from {} where {condition}{changed} order by {}) to stdout",
        journal(after),
        layout.public_id,
        expressions(layout),
        layout.from,
        layout.order
    ))
}

/// The entries that were there at a version and are not, or do not meet the filters, now: `retrait` and the opaque
/// id, nothing else. What was created and hidden since was never there.
pub fn withdrawn(layout: &Layout, filters: &Filters, after: i64) -> Result<String, ExportError> {
    let condition = filters.condition(layout)?;
    let empty = ", ''".repeat(layout.expressions().count());
    Ok(format!(
        "copy ({} select 'retrait', g.public_id{empty} from ({}) g
           where not exists (select 1 from {} where {condition} and {} = any(g.entities))
           order by g.public_id collate \"C\") to stdout",
        journal(after),
        were_there(layout.genre, after),
        layout.from,
        layout.entity
    ))
}

/// Whether an entry that was there at a version has been withdrawn since.
pub fn something_withdrawn(genre: char, after: i64) -> String {
    format!(
        "{} select exists (select 1 from ({}) g where g.gone)",
        journal(after),
        were_there(genre, after)
    )
}

fn expressions(layout: &Layout) -> String {
    layout.expressions().collect::<Vec<_>>().join(", ")
}

fn journal(after: i64) -> String {
    format!(
        "with journal as materialized \
         (select version, genre, entity_id, public_id, action from change_log where version > {after})"
    )
}

/// Entries of the log that were there at the version: not created first thing after it, nor withdrawn last thing
/// before. One version may say of one entry both that it went and that it came again: then it was there.
fn were_there(genre: char, after: i64) -> String {
    format!(
        "select j.public_id, array_agg(distinct j.entity_id) as entities, bool_or(j.action = 'w') as gone
         from journal j
         join (select public_id, min(version) as version from journal where genre = '{genre}' group by public_id) f
           using (public_id)
         where j.genre = '{genre}'
         group by j.public_id
         having (not bool_or(j.version = f.version and j.action = 'c')
                 or bool_or(j.version = f.version and j.action = 'w'))
            and coalesce((select b.action from change_log b
                          where b.public_id = j.public_id and b.version <= {after}
                          order by b.version desc, b.action limit 1), 'u') <> 'w'"
    )
}
