-- Why a run was paused by itself (a key that is refused), with what to do; null: nobody but a person paused it.
alter table runs add column paused_because text;
alter table runs add column paused_at timestamptz;
-- How often it was since a person last resumed it: each time it is looked at later.
alter table runs add column stalls integer not null default 0;
create index runs_stalled on runs (workspace_id) where state = 'paused' and paused_because is not null;
