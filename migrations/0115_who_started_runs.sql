-- Who asked for a run, by which way, and how they are known there; null in both: it is older than this column.
alter table runs
  add column started_via text check (started_via in ('command-line', 'web', 'api', 'slack', 'crm', 'schedule')),
  add column started_by text;
-- Which runs undid a run.
create index runs_undoing on runs (undoes, workspace_id) where undoes is not null;

-- A pitch that somebody asked for may begin a run, which then is theirs.
alter table pitch_requests add column asked_via text;
