-- Names of the fields that an import changed in an entry; null where nobody noted them. Never values.
alter table change_log add column champs text[];
