-- It went out on the condition that the record was unchanged since `base_modified_at`. Once the record was changed later than that, a call
-- that nobody heard of can do nothing any more.
alter table writes add column conditional boolean not null default false;
