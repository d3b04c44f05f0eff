-- Who published, read or suppressed what only few may see. Rows are added and, when their time is over, purged.
create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    -- The account, or 'annuaire' for what the program does by itself.
    compte text not null,
    -- publication, modification, retrait, lecture…
    action text not null,
    -- An address or an identifier; '' for a list.
    fiche text not null,
    -- The network address that the request came from; '' where it is not known.
    origine text not null
);
create index audit_at on audit (at);
create index audit_account on audit (compte, at);
create index audit_entry on audit (fiche) where fiche <> '';

-- Only the purge removes a row, and it says that it is the purge.
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('annuaire.purge', true) = 'audit' then
        return old;
    end if;
    raise exception 'the audit is append-only';
end $$;
create trigger audit_append_only before update or delete on audit
    for each row execute function audit_is_append_only();
create trigger audit_not_emptied before truncate on audit
    for each statement execute function audit_is_append_only();

-- What is kept out on a lawful request. An entry is known by its public id, which says nothing of it.
create table suppressions (
    public_id text not null,
    genre "char" not null check (genre in ('p', 's', 'm')),
    -- '' for the whole entry.
    champ text not null,
    at timestamptz not null default now(),
    primary key (public_id, champ)
);
create index professionals_public_id on professionals (public_id);
create index mailboxes_public_id on mailboxes (public_id);
create index structure_keys_public_id on structure_keys (public_id);
