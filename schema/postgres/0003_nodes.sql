-- Nodes that serve this store, each with a lease: one not seen for some seconds is gone.
create table nodes (
    name text primary key,
    version bigint not null,
    seen_at timestamptz not null default now()
);
