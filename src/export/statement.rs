//! The `COPY` statements of an extraction. Nothing of a caller is in them but the values that `filters` quoted.

use super::error::ExportError;
use super::filters::Filters;
use super::layout::Layout;

/// Whether rows come in an order that is the same each time. A sort costs a whole reading of its own; without it rows
/// come as they lie, which is told to everybody.
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
        false => format!(" and {} in ({})", layout.entity, changed(layout)),
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
/// id, nothing else. What was created and hidden since was never there. One that went and came again is in the log
/// with its new number too.
pub fn withdrawn(layout: &Layout, filters: &Filters, after: i64) -> Result<String, ExportError> {
    let condition = filters.condition(layout)?;
    let empty = ", ''".repeat(layout.expressions().count());
    let (id, from) = (layout.public_id, layout.from);
    // What another's change brought out of the filters is in no log of its own.
    let touched = layout.touched.map_or_else(String::new, |touched| {
        format!(
            " union select {id} from {from} where {} and {} in ({touched})",
            layout.visible, layout.entity
        )
    });
    Ok(format!(
        "copy ({}, present as materialized (
             select distinct {id} as public_id from {from} where {condition} and {} in ({}))
           select 'retrait', g.public_id{empty}
           from (select public_id from ({}) w{touched}) g
           where g.public_id not in (select public_id from present)
           order by g.public_id collate \"C\") to stdout",
        journal(after),
        layout.entity,
        changed(layout),
        were_there(layout.genre, after),
    ))
}

/// Whether anything that a layout shows has changed after a version. A neighbour shows what it showed before.
pub fn something_changed(layout: &Layout, after: i64) -> String {
    let touched = layout.touched.map_or("", |_| " or genre = 's'");
    format!(
        "select exists (select 1 from publications where version > {after} and rebuild)
             or exists (select 1 from change_log where version > {after} and not neighbour and (genre = '{}'{touched}))",
        layout.genre
    )
}

/// Whether an entry that was there at a version has been withdrawn since.
pub fn something_withdrawn(genre: char, after: i64) -> String {
    format!(
        "{} select exists (select 1 from ({}) g where g.gone)",
        journal(after),
        were_there(genre, after)
    )
}

/// The numbers of the entries that the log tells of, and of those that show what it tells of.
fn changed(layout: &Layout) -> String {
    let touched = layout
        .touched
        .map_or_else(String::new, |touched| format!(" union {touched}"));
    format!(
        "select entity_id from journal where genre = '{}'{touched}",
        layout.genre
    )
}

fn expressions(layout: &Layout) -> String {
    layout.expressions().collect::<Vec<_>>().join(", ")
}

fn journal(after: i64) -> String {
    format!(
        "with journal as materialized \
         (select version, genre, entity_id, public_id, action, neighbour from change_log where version > {after})"
    )
}

/// Entries of the log that were there at the version: not created first thing after it, nor withdrawn last thing
/// before. One version may say of one entry both that it went and that it came again: then it was there.
fn were_there(genre: char, after: i64) -> String {
    format!(
        "select j.public_id, bool_or(j.action = 'w') as gone
         from (select public_id, version, action, min(version) over (partition by public_id) as first
               from journal where genre = '{genre}') j
         group by j.public_id
         having (not bool_or(j.version = j.first and j.action = 'c')
                 or bool_or(j.version = j.first and j.action = 'w'))
            and coalesce((select b.action from change_log b
                          where b.public_id = j.public_id and b.version <= {after}
                          order by b.version desc, b.action limit 1), 'u') <> 'w'"
    )
}
