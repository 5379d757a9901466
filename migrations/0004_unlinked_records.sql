-- Rows that mean a company which is not linked yet, or not there: looked for with each page of a sync, and few.
create index records_unlinked on records (workspace_id, domain) where company_id is null and domain is not null;
