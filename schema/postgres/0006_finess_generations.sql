-- Several generations of FINESS side by side: the kind of file that tells a row (its date is in `sources`), and
-- closed structures known as such.
alter table structures_finess
    add column source text not null default '',
    add column ouverte boolean not null default true,
    add column date_fermeture text not null default '';
update structures_finess
    set source = case genre when 'etablissement' then 'finess_etablissements' else 'finess_entites_juridiques' end;

create or replace view structures as
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
       greatest(f.modified_at, r.modified_at) as modified_at,
       coalesce(f.ouverte, true) as ouverte
from structure_keys k
left join structures_finess f on f.structure_id = k.id
left join structures_rpps r on r.structure_id = k.id
where f.structure_id is not null or r.structure_id is not null;

-- What the last accepted file of each kind held, to notice when a new one holds far less.
alter table sources add column entrees jsonb not null default '{}';
