-- The directory: who, where, and by which mailbox. Codes only; labels live in `nomenclatures`.
-- No foreign keys between the big tables: the importer, their only writer, keeps them whole inside one
-- transaction, and checking each of four million rows would cost more than loading them.
-- `hash…` columns are fingerprints of what an extract said, by which the next one finds what changed.

create table settings (name text primary key, value text not null);
-- Key of the opaque public ids: they say nothing of the entry and stay the same when it comes back.
insert into settings values ('public_id_key', replace(gen_random_uuid()::text, '-', ''));

-- Ids of professionals, structures and mailboxes; the importer takes them in blocks, one import at a time.
create sequence entity_ids;

create table publications (
    version bigint primary key,
    at timestamptz not null default now(),
    -- True when nodes must build their index anew rather than follow the change log.
    rebuild boolean not null
);
insert into publications (version, rebuild) values (0, true);

create table change_log (
    version bigint not null,
    genre "char" not null check (genre in ('p', 's', 'm')),
    entity_id bigint not null,
    public_id text not null,
    action "char" not null check (action in ('c', 'u', 'w')),
    at timestamptz not null default now()
);
create index change_log_version on change_log (version);

create table professionals (
    id bigint primary key,
    public_id text not null,
    identification_nationale text not null unique,
    identifiant text not null,
    civilite text not null,
    civilite_exercice text not null,
    nom text not null,
    prenom text not null,
    created_at bigint not null,
    modified_at bigint not null,
    hash bigint not null,
    hash_sans_role bigint not null,
    hash_savoir_faire bigint not null,
    hash_diplomes bigint not null
);
-- Former identifiers of a person (an ADELI number that gave way to an RPPS number).
create table professional_identifiers (
    identification_nationale text primary key,
    professional_id bigint not null
);
create table practices (
    professional_id bigint not null,
    profession text not null,
    categorie text not null,
    primary key (professional_id, profession, categorie)
);
create table qualifications (
    professional_id bigint not null,
    profession text not null,
    categorie text not null,
    type_savoir_faire text not null,
    savoir_faire text not null,
    -- 'a': from Personne_activite, 's': from SavoirFaire.
    source "char" not null
);
create index qualifications_professional on qualifications (professional_id);
create table diplomas (
    professional_id bigint not null,
    type_diplome text not null,
    diplome text not null,
    type_autorisation text not null,
    discipline text not null
);
create index diplomas_professional on diplomas (professional_id);
-- One row per person + profession + category + technical structure id + mode + role + genre.
create table activities (
    professional_id bigint not null,
    rang int not null,
    profession text not null,
    categorie text not null,
    structure_id bigint,
    identifiant_technique text not null,
    mode_exercice text not null,
    role text not null,
    genre text not null,
    secteur text not null,
    section_pharmacien text not null,
    autorite text not null
);
create index activities_professional on activities (professional_id);
create index activities_structure on activities (structure_id);

-- Our own stable key of a structure, found by FINESS number first, then by technical id.
create table structure_keys (
    id bigint primary key,
    public_id text not null,
    finess text unique,
    identifiant_technique text unique
);
-- What FINESS says of a structure, and what the RPPS extract says of it: each owned by its source.
create table structures_finess (
    structure_id bigint primary key,
    genre text not null,
    finess text not null, finess_ej text not null, siret text not null, siren text not null,
    nom text not null, complement_nom text not null,
    categorie text not null, categorie_agregee text not null, statut_juridique text not null,
    ape text not null, mft text not null, sph text not null,
    lignes text[] not null, code_postal text not null, commune text not null, code_insee text not null,
    departement text not null, pays text not null,
    telephone text not null, telecopie text not null,
    date_ouverture text not null, date_autorisation text not null, date_maj text not null,
    lat double precision, lon double precision, score smallint,
    created_at bigint not null, modified_at bigint not null, hash bigint not null
);
create table structures_rpps (
    structure_id bigint primary key,
    identifiant_technique text not null, finess text not null, finess_ej text not null,
    siret text not null, siren text not null, ancien_identifiant text not null,
    nom text not null, enseigne text not null,
    lignes text[] not null, code_postal text not null, commune text not null, code_insee text not null,
    departement text not null, pays text not null,
    telephone text not null, telephone_2 text not null, telecopie text not null,
    email text not null,
    created_at bigint not null, modified_at bigint not null, hash bigint not null
);
-- Every structure, FINESS first and RPPS where FINESS is silent.
create view structures as
select k.id, k.public_id,
       coalesce(f.genre, case when r.finess <> '' then 'etablissement' else 'cabinet' end) as genre,
       case when k.finess is not null then 'F' || k.finess else k.identifiant_technique end as identifiant,
       coalesce(k.finess, '') as finess,
       coalesce(nullif(f.finess_ej, ''), r.finess_ej, '') as finess_ej,
       coalesce(nullif(f.siret, ''), r.siret, '') as siret,
       coalesce(nullif(f.siren, ''), r.siren, '') as siren,
       coalesce(r.identifiant_technique, '') as identifiant_technique,
       coalesce(r.ancien_identifiant, case when k.finess is not null then '1' || k.finess else '' end) as ancien_identifiant,
       coalesce(nullif(f.nom, ''), r.nom, '') as nom,
       coalesce(r.enseigne, '') as enseigne,
       coalesce(f.categorie, '') as categorie,
       coalesce(f.statut_juridique, '') as statut_juridique,
       coalesce(f.lignes, r.lignes) as lignes,
       coalesce(f.code_postal, r.code_postal) as code_postal,
       coalesce(f.commune, r.commune) as commune,
       coalesce(f.code_insee, r.code_insee) as code_insee,
       coalesce(f.departement, r.departement) as departement,
       coalesce(f.pays, r.pays) as pays,
       coalesce(nullif(f.telephone, ''), r.telephone, '') as telephone,
       coalesce(nullif(f.telecopie, ''), r.telecopie, '') as telecopie,
       f.lat, f.lon,
       least(f.created_at, r.created_at) as created_at,
       greatest(f.modified_at, r.modified_at) as modified_at
