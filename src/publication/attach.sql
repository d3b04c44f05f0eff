-- $1 mailbox, $2 rank, $3 holder, $4 and $5 structure as the row names it, $6 service, $7 O or N, $8 structure's id.
insert into mailbox_attachments
select $1, $2::int,
       coalesce(left(p.identification_nationale, 1), ''), coalesce(p.identifiant, ''), $3::text, $4, $5, $6,
       coalesce((select libelle from nomenclatures where table_nos = 'TRE_R11' and code = p.civilite_exercice), ''),
       coalesce(p.nom, ''), coalesce(p.prenom, ''),
       coalesce(e.categorie, ''), coalesce(e.profession, ''), coalesce(q.savoir_faire, ''), $7,
       coalesce(s.nom, ''), coalesce(s.enseigne, ''),
       '', coalesce(array_to_string(s.lignes[1:cardinality(s.lignes) - 1], ' '), ''), '', '', '',
       coalesce(s.lignes[cardinality(s.lignes)], ''), '',
       coalesce(trim(s.code_postal || ' ' || upper(s.commune)), ''),
       coalesce(s.code_postal, ''), coalesce(s.departement, ''), coalesce(s.pays, ''),
       coalesce((select libelle from nomenclatures where table_nos = 'TRE_R09' and code = e.categorie), ''),
       coalesce((select libelle from nomenclatures
                 where table_nos in ('TRE_G15', 'TRE_R94', 'TRE_R95', 'TRE_R291') and code = e.profession
                 order by table_nos limit 1), ''),
       coalesce((select libelle from nomenclatures
                 where table_nos = 'TRE_R38' and code = q.savoir_faire), '')
from (select 1) as one
left join professionals p on p.identification_nationale = nullif($3, '')
left join structures s on s.id = $8::bigint
left join lateral (
    select profession, categorie from activities where professional_id = p.id order by rang limit 1
) e on true
left join lateral (
    select savoir_faire from qualifications
    where professional_id = p.id and profession = e.profession and type_savoir_faire = 'S'
    order by savoir_faire limit 1
) q on true
