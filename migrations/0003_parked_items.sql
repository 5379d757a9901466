-- An item whose job ended because its run was paused: it has no job until the run resumes. Every other open item has one.
alter table run_items add column parked boolean not null default false;
-- Is a company in an open run, and is it at work there? Asked for each company that is taken up, and by the minute for all.
create index run_items_at_work on run_items (company_id, workspace_id) where state in ('queued', 'working');
