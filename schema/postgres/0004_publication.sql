-- What operators publish, so that it outlives imports and so that nothing of a hidden box can be told from outside.

alter table mailboxes
    -- Who published the box (the operator's name, not the account's, which may be replaced); '' for the extract's.
    add column operateur text not null default '',
    -- Never shown but to the operator and to administrators.
    add column responsable text not null default '',
    -- The responsible professional and the co-holders of a practice's box, by identification nationale.
    add column titulaire text not null default '',
    add column cotitulaires text[] not null default '{}';
create index mailboxes_operator on mailboxes (operateur, adresse) where operateur <> '';
create index mailboxes_hidden on mailboxes (adresse) where liste_rouge;

-- Numbers decide between entries that are otherwise equal, and cursors hold them. A hidden box takes none of the
-- numbers that visible ones are given: its own are negative, and it gets a new one when it comes into view.
create sequence hidden_ids increment by -1 maxvalue -1 start with -1;
-- Numbers of visible boxes that operators publish, apart from those that an import takes in blocks meanwhile.
create sequence operator_ids start with 1000000000;

-- An address that its operator withdrew: the national extract is a day late and must not bring it back. The row ends
-- when an extract no longer holds the address, or when an operator publishes it again. Known by its public id only.
create table withdrawn_mailboxes (public_id text primary key, at timestamptz not null default now());

-- The version that may be shown counts only what the public can see.
alter table publications add column public_version bigint not null default 0;
update publications set public_version = version;
alter table change_log
    -- Whether the public sees a difference: a published telephone is for those who have signed in.
    add column public boolean not null default true,
    -- Whether the entry itself is as before, and only what it shows of another changed (its boxes, their number).
    add column neighbour boolean not null default false;

-- Ways from a mailbox's row to a structure and back, for reading a change without reading the country.
create index mailbox_attachments_structure on mailbox_attachments ((type_structure || identifiant_structure))
    where identifiant_structure <> '';
create index structures_rpps_siret on structures_rpps (siret) where siret <> '';
create index structures_rpps_siren on structures_rpps (siren) where siren <> '';
create index structures_rpps_former on structures_rpps (ancien_identifiant) where ancien_identifiant <> '';
create index structures_finess_siret on structures_finess (siret) where siret <> '';
create index structures_finess_siren on structures_finess (siren) where siren <> '';
