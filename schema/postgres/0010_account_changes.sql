-- What nodes must follow and the public sees no difference of: a published telephone is for those who have signed in.
-- Apart from the change log, from which differences are extracted: each line of that is the public's to know.
create table account_changes (version bigint not null, mailbox_id bigint not null);
create index account_changes_version on account_changes (version);
insert into account_changes select version, entity_id from change_log where not public;
delete from change_log where not public;
-- No release ever wrote it.
alter table change_log drop column public;
