-- Accounts of those who sign in: health professionals and practice software, mailbox operators, administrators.
-- A key is known here only by its SHA-256: it is 256 random bits, which no dictionary holds, so a slow hash would
-- protect nothing and cost every request.
create table accounts (
    id            bigint generated always as identity primary key,
    name          text        not null unique check (name ~ '^[a-z0-9._-]{1,64}$'),
    role          text        not null check (role in ('professional', 'operator', 'administrator')),
    -- The operator of mailboxes that the account acts for, and the domains it may publish in.
    operator_name text,
    domains       text[]      not null default '{}',
    -- The part of the key that is not secret, by which it is found.
    key_id        text        not null unique check (key_id ~ '^[0-9a-f]{16}$'),
    key_hash      bytea       not null check (octet_length(key_hash) = 32),
    created_at    timestamptz not null default now(),
    -- A revoked account stays, so that its name in the audit log never comes to mean somebody else.
    revoked_at    timestamptz,
    check ((role = 'operator') = (operator_name is not null)),
    check ((role = 'operator') = (cardinality(domains) > 0))
);