from structure_keys k
left join structures_finess f on f.structure_id = k.id
left join structures_rpps r on r.structure_id = k.id
where f.structure_id is not null or r.structure_id is not null;

create table mailboxes (
    id bigint primary key,
    public_id text not null,
    -- Lower case.
    adresse text not null unique,
    adresse_publiee text not null,
    type_bal text not null,
    domaine text not null,
    liste_rouge boolean not null default false,
    rang smallint,
    description text not null default '',
    dematerialisation boolean,
    telephone text not null default '',
    telephone_publie boolean not null default false,
    -- 'e': the national extract, 'o': an operator.
    origine "char" not null default 'e',
    created_at bigint not null,
    modified_at bigint not null,
    hash bigint not null
);
create table mailbox_attachments (
    mailbox_id bigint not null,
    rang int not null,
    type_identifiant_pp text not null, identifiant_pp text not null, identification_nationale text not null,
    type_structure text not null, identifiant_structure text not null, service text not null,
    civilite_exercice text not null, nom text not null, prenom text not null,
    categorie text not null, profession text not null, savoir_faire text not null,
    dematerialisation text not null, raison_sociale text not null, enseigne text not null,
    l2_complement text not null, l3_complement text not null, l4_numero text not null,
    l4_complement_numero text not null, l4_type_voie text not null, l4_voie text not null,
    l5_mention text not null, l6_acheminement text not null,
    code_postal text not null, departement text not null, pays text not null,
    libelle_categorie text not null, libelle_profession text not null, libelle_savoir_faire text not null
);
create index mailbox_attachments_mailbox on mailbox_attachments (mailbox_id);
create index mailbox_attachments_person on mailbox_attachments (identification_nationale);

create table domains (nom text primary key, description text not null, date_maj text not null);
create table domain_operators (
    domaine text not null, rang int not null, operateur text not null, identifiant_operateur text not null,
    dn_certificat text not null, responsable_contact text not null, support_contact text not null
);

create table nomenclature_codes (
    table_nos text not null,
    code text not null,
    -- 0: a loaded NOS table, 1: our own short tables, 2: the extract's own label.
    origine smallint not null,
    libelle text not null,
    date_fin text,
    primary key (table_nos, code, origine)
);
create view nomenclatures as
select distinct on (table_nos, code) table_nos, code, libelle, date_fin
from nomenclature_codes order by table_nos, code, origine;

-- The extract of each kind that is loaded now.
create table sources (
    genre text primary key, date timestamp not null, fichier text not null,
    loaded_at timestamptz not null default now()
);
create table import_runs (
    id bigserial primary key,
    started_at timestamptz not null default now(), finished_at timestamptz,
    version bigint, report jsonb
);
-- A rejected line by file, number, column and reason: never its content.
create table rejects (
    run_id bigint not null, fichier text not null, ligne bigint not null, colonne text, motif text not null
);
create index rejects_run on rejects (run_id);
