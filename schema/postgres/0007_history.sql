-- Names of the fields that an import changed in an entry; null where nobody noted them. Never values.
alter table change_log add column champs text[];

-- Files that `annuaire import --watch` has taken, by what tells a file from the next one of its name.
create table watched_files (
    path text not null, bytes bigint not null, modified_at bigint not null,
    taken_at timestamptz not null default now(),
    primary key (path, bytes, modified_at)
);
