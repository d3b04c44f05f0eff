-- What an entry was at an earlier version is looked up by its opaque id, for each entry that a differential
-- extraction may have to withdraw.
create index change_log_public_id on change_log (public_id, version);
